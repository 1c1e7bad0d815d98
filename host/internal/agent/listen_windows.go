package agent

import (
	"context"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"unicode/utf16"
	"unsafe"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"
)

// ErrRunning says that another agent listens already.
var ErrRunning = errors.New("agent: another one is running")

// pipeBuffer is more than a welcome: it can be written to a relay that does not read.
const pipeBuffer = mostWelcome

// Listen makes the pipe, of which there must be none yet: whoever made it first would decide who may use it. Nothing starts the
// agent when somebody comes, so it is never activated.
func Listen() (listener net.Listener, activated bool, err error) {
	// looking first tells who has it; between the look and the making Windows refuses a second maker (FILE_CREATE), Wine 8 does not
	if err := taken(); err != nil {
		return nil, false, err
	}
	rules := accessRules
	if wine() {
		rules = "O:BA" + rules // on Windows the owner is the service's account; Wine has but one, which is nobody's of the system
	}
	l, err := winio.ListenPipe(place, &winio.PipeConfig{SecurityDescriptor: rules, InputBufferSize: pipeBuffer, OutputBufferSize: pipeBuffer})
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		if err := taken(); err != nil {
			return nil, false, err
		}
	}
	if err != nil {
		return nil, false, fmt.Errorf("agent: making the pipe %s: %w", place, err)
	}
	l, err = overWine(l)
	return l, false, err
}

// taken says who has the pipe already: the service, or somebody who must not; nil: nobody.
func taken() error {
	ctx, cancel := context.WithTimeout(context.Background(), dialTime)
	defer cancel()
	conn, err := open(ctx)
	if errors.Is(err, windows.ERROR_FILE_NOT_FOUND) {
		return nil
	}
	if err == nil {
		defer conn.Close()
		var service windows.SERVICE_STATUS_PROCESS
		if service, err = queryService(); err == nil {
			err = servedBy(conn, service)
		}
	}
	if err == nil {
		return ErrRunning
	}
	return fmt.Errorf("%w; another program made the pipe %s first, end it, then start the service: %w", ErrImpostor, place, err)
}

// wine tells Wine from Windows, for the tests' sake.
func wine() bool {
	return windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil
}

// wineListener keeps a connection to the pipe's first instance.
type wineListener struct {
	net.Listener
	placeholder net.Conn
}

func (l *wineListener) Close() error {
	err := l.Listener.Close()
	l.placeholder.Close()
	return err
}

// overWine occupies the pipe's first instance under Wine. go-winio makes that one to hold the name, in a way for which Windows lets
// no client into it; Wine does, and whoever came first would never be served.
func overWine(l net.Listener) (net.Listener, error) {
	if !wine() {
		return l, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), dialTime)
	defer cancel()
	conn, err := open(ctx)
	if err != nil {
		l.Close()
		return nil, fmt.Errorf("agent: its pipe under Wine: %w", err)
	}
	return &wineListener{l, conn}, nil
}

// serviceSID is the SID that Windows gives a service of this name: S-1-5-80 with the SHA-1 of the name in capitals.
func serviceSID(name string) string {
	var utf16le []byte
	for _, unit := range utf16.Encode([]rune(strings.ToUpper(name))) {
		utf16le = binary.LittleEndian.AppendUint16(utf16le, unit)
	}
	sum := sha1.Sum(utf16le)
	sid := "S-1-5-80"
	for i := 0; i < len(sum); i += 4 {
		sid += fmt.Sprintf("-%d", binary.LittleEndian.Uint32(sum[i:]))
	}
	return sid
}

func queryStatus(service windows.Handle, status *windows.SERVICE_STATUS_PROCESS) error {
	var needed uint32
	return windows.QueryServiceStatusEx(service, windows.SC_STATUS_PROCESS_INFO, (*byte)(unsafe.Pointer(status)), uint32(unsafe.Sizeof(*status)), &needed)
}
