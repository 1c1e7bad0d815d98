//go:build linux

package rig

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

//go:embed usb/bus.c usb/reader.c
var sources embed.FS

// bundle describes a reader's driver to the daemon.
const bundle = `<plist version="1.0"><dict>
<key>CFBundleName</key><string>reader</string>
<key>CFBundleExecutable</key><string>reader.so</string>
<key>ifdVendorID</key><array><string>0xF1D0</string></array>
<key>ifdProductID</key><array><string>0x%04X</string></array>
<key>ifdFriendlyName</key><array><string>%s</string></array>
</dict></plist>
`

// prepareUSB lays out the bus and one driver for each reader. vpcd keeps its slots in static memory, so each reader has a
// library of its own.
func (r *Rig) prepareUSB(products [2]string) error {
	if err := r.compile("bus.c", filepath.Join(r.dir, "bus.so")); err != nil {
		return err
	}
	compiled := filepath.Join(r.dir, "reader.so")
	if err := r.compile("reader.c", compiled); err != nil {
		return err
	}
	for i, name := range products {
		contents := filepath.Join(r.dir, "drivers", fmt.Sprintf("reader%d.bundle", i), "Contents")
		library := filepath.Join(contents, "Linux", "reader.so")
		if err := os.MkdirAll(filepath.Dir(library), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(contents, "Info.plist"), fmt.Appendf(nil, bundle, i+1, name), 0o644); err != nil {
			return err
		}
		if err := errors.Join(copyFile(compiled, library), copyFile(driver, library+".vpcd")); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rig) compile(source, library string) error {
	text, err := sources.ReadFile("usb/" + source)
	if err != nil {
		return err
	}
	file := filepath.Join(r.dir, source)
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return err
	}
	if out, err := exec.Command("gcc", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o", library, file).CombinedOutput(); err != nil {
		return fmt.Errorf("rig: build the virtual USB bus; apt-get install gcc libc6-dev: %w\n%s", err, out)
	}
	return nil
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o755)
}

// openBus makes the FIFO of a daemon that is about to start. We hold it open, so that nothing written too early is lost.
func (r *Rig) openBus() error {
	path := filepath.Join(r.dir, "bus")
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return os.NewSyscallError("mkfifo", err)
	}
	var err error
	r.bus, err = os.OpenFile(path, os.O_RDWR, 0)
	return err
}

// announce tells the daemon of a device that came or went.
func (r *Rig) announce(action string, reader int) error {
	record := make([]byte, 16)
	copy(record, fmt.Sprintf("%s %d", action, reader))
	_, err := r.bus.Write(record)
	return err
}

// Plug plugs a reader in, empty, and waits until the daemon knows it. While the daemon is down it is plugged in all the same.
func (r *Rig) Plug(reader int) error { return r.setPlugged(reader, true, "add") }

// Unplug pulls a reader out of the computer. Its card loses its power at once; it is out of the reader afterwards. The daemon
// has noticed when Unplug returns.
func (r *Rig) Unplug(reader int) error { return r.setPlugged(reader, false, "remove") }

func (r *Rig) setPlugged(reader int, plugged bool, action string) error {
	if reader < 0 || reader >= len(r.names) {
		return ErrNoReader
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.plugged[reader]
	r.plugged[reader] = plugged
	if r.daemon == nil || before == plugged {
		return nil
	}
	r.readers[reader].Remove()
	var err error
	if plugged {
		err = r.wait(r.daemon, func([]ReaderState) bool { return !r.listens(reader) })
	}
	if err == nil {
		err = r.announce(action, reader)
	}
	if err == nil {
		err = r.wait(r.daemon, func(s []ReaderState) bool {
			state, there := r.stateOf(s, reader)
			r.events[reader] = state.Events
			return there == plugged && (!plugged || r.listens(reader))
		})
	}
	if err != nil {
		return fmt.Errorf("rig: the PC/SC daemon has not noticed %q of reader %d; its own words: %q: %w", action, reader, r.Log(), err)
	}
	return nil
}

func (r *Rig) eventsAtPlug(reader int) uint32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.events[reader]
}

// listens tells whether a reader's driver runs. The daemon shows a reader before it starts the driver, and ends the driver of one
// that it shows no more when the last client has let go of the card.
func (r *Rig) listens(reader int) bool {
	sockets, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", r.daemon.cmd.Process.Pid))
	if err != nil {
		return false // the daemon has ended, which wait sees itself
	}
	const listening = "00000000:0000 0A"
	return strings.Contains(string(sockets), fmt.Sprintf(":%04X %s", firstPort+reader, listening))
}
