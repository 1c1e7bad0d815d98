package token

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	winscard         = windows.NewLazySystemDLL("winscard.dll")
	establishContext = winscard.NewProc("SCardEstablishContext")
	releaseContext   = winscard.NewProc("SCardReleaseContext")
	cancelContext    = winscard.NewProc("SCardCancel")
	listReaders      = winscard.NewProc("SCardListReadersW")
	getStatusChange  = winscard.NewProc("SCardGetStatusChangeW")
	connectCard      = winscard.NewProc("SCardConnectW")
	disconnectCard   = winscard.NewProc("SCardDisconnect")
)

type windowsCards struct{}

func loadPCSC() (smartCards, error) {
	if winscard.Load() != nil {
		return nil, errNoPCSC
	}
	return windowsCards{}, nil
}

type windowsContext struct{ handle uintptr }

func call(p *windows.LazyProc, args ...uintptr) error {
	code, _, _ := p.Call(args...)
	return pcscResult(uint32(code))
}

func (windowsCards) establish() (scContext, error) {
	c := &windowsContext{}
	if err := call(establishContext, scopeSystem, 0, 0, uintptr(unsafe.Pointer(&c.handle))); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *windowsContext) release() { _ = call(releaseContext, c.handle) }
func (c *windowsContext) cancel()  { _ = call(cancelContext, c.handle) }

func (c *windowsContext) readers() ([]string, error) {
	buf := make([]uint16, 8192)
	size := uint32(len(buf))
	if err := call(listReaders, c.handle, 0, uintptr(unsafe.Pointer(&buf[0])), uintptr(unsafe.Pointer(&size))); err != nil {
		if err == pcscError(scardNoReaders) {
			return nil, nil
		}
		return nil, err
	}
	var names []string
	for rest := buf[:min(int(size), len(buf))]; len(rest) > 0 && rest[0] != 0; {
		name := windows.UTF16ToString(rest)
		names = append(names, name)
		n := 0
		for n < len(rest) && rest[n] != 0 {
			n++
		}
		rest = rest[min(n+1, len(rest)):]
	}
	return names, nil
}

// scReaderState is SCARD_READERSTATEW.
type scReaderState struct {
	name    *uint16
	user    uintptr
	current uint32
	event   uint32
	atrLen  uint32
	atr     [36]byte
}

func (c *windowsContext) statusChange(timeoutMS uint32, states []readerState) error {
	records := make([]scReaderState, len(states))
	for i, s := range states {
		name, err := windows.UTF16PtrFromString(s.name)
		if err != nil {
			return err
		}
		records[i] = scReaderState{name: name, current: s.current}
	}
	err := call(getStatusChange, c.handle, uintptr(timeoutMS), uintptr(unsafe.Pointer(&records[0])), uintptr(len(records)))
	for i := range states {
		states[i].event = records[i].event
	}
	return err
}

func (c *windowsContext) reset(reader string) error {
	name, err := windows.UTF16PtrFromString(reader)
	if err != nil {
		return err
	}
	var card uintptr
	var protocol uint32
	if err := call(connectCard, c.handle, uintptr(unsafe.Pointer(name)), shareShared, protocolAny,
		uintptr(unsafe.Pointer(&card)), uintptr(unsafe.Pointer(&protocol))); err != nil {
		return err
	}
	return call(disconnectCard, card, resetCard)
}
