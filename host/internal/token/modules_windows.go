package token

import (
	"path/filepath"

	"golang.org/x/sys/windows"
)

// knownModules asks the system for its folders: environment variables are the person's to change.
var knownModules = func() []string {
	var list []string
	if system, err := windows.GetSystemDirectory(); err == nil {
		list = append(list, filepath.Join(system, "HiCOSPKCS11.dll"), filepath.Join(system, "open_gpki_pkcs11.dll"))
	}
	if programs, err := windows.KnownFolderPath(windows.FOLDERID_ProgramFiles, 0); err == nil {
		list = append(list, filepath.Join(programs, "open-gpki-pkcs11", "open_gpki_pkcs11.dll"),
			filepath.Join(programs, "OpenSC Project", "OpenSC", "pkcs11", "opensc-pkcs11.dll"))
	}
	return list
}()
