package owner

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"
)

// OnlyAdministrators says whether path lies outside of the folders that Windows keeps for administrators; nil: inside. Their rights
// are the system's own.
func OnlyAdministrators(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	if _, err := os.Stat(real); err != nil {
		return err
	}
	for _, id := range []*windows.KNOWNFOLDERID{windows.FOLDERID_Windows, windows.FOLDERID_ProgramFiles, windows.FOLDERID_ProgramFilesX86} {
		folder, err := windows.KnownFolderPath(id, 0)
		if err != nil || folder == "" {
			continue
		}
		if folder = filepath.Clean(folder) + `\`; len(real) > len(folder) && strings.EqualFold(real[:len(folder)], folder) {
			return nil
		}
	}
	return fmt.Errorf("%s may be replaced by others than administrators", real)
}
