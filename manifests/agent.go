package manifests

import "embed"

// Agent are the files that register the agent with systemd, by name: units, account, polkit rule. ExecStart's program is
// /usr/bin/cardbridge.
//
//go:embed agent
var Agent embed.FS
