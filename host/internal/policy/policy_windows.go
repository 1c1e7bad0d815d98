package policy

import (
	"os"

	"golang.org/x/sys/windows"
)

// openFlags: there is nothing that opening waits for.
const openFlags = 0

// ownedByAdministrator wants a regular file of the administrators or the system: any user may make folders below
// %ProgramData%, so the place alone says nothing of who wrote the file.
func ownedByAdministrator(f *os.File, _ string) *Fault {
	info, err := f.Stat()
	if err != nil {
		return fault("unreadable", "", reason(err), "")
	}
	if !info.Mode().IsRegular() {
		return &Fault{Code: "notRegular"}
	}
	security, err := windows.GetSecurityInfo(windows.Handle(f.Fd()), windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return fault("unreadable", "", reason(err), "")
	}
	owner, _, err := security.Owner()
	if err != nil {
		return fault("unreadable", "", reason(err), "")
	}
	if !owner.IsWellKnown(windows.WinBuiltinAdministratorsSid) && !owner.IsWellKnown(windows.WinLocalSystemSid) {
		return fault("owner", "", owner.String(), "Administrators, SYSTEM")
	}
	return nil
}
