//go:build linux

// Package rig runs a real PC/SC daemon with two virtual readers in namespaces of its own.
//
// The readers are USB devices to it: they come and go at run time, each by itself (see usb/). It
// needs the packages gcc, pcscd and vsmartcard-vpcd, plus root or a user namespace in which one is
// root (`unshare -rmn`). The machine's own daemon, its socket in /run/pcscd and its readers stay
// untouched: the daemon started here sees no USB device.
//
// A client finds the daemon through PCSCLITE_CSOCK_NAME (see Rig.Env). libpcsclite reads that
// variable once, at its first connect: a test process that loads a PKCS#11 module itself must have
// one rig for its whole life (New sets the variable for the first).
package rig

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/cardbridge/cardbridge/testcard/piv"
	"github.com/cardbridge/cardbridge/testcard/vpcd"
)

// Readers are the names under which PC/SC shows the two readers, unless Options names them.
var Readers = [2]string{products[0] + suffix, products[1] + suffix}

// What the daemon calls a reader: the product, then its number among readers of that product, then its slot.
var products = [2]string{"Virtual PCD", "Second PCD"}

const suffix = " 00 00"

var (
	// ErrNamespaces says that this process may not make namespaces.
	ErrNamespaces = errors.New("rig: the virtual readers need mount, network and PID namespaces of their own; run this as root, or under `unshare -rmn`")
	// ErrDown says that the daemon was stopped with Down.
	ErrDown = errors.New("rig: the PC/SC daemon is stopped; start it again with Up")
	// ErrNoReader says that a reader's number is neither 0 nor 1.
	ErrNoReader = errors.New("rig: there are two readers, 0 and 1; choose one of them")
	// ErrUnplugged says that the reader is not plugged in.
	ErrUnplugged = errors.New("rig: this reader is not plugged in; plug it in first")
	// ErrElsewhere says that a card is in the other reader.
	ErrElsewhere = errors.New("rig: the card is in the other reader; remove it there first")
)

const (
	program = "/usr/sbin/pcscd"
	driver  = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
	// firstPort is vpcd's, for reader 0; reader 1 has the next one.
	firstPort = 35963
	// patience is how long the daemon may take for anything before it counts as broken.
	patience = 15 * time.Second
	// socketLimit is what a unix socket's address holds, without its NUL.
	socketLimit = 107
)

// Rig is a running daemon. Its methods may be called from any goroutine.
type Rig struct {
	dir string // ours alone, removed by Close

	mu      sync.Mutex
	daemon  *process  // nil while it is down
	bus     *os.File  // of that daemon
	plugged [2]bool   // also while it is down
	events  [2]uint32 // what the daemon had counted when a reader was plugged in
	names   [2]string
	readers [2]*vpcd.Reader
}

// Options says how a rig begins.
type Options struct {
	// Products are the readers' product names; "" stands for the usual one. ykcs11 wants "Yubico" in it.
	Products [2]string
	// Unplugged begins without any reader.
	Unplugged bool
}

// Start starts the daemon with both readers: see StartWith.
func Start(dir string) (*Rig, error) { return StartWith(dir, Options{}) }

// StartWith starts the daemon. Everything that it writes lies in a fresh folder below dir, which must
// exist and must not lie below /run; "" stands for the system's folder for temporary files, which is also taken when dir is so
// long that the daemon's socket would not fit a socket address (107 bytes).
func StartWith(dir string, o Options) (*Rig, error) {
	for _, f := range []string{program, driver} {
		if _, err := os.Stat(f); err != nil {
			return nil, fmt.Errorf("rig: %s is missing; apt-get install pcscd vsmartcard-vpcd: %w", f, err)
		}
	}
	own, err := os.MkdirTemp(dir, "rig")
	if err != nil {
		return nil, fmt.Errorf("rig: no folder for the daemon; give one that can be written: %w", err)
	}
	r := &Rig{dir: own, plugged: [2]bool{!o.Unplugged, !o.Unplugged}}
	if dir != "" && len(r.Socket()) > socketLimit {
		if err := os.Remove(own); err != nil {
			return nil, fmt.Errorf("rig: remove a folder that was not used: %w", err)
		}
		return StartWith("", o)
	}
	if err := r.prepare(o.Products); err != nil {
		return nil, errors.Join(err, os.RemoveAll(own))
	}
	if err := r.Up(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(own))
	}
	return r, nil
}

// prepare lays out the daemon's folders: run (its socket), conf (no serial readers), and the drivers.
func (r *Rig) prepare(names [2]string) error {
	if err := os.Chmod(r.dir, 0o755); err != nil { // clients of other users must reach the socket
		return err
	}
	for _, d := range []string{"run", "conf"} {
		if err := os.Mkdir(filepath.Join(r.dir, d), 0o755); err != nil {
			return err
		}
	}
	for i, name := range names {
		if name == "" {
			name = products[i]
		}
		names[i], r.names[i] = name, name+suffix
	}
	return r.prepareUSB(names)
}

// Close stops the daemon and removes what it wrote.
func (r *Rig) Close() error { return errors.Join(r.Down(), os.RemoveAll(r.dir)) }

// Socket is the daemon's socket, for PCSCLITE_CSOCK_NAME.
func (r *Rig) Socket() string { return filepath.Join(r.dir, "run", "pcscd.comm") }

// Env is the environment variable, with its value, that leads a PC/SC client to this daemon.
func (r *Rig) Env() string { return socketVariable + "=" + r.Socket() }

const socketVariable = "PCSCLITE_CSOCK_NAME"

func (r *Rig) log() string { return filepath.Join(r.dir, "pcscd.log") }

// Log is what the daemon printed, at most its last 8 KiB.
func (r *Rig) Log() string {
	b, err := os.ReadFile(r.log())
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-8<<10):])
}

// Names are the readers' names in PC/SC.
func (r *Rig) Names() [2]string { return r.names }

// Card gives the card in a reader, or nil.
func (r *Rig) Card(reader int) *piv.Card {
	r.mu.Lock()
	defer r.mu.Unlock()
	if reader < 0 || reader >= len(r.readers) || r.readers[reader] == nil {
		return nil
	}
	c, _ := r.readers[reader].Card().(*piv.Card)
	return c
}
