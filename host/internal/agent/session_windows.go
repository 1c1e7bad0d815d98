package agent

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	impersonateNamedPipeClient  = windows.NewLazySystemDLL("advapi32.dll").NewProc("ImpersonateNamedPipeClient")
	wtsQuerySessionInformationW = windows.NewLazySystemDLL("wtsapi32.dll").NewProc("WTSQuerySessionInformationW")
)

// PeerOf says whose process is at the other end: process id and the token with which it opened the pipe, both in the kernel's words.
// The token is not looked up by the process: LocalService may not open a person's processes, and an id may be another's by then.
func PeerOf(conn net.Conn) (Peer, error) {
	pipe, err := handleOf(conn)
	if err != nil {
		return Peer{}, err
	}
	var pid uint32
	if err := windows.GetNamedPipeClientProcessId(pipe, &pid); err != nil {
		return Peer{}, fmt.Errorf("agent: which process is at the other end: %w", err)
	}
	token, err := clientToken(pipe)
	if err != nil {
		return Peer{PID: int(pid)}, fmt.Errorf("agent: who is at the other end: %w", err)
	}
	defer token.Close()
	user, err := token.GetTokenUser()
	if err != nil {
		return Peer{PID: int(pid)}, fmt.Errorf("agent: who is at the other end: %w", err)
	}
	peer := Peer{User: user.User.Sid.String(), PID: int(pid)}
	var size uint32
	err = windows.GetTokenInformation(token, windows.TokenSessionId, (*byte)(unsafe.Pointer(&peer.Session)), uint32(unsafe.Sizeof(peer.Session)), &size)
	if err != nil {
		return peer, fmt.Errorf("agent: in which session the other end is: %w", err)
	}
	return peer, nil
}

// clientToken is what the client lets us know of itself. A thread takes the client's identity on for a moment, at the level of
// identification. A thread that cannot lay it down again stays locked to a goroutine that ends: the runtime ends it.
func clientToken(pipe windows.Handle) (windows.Token, error) {
	type result struct {
		token windows.Token
		err   error
	}
	done := make(chan result, 1)
	go func() {
		runtime.LockOSThread()
		if ok, _, err := impersonateNamedPipeClient.Call(uintptr(pipe)); ok == 0 {
			runtime.UnlockOSThread()
			done <- result{0, err}
			return
		}
		var r result
		// as ourselves: at that level the client's identity opens nothing
		r.err = windows.OpenThreadToken(windows.CurrentThread(), windows.TOKEN_QUERY, true, &r.token)
		if err := windows.RevertToSelf(); err == nil {
			runtime.UnlockOSThread()
		}
		done <- r
	}()
	r := <-done
	return r.token, r.err
}

// What WTSQuerySessionInformation is asked for (WTS_INFO_CLASS), and its answer for who is at the computer.
const (
	wtsConnectState       = 8
	wtsClientProtocolType = 16
	consoleProtocol       = 0
)

// Admit wants the session at the console, in use: after a change of person the first one's session is disconnected, one from
// elsewhere (Remote Desktop) has another protocol. A locked screen changes nothing, as on Linux: programs go on.
func Admit(_ context.Context, peer Peer) error {
	if peer.Session != windows.WTSGetActiveConsoleSessionId() {
		return ErrNotActive
	}
	state, err := askSession[uint32](peer.Session, wtsConnectState)
	if err != nil && !wine() { // which has one session, and does not answer this question
		return fmt.Errorf("agent: asking for the state of a session: %w", err)
	}
	protocol, err := askSession[uint16](peer.Session, wtsClientProtocolType)
	if err != nil {
		return fmt.Errorf("agent: asking for the protocol of a session: %w", err)
	}
	if state != windows.WTSActive || protocol != consoleProtocol {
		return ErrNotActive
	}
	return nil
}

// askSession asks for something that is a number.
func askSession[T uint16 | uint32](id uint32, class uintptr) (number T, err error) {
	var data *T
	var size uint32
	ok, _, err := wtsQuerySessionInformationW.Call(0, uintptr(id), class, uintptr(unsafe.Pointer(&data)), uintptr(unsafe.Pointer(&size)))
	if ok == 0 {
		return 0, err
	}
	if data == nil {
		return 0, fmt.Errorf("an answer of %d bytes", size)
	}
	defer windows.WTSFreeMemory(uintptr(unsafe.Pointer(data)))
	if uintptr(size) < unsafe.Sizeof(number) {
		return 0, fmt.Errorf("an answer of %d bytes", size)
	}
	return *data, nil
}
