package main

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/cardbridge/cardbridge/manifests"
	"github.com/cardbridge/cardbridge/manifests/fleet"
	"github.com/cardbridge/cardbridge/protocol"
)

// macOS writes DIR/macos/root, what a package lays below / beside the program, and DIR/macos/profiles, what an MDM distributes.
func macOS(folder string, r fleet.Release) error {
	browsers, err := manifests.Browsers()
	if err != nil {
		return err
	}
	ids, err := manifests.ReleasedExtensions()
	if err != nil {
		return err
	}
	for _, b := range browsers {
		if err := place(folder, b); err != nil {
			return err
		}
		var profile []byte
		if b.Family == "firefox" {
			profile, err = r.FirefoxProfile(ids.Firefox[0], b.Name, b.Darwin.Policies)
		} else {
			profile, err = r.Profile(b.ID, b.Name, b.Darwin.Policies, protocol.HostName)
		}
		if errors.Is(err, fleet.ErrNothingToForce) {
			continue
		}
		if err == nil {
			err = writeFile(filepath.Join(folder, "profiles", "cardbridge-"+b.ID+".mobileconfig"), profile)
		}
		if err != nil {
			return err
		}
	}
	daemon, err := manifests.LaunchDaemon()
	if err != nil {
		return err
	}
	program := strings.ReplaceAll(daemon, manifests.LaunchDaemonProgram, programs["macos"])
	return writeFile(filepath.Join(folder, "root/Library/LaunchDaemons/cardbridge-agent.plist"), []byte(program))
}

// place puts a host's manifest, if its family has one, where a browser looks.
func place(folder string, b manifests.Browser) error {
	manifest, err := os.ReadFile(filepath.Join(folder, "host", b.Family+".json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(folder, "root", path.Join(b.Darwin.System, protocol.HostName+".json")), manifest)
}

func writeFile(name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, content, 0o644)
}
