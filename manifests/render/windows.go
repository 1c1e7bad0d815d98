package main

import (
	"errors"
	"path/filepath"

	"github.com/cardbridge/cardbridge/manifests"
	"github.com/cardbridge/cardbridge/manifests/fleet"
	"github.com/cardbridge/cardbridge/protocol"
)

// windows writes DIR/windows/policies/<browser>.reg, for those who do not have the MSI write browsers' policies.
func windows(folder string, r fleet.Release) error {
	browsers, err := manifests.Browsers()
	if err != nil {
		return err
	}
	ids, err := manifests.ReleasedExtensions()
	if err != nil {
		return err
	}
	for _, b := range browsers {
		var text []byte
		if b.Family == "firefox" {
			text, err = r.FirefoxRegistry(ids.Firefox[0], b.Windows.Policies)
		} else {
			text, err = r.Registry(b.ID, b.Windows.Policies, protocol.HostName)
		}
		if errors.Is(err, fleet.ErrNothingToForce) {
			continue
		}
		if err == nil {
			err = writeFile(filepath.Join(folder, "policies", b.ID+".reg"), text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
