package policy

import (
	"fmt"
	"os"
)

// ownedByAdministrator relies on the folder's own rights below %ProgramData%, which the installer sets.
func ownedByAdministrator(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("not a regular file")
	}
	return nil
}
