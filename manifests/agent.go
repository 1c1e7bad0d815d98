package manifests

import (
	"embed"
	"io/fs"
)

// Agent are the files that register the agent, by name: for systemd units, account, polkit rule, whose program is /usr/bin/cardbridge;
// for launchd its plist.
//
//go:embed agent
var Agent embed.FS

// LaunchDaemonProgram stands in LaunchDaemon for the program's path, in the words of kardianos/service, whose templates are no others.
const LaunchDaemonProgram = "{{Path | html}}"

// LaunchDaemon is our launchd.plist(5). It starts the agent at the start of the computer, again after a failure (not after an end
// that was wanted), at most every 5 s. It names no account: a relay trusts a listener of root's alone, and launchd does not hand us a
// socket of its own yet, which is what an account without rights would need.
func LaunchDaemon() (string, error) {
	text, err := fs.ReadFile(Agent, "agent/cardbridge-agent.plist")
	return string(text), err
}
