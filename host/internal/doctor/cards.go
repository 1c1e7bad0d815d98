package doctor

import (
	"debug/elf"
	endian "encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cardbridge/cardbridge/host/internal/operation"
	"github.com/cardbridge/cardbridge/host/internal/token"
)

// pcscSocket is where Debian's, Fedora's pcscd listens.
const pcscSocket = "/run/pcscd/pcscd.comm"

func service(v *visit) {
	switch {
	case v.view.Service == token.ServiceMissing:
		v.tell("pcscMissing", "")
	case v.view.Service == token.ServiceNotRunning && v.System == "linux" && v.exists(pcscSocket):
		v.tell("pcscRefused", pcscSocket)
	case v.view.Service == token.ServiceNotRunning:
		v.tell("pcscNotRunning", "")
	default:
		v.tell("pcsc", "")
	}
	if v.scanFail != nil {
		v.tell("scanFailed", "", "{reason}", v.scanFail.Error())
	}
}

// readable tells whether PC/SC and the scan had anything to say.
func (v *visit) readable() bool { return v.scanFail == nil && v.view.Service == token.ServiceRunning }

var readerStates = map[token.ReaderState]string{
	token.ReaderEmpty: "empty", token.ReaderPresent: "card", token.ReaderInUse: "in use", token.ReaderMute: "mute",
}

func readers(v *visit) {
	if !v.readable() {
		v.tell("readersUnknown", "")
		return
	}
	if len(v.view.Readers) == 0 {
		v.tell("readerNone", "")
	}
	for _, r := range v.view.Readers {
		if r.State == token.ReaderInUse {
			v.tell("readerInUse", readerName(r.Name))
			continue
		}
		v.tell("reader", readerName(r.Name), "{state}", readerStates[r.State])
	}
}

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
	for _, f := range v.inv.Failures {
		if f.Path == path {
			failed = true
			v.failure(f)
		}
	}
	if !failed {
		v.tell("module", path)
	}
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

func cards(v *visit) {
	if !v.readable() {
		return
	}
	for _, name := range v.inv.Unrecognised {
		v.tell("cardUnrecognised", readerName(name))
	}
	card := func(r token.Reader) bool { return r.State != token.ReaderEmpty }
	switch {
	case len(v.inv.Certificates) > 0:
		v.tell("cards", "", "{count}", strconv.Itoa(len(v.inv.Certificates)))
	case !slices.ContainsFunc(v.view.Readers, card):
		v.tell("cardNone", "")
	}
}

// soon is when a certificate's end is near: applying for another takes weeks.
const soon = 60 * 24 * time.Hour

// certificates tells kind, issuer and dates alone: a holder's name or number is nobody's business at a help desk.
func certificates(v *visit) {
	if !v.readable() || len(v.inv.Certificates) == 0 {
		v.tell("certificateUncounted", "")
		return
	}
	told := 0
	for _, c := range operation.List(v.inv, v.Now, nil).Certificates {
		left := c.NotAfter.Sub(v.Now)
		code, ok := map[string]string{"": "certificate", "expired": "certificateExpired", "notYetValid": "certificateNotYet"}[c.Reason]
		if !ok {
			continue // the issuer's own, those for encryption
		}
		if code == "certificate" && left < soon {
			code = "certificateExpiring"
		}
		told++
		issuer := c.Issuer
		if issuer == c.Holder {
			issuer = "self-signed" // the issuer's name would be the holder's
		}
		v.tell(code, readerName(c.Reader), "{kind}", c.Kind, "{issuer}", issuer, "{from}", c.NotBefore.Format(time.DateOnly),
			"{until}", c.NotAfter.Format(time.DateOnly), "{days}", strconv.Itoa(int(left/(24*time.Hour))))
	}
	if told == 0 {
		v.tell("certificateNone", "")
	}
}
