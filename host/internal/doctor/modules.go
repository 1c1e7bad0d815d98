package doctor

import (
	"context"
	"debug/elf"
	endian "encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/cardbridge/cardbridge/host/internal/token"
)

func modules(v *visit) {
	list := v.Cards.Modules()
	if len(list) == 0 {
		v.tell("moduleNone", "")
	}
	for _, m := range list {
		v.module(m.Path)
	}
}

// module tells of the file, then of what a child met in it.
func (v *visit) module(path string) {
	info, err := v.stat(path)
	var head []byte
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err == nil {
		head, err = v.head(path)
	}
	if err != nil {
		v.tell("moduleMissing", path, "{reason}", reason(err))
		return
	}
	if !v.fits(head) {
		v.tell("moduleArchitecture", path, "{system}", v.System+"/"+v.Arch)
		return
	}
	failed := v.openToOthers(path, info)
	if failed {
		v.tell("moduleWritable", path)
	}
	p := v.probes[path]
	var inProbe *token.ModuleError
	if errors.As(p.err, &inProbe) {
		failed = true
		v.failure(inProbe) // what it does with a card is the same fault again
	} else {
		for _, f := range v.inv.Failures {
			if f.Path == path {
				failed = true
				v.failure(f)
			}
		}
	}
	if other, ok := v.replaceable(path); ok && !failed {
		v.tell("moduleOwner", path, "{path}", other)
	}
	switch {
	case failed:
	case p.err != nil:
		v.tell("moduleUntried", path, "{reason}", p.err.Error())
	default:
		v.tell("module", path, "{library}", p.Description, "{version}", p.Version)
	}
}

// probe is what a module said of itself, or why not.
type probe struct {
	token.Library
	err error
}

// probeAll loads each module in a child, all at once, whether or not a card is there.
func probeAll(ctx context.Context, cards Cards) map[string]probe {
	found := map[string]probe{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, m := range cards.Modules() {
		wg.Go(func() {
			library, err := cards.Probe(ctx, m)
			mu.Lock()
			defer mu.Unlock()
			found[m.Path] = probe{library, err}
		})
	}
	wg.Wait()
	return found
}

func (v *visit) failure(f *token.ModuleError) {
	switch f.Reason {
	case token.ModuleMissing:
		v.tell("moduleMissing", f.Path, "{reason}", string(f.Reason))
	case token.ModuleInvalid:
		v.tell("moduleInvalid", f.Path)
	case token.ModuleTimeout:
		v.tell("moduleTimeout", f.Path)
	default:
		v.tell("moduleFailed", f.Path, "{call}", f.Call, "{ckr}", fmt.Sprintf("0x%X", f.Code))
	}
}

// elfHead is ELF's identification, type and machine.
const elfHead = 20

// head reads a file's beginning; a module may be large.
func (v *visit) head(path string) ([]byte, error) {
	f, err := os.Open(v.path(path))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, elfHead)
	n, err := io.ReadFull(f, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil // too short for a library, which is the architecture's matter
	}
	return b[:n], err
}

var elfMachines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "386": elf.EM_386, "arm": elf.EM_ARM}

// fits tells of a library for this processor; on systems without ELF anything fits, the loader says more.
func (v *visit) fits(head []byte) bool {
	machine, known := elfMachines[v.Arch]
	if v.System != "linux" || !known {
		return true
	}
	return len(head) == elfHead && strings.HasPrefix(string(head), elf.ELFMAG) && elf.Machine(endian.LittleEndian.Uint16(head[18:])) == machine
}
