package doctor

import (
	endian "encoding/binary"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	tcpTable      = windows.NewLazySystemDLL("iphlpapi.dll").NewProc("GetExtendedTcpTable")
	systemMetrics = windows.NewLazySystemDLL("user32.dll").NewProc("GetSystemMetrics")
)

// What iprtrmib.h and winuser.h call them.
const (
	ownerPIDListener = 3 // TCP_TABLE_OWNER_PID_LISTENER: those that listen, with their processes
	remoteSessions   = 0x1000
)

// table is a family's: how long a row is, where its local port stands in it.
type table struct{ family, row, port int }

var tables = []table{{windows.AF_INET, 24, 8}, {windows.AF_INET6, 56, 20}}

// listening are the TCP ports on which somebody listens.
func (v *visit) listening() map[int]bool {
	ports := map[int]bool{}
	for _, t := range tables {
		for _, port := range t.ports(listeners(t.family)) {
			ports[port] = true
		}
	}
	return ports
}

// listeners is a family's table as the system has it; it may grow between the question for its size and that for itself.
func listeners(family int) []byte {
	raw := make([]byte, 1<<14)
	for range 8 {
		size := uint32(len(raw))
		code, _, _ := tcpTable.Call(uintptr(unsafe.Pointer(&raw[0])), uintptr(unsafe.Pointer(&size)), 0, uintptr(family), ownerPIDListener, 0)
		switch {
		case code == 0:
			return raw
		case windows.Errno(code) != windows.ERROR_INSUFFICIENT_BUFFER || size > 1<<26:
			return nil
		}
		raw = make([]byte, size+1<<12)
	}
	return nil
}

// ports are the local ones of a table, which begins with the number of its rows; a port is in network order.
func (t table) ports(raw []byte) (ports []int) {
	if len(raw) < 4 {
		return nil
	}
	n := int(endian.LittleEndian.Uint32(raw))
	for raw = raw[4:]; n > 0 && len(raw) >= t.row; n-- {
		ports = append(ports, int(endian.BigEndian.Uint16(raw[t.port:])))
		raw = raw[t.row:]
	}
	return ports
}

// runs tells of a program, by its name without .exe.
func (v *visit) runs(program string) bool {
	all, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPPROCESS, 0)
	if err != nil {
		return false
	}
	defer windows.CloseHandle(all)
	entry := windows.ProcessEntry32{Size: uint32(unsafe.Sizeof(windows.ProcessEntry32{}))}
	for err = windows.Process32First(all, &entry); err == nil; err = windows.Process32Next(all, &entry) {
		if strings.EqualFold(windows.UTF16ToString(entry.ExeFile[:]), program+".exe") {
			return true
		}
	}
	return false
}

// remoteSession tells of a session by Remote Desktop, which the environment need not say.
func remoteSession() string {
	if remote, _, _ := systemMetrics.Call(remoteSessions); remote != 0 {
		return "RDP"
	}
	return ""
}

// smartCards is the service Smart Card.
const smartCards = "SCardSvr"

// pcscPlace is that service, or why it cannot be asked; there: it runs, though it may not answer.
func (v *visit) pcscPlace() (where string, there bool) { return stateOf(smartCards) }

func stateOf(name string) (where string, running bool) {
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return name, false
	}
	defer windows.CloseServiceHandle(manager)
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return name, false
	}
	service, err := windows.OpenService(manager, wide, windows.SERVICE_QUERY_STATUS)
	if err != nil {
		return name + ": " + err.Error(), false
	}
	defer windows.CloseServiceHandle(service)
	var status windows.SERVICE_STATUS
	if err := windows.QueryServiceStatus(service, &status); err != nil {
		return name + ": " + err.Error(), false
	}
	return name, status.CurrentState == windows.SERVICE_RUNNING
}
