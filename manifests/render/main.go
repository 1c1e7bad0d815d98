// Command render writes the manifests of the host, with the policies for browsers, as packages take them.
//
//	render -out DIR [-chrome ID] [-edge ID] [-own ID -update-url URL] [-firefox-url URL] [-settings FILE]
//
// DIR/<os>/host/<family>.json is the host's manifest, DIR/linux/policies/<browser>.json are the browser's policies,
// DIR/windows/policies/<browser>.reg the same for Windows, DIR/macos/root what a package lays below /, DIR/macos/profiles a Mac's
// policies. Without any id of Chromium's there are only
// Firefox's manifests.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cardbridge/cardbridge/manifests"
	"github.com/cardbridge/cardbridge/manifests/fleet"
	"github.com/cardbridge/cardbridge/protocol"
)

// programs are what a host's manifest names. On Windows it lies beside the program.
var programs = map[string]string{"linux": "/usr/bin/cardbridge", "macos": "/Library/CardBridge/cardbridge", "windows": "cardbridge.exe"}

func main() {
	var r fleet.Release
	out := flag.String("out", "", "the folder to write to")
	settings := flag.String("settings", "", "a JSON file of the extension's managed storage")
	flag.StringVar(&r.Chrome, "chrome", "", "id of the Chrome Web Store")
	flag.StringVar(&r.Edge, "edge", "", "id of Edge Add-ons")
	flag.StringVar(&r.Own, "own", "", "id of the own packing")
	flag.StringVar(&r.UpdateURL, "update-url", "", "where updates.xml of the own packing is")
	flag.StringVar(&r.FirefoxURL, "firefox-url", "", "where the signed XPI is")
	flag.Parse()
	if err := run(*out, *settings, r); err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}

func run(out, settings string, r fleet.Release) error {
	if out == "" || flag.NArg() > 0 {
		return errors.New("-out names the folder; nothing else is an argument")
	}
	var err error
	if r.Settings, err = fleet.ReadSettings(settings); err != nil {
		return err
	}
	if err := r.Check(); err != nil {
		return err
	}
	for system, program := range programs {
		if err := hosts(filepath.Join(out, system, "host"), program, r); err != nil {
			return err
		}
	}
	if err := macOS(filepath.Join(out, "macos"), r); err != nil {
		return err
	}
	if err := windows(filepath.Join(out, "windows"), r); err != nil {
		return err
	}
	return policies(filepath.Join(out, "linux", "policies"), r)
}

func hosts(folder, program string, r fleet.Release) error {
	ids, err := manifests.ReleasedExtensions()
	if err != nil {
		return err
	}
	for _, id := range r.IDs() {
		ids.Add(id)
	}
	for _, family := range []string{"chromium", "firefox"} {
		manifest, err := manifests.Host(family, protocol.HostName, program, ids)
		if err == nil {
			err = write(folder, family, manifest)
		}
		if err != nil && !errors.Is(err, manifests.ErrNoExtension) {
			return err
		}
	}
	return nil
}

func policies(folder string, r fleet.Release) error {
	browsers, err := manifests.Browsers()
	if err != nil {
		return err
	}
	ids, err := manifests.ReleasedExtensions()
	if err != nil {
		return err
	}
	for _, b := range browsers {
		var policy any
		if b.Family == "firefox" {
			policy, err = r.Firefox(ids.Firefox[0])
		} else {
			policy, err = r.Chromium(b.ID, protocol.HostName)
		}
		if errors.Is(err, fleet.ErrNothingToForce) {
			continue
		}
		var text []byte
		if err == nil {
			text, err = fleet.JSON(policy)
		}
		if err == nil {
			err = write(folder, b.ID, text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func write(folder, name string, content []byte) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, name+".json"), content, 0o644)
}
