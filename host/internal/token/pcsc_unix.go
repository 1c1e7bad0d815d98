//go:build unix

package token

import (
	"bytes"
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// pcscLibrary holds libpcsclite's functions. All integers travel in registers, so uintptr serves for the DWORD of each OS;
// only SCARD_READERSTATE in memory differs (readerstate_*.go).
type pcscLibrary struct {
	establishContext func(scope, reserved1, reserved2 uintptr, context *uintptr) uintptr
	releaseContext   func(context uintptr) uintptr
	cancelContext    func(context uintptr) uintptr
	listReaders      func(context, groups uintptr, out *byte, size *uintptr) uintptr
	getStatusChange  func(context, timeout uintptr, states *byte, count uintptr) uintptr
	connect          func(context uintptr, reader *byte, share, protocols uintptr, card, protocol *uintptr) uintptr
	disconnect       func(card, disposition uintptr) uintptr
}

// loadPCSC keeps a success for the life of the process; a failure is tried again, since PC/SC may be installed meanwhile.
var loadPCSC = func() func() (smartCards, error) {
	var mu sync.Mutex
	var loaded *pcscLibrary
	return func() (smartCards, error) {
		mu.Lock()
		defer mu.Unlock()
		if loaded == nil {
			lib, err := openPCSC()
			if err != nil {
				return nil, err
			}
			loaded = lib
		}
		return loaded, nil
	}
}()

func openPCSC() (*pcscLibrary, error) {
	for _, name := range pcscNames {
		handle, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_LOCAL)
		if err != nil {
			continue
		}
		lib := &pcscLibrary{}
		for symbol, f := range map[string]any{
			"SCardEstablishContext": &lib.establishContext, "SCardReleaseContext": &lib.releaseContext, "SCardCancel": &lib.cancelContext,
			"SCardListReaders": &lib.listReaders, "SCardGetStatusChange": &lib.getStatusChange,
			"SCardConnect": &lib.connect, "SCardDisconnect": &lib.disconnect,
		} {
			address, err := purego.Dlsym(handle, symbol)
			if err != nil {
				return nil, errNoPCSC
			}
			purego.RegisterFunc(f, address)
		}
		return lib, nil
	}
	return nil, errNoPCSC
}

type unixContext struct {
	lib    *pcscLibrary
	handle uintptr
}

func (l *pcscLibrary) establish() (scContext, error) {
	c := &unixContext{lib: l}
	if err := pcscResult(uint32(l.establishContext(scopeSystem, 0, 0, &c.handle))); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *unixContext) release() { c.lib.releaseContext(c.handle) }
func (c *unixContext) cancel()  { c.lib.cancelContext(c.handle) }

// maxReaderList bounds what the daemon may say of its readers: 16 of 128 bytes, four times over.
const maxReaderList = 8192

func (c *unixContext) readers() ([]string, error) {
	buf := make([]byte, maxReaderList)
	size := uintptr(len(buf))
	if err := pcscResult(uint32(c.lib.listReaders(c.handle, 0, &buf[0], &size))); err != nil {
		if err == pcscError(scardNoReaders) {
			return nil, nil
		}
		return nil, err
	}
	var names []string
	for name := range bytes.SplitSeq(buf[:min(size, maxReaderList)], []byte{0}) {
		if len(name) > 0 {
			names = append(names, string(name))
		}
	}
	return names, nil
}

func (c *unixContext) statusChange(timeoutMS uint32, states []readerState) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	records := make([]byte, len(states)*readerStateSize)
	for i, s := range states {
		name := append([]byte(s.name), 0)
		pin.Pin(&name[0])
		putReaderState(records[i*readerStateSize:], uintptr(unsafe.Pointer(&name[0])), s.current)
	}
	pin.Pin(&records[0])
	code := uint32(c.lib.getStatusChange(c.handle, uintptr(timeoutMS), &records[0], uintptr(len(states))))
	for i := range states {
		states[i].event = eventOf(records[i*readerStateSize:])
	}
	return pcscResult(code)
}

func (c *unixContext) reset(reader string) error {
	name := append([]byte(reader), 0)
	var card, protocol uintptr
	if err := pcscResult(uint32(c.lib.connect(c.handle, &name[0], shareShared, protocolAny, &card, &protocol))); err != nil {
		return err
	}
	return pcscResult(uint32(c.lib.disconnect(card, resetCard)))
}
