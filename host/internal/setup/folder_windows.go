package setup

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// The rights of the folder of the policy, of that of the service's log, in Windows' own notation (SDDL): nobody but administrators and
// the system writes; the service's account writes its log, which is for administrators to read.
const (
	PolicyRights = "O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)"
	LogRights    = "O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;LS)"
)

// ErrLink says that a folder is a link to another, which is not followed: any user may make one below %ProgramData%.
var ErrLink = errors.New("setup: the folder is a link or no folder; remove it, then install again")

// Folder makes a folder, or takes over one that is there. The rights are set through a handle, so that nobody can put a link in its
// place meanwhile. Wine keeps of them what fits into the modes of Unix: they were not seen on a real Windows.
func Folder(path, rights string) error {
	if err := os.Mkdir(path, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	descriptor, err := windows.SecurityDescriptorFromString(rights)
	if err != nil {
		return err
	}
	owner, _, err := descriptor.Owner()
	if err != nil {
		return err
	}
	dacl, _, err := descriptor.DACL()
	if err != nil {
		return err
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	handle, err := windows.CreateFile(name, windows.READ_CONTROL|windows.WRITE_DAC|windows.WRITE_OWNER|windows.FILE_READ_ATTRIBUTES, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE, nil,
		windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
	if err != nil {
		return fmt.Errorf("setup: %s: %w", path, err)
	}
	defer func() { _ = windows.CloseHandle(handle) }()
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(handle, &info); err != nil {
		return fmt.Errorf("setup: %s: %w", path, err)
	}
	if a := info.FileAttributes; a&windows.FILE_ATTRIBUTE_DIRECTORY == 0 || a&windows.FILE_ATTRIBUTE_REPARSE_POINT != 0 {
		return fmt.Errorf("%w: %s", ErrLink, path)
	}
	what := windows.SECURITY_INFORMATION(windows.OWNER_SECURITY_INFORMATION | windows.DACL_SECURITY_INFORMATION | windows.PROTECTED_DACL_SECURITY_INFORMATION)
	if err := windows.SetSecurityInfo(handle, windows.SE_FILE_OBJECT, what, owner, nil, dacl, nil); err != nil {
		return fmt.Errorf("setup: rights of %s: %w", path, err)
	}
	return nil
}
