//go:build linux

package rig

import (
	"errors"
	"path/filepath"
)

// ErrNoModule says that no PKCS#11 module was found.
var ErrNoModule = errors.New("rig: the PKCS#11 module is missing; apt-get install opensc-pkcs11 (OpenSC) or ykcs11 (YubiKey)")

// OpenSC finds the OpenSC PKCS#11 module of the distribution.
func OpenSC() (string, error) { return module("opensc-pkcs11.so") }

// YKCS11 finds the YubiKey PKCS#11 module. It looks only at readers whose name holds "Yubico" (see
// Options), and wants a card that is a YubiKey (piv.Config).
func YKCS11() (string, error) { return module("libykcs11.so*") }

func module(name string) (string, error) {
	for _, dir := range []string{"/usr/lib/*-linux-gnu*", "/usr/lib64", "/usr/lib"} {
		found, err := filepath.Glob(filepath.Join(dir, name))
		if err != nil {
			return "", err
		}
		if len(found) > 0 {
			return found[0], nil
		}
	}
	return "", ErrNoModule
}
