package policy

import (
	"path/filepath"

	"golang.org/x/sys/windows"
)

// systemPath asks the system for ProgramData: the environment variable of that name is the person's to change.
var systemPath = func() string {
	dir, err := windows.KnownFolderPath(windows.FOLDERID_ProgramData, 0)
	if err != nil {
		dir = `C:\ProgramData`
	}
	return filepath.Join(dir, "CardBridge", "policy.json")
}()
