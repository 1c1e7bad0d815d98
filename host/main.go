// Command cardbridge is the CardBridge host: started by a browser it is the native messaging host, by a person a tool.
//
// This file is the map: it picks the mode. main alone owns standard input and output, the process's end.
package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cardbridge/cardbridge/host/internal/token"
	"github.com/cardbridge/cardbridge/protocol"
)

// version is set at link time from the VERSION file.
var version = "0.0.0"

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	if caller, ok := browserCaller(args); ok {
		return serve(caller)
	}
	if len(args) > 0 && (args[0] == token.RoleScanner || args[0] == token.RoleSigner) {
		return token.Child(args[0], args[1:], os.Exit)
	}
	return command(args, readSettings(), os.Stdout, os.Stderr)
}

// firefoxManifests are the names that Firefox's manifest has; the second on Windows, where all browsers' manifests lie in one folder.
var firefoxManifests = []string{protocol.HostName + ".json", protocol.HostName + ".firefox.json"}

// browserCaller recognises a browser's way of starting a host: Chromium gives the extension's origin, on Windows also
// --parent-window; Firefox gives the manifest's path, then the add-on's id. The id is the caller's claim: browsers check it
// against the manifest.
func browserCaller(args []string) (string, bool) {
	switch {
	case len(args) >= 1 && len(args) <= 2 && strings.HasPrefix(args[0], "chrome-extension://"):
		if len(args) == 2 && !strings.HasPrefix(args[1], "--parent-window=") {
			return "", false
		}
		return args[0], true
	case len(args) == 2 && filepath.IsAbs(args[0]) && slices.Contains(firefoxManifests, filepath.Base(args[0])):
		return args[1], true
	}
	return "", false
}
