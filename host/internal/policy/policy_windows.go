package policy

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// ownedByAdministrator wants a regular file of the administrators or the system: any user may make folders below
// %ProgramData%, so the place alone says nothing of who wrote the file.
func ownedByAdministrator(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("not a regular file")
	}
	security, err := windows.GetSecurityInfo(windows.Handle(f.Fd()), windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return fmt.Errorf("its owner: %w", err)
	}
	owner, _, err := security.Owner()
	if err != nil {
		return fmt.Errorf("its owner: %w", err)
	}
	if !owner.IsWellKnown(windows.WinBuiltinAdministratorsSid) && !owner.IsWellKnown(windows.WinLocalSystemSid) {
		return fmt.Errorf("owned by %s; it must belong to the administrators or the system", owner)
	}
	return nil
}
