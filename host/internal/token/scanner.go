package token

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/miekg/pkcs11"

	"github.com/cardbridge/cardbridge/host/internal/frame"
)

// Limits of what a module may say.
const (
	maxSlots        = 32
	maxCertificates = 64
	maxCertificate  = 8 << 10
	maxKeyID        = 256
)

// Child is the main function of a child process: role, then what the OS's pipes need. The result is its exit code. exit ends
// the process at once when the parent is gone, also while a module hangs.
func Child(role string, args []string, exit func(int)) int {
	in, out, err := childPipes(args)
	if err != nil {
		return 2
	}
	after := &lastWill{}
	frames := readUntilGone(in, func() {
		after.do()
		endGroup()
		exit(0)
	})
	w := frame.NewWriter(out)
	switch role {
	case RoleScanner:
		var order scanOrder
		if json.Unmarshal(<-frames, &order, json.RejectUnknownMembers(true)) != nil {
			return 2
		}
		return reply(w, scanModule(order))
	case RoleSigner:
		return serveSigner(frames, w, after)
	}
	return 2
}

// readUntilGone delivers the parent's frames; the end of the pipe is the end of the process.
func readUntilGone(in *os.File, gone func()) <-chan []byte {
	frames := make(chan []byte, 8) // more than ever waits: a module that hangs must not keep the end of the pipe from being seen
	go func() {
		r := frame.NewReader(in)
		for {
			msg, err := r.Read()
			if err != nil {
				gone()
				return
			}
			frames <- msg
		}
	}()
	return frames
}

func reply(w *frame.Writer, v any) int {
	b, err := json.Marshal(v)
	if err != nil || w.Write(b) != nil {
		return 1
	}
	return 0
}

// scanModule lists what one module sees. It never logs in.
func scanModule(order scanOrder) scanReport {
	p := pkcs11.New(order.Module)
	if p == nil {
		return scanReport{Failure: notLoaded(order.Module)}
	}
	if err := p.Initialize(); err != nil {
		return scanReport{Failure: moduleFailure("C_Initialize", err)}
	}
	if order.Probe {
		return probeModule(p)
	}
	slots, err := p.GetSlotList(true)
	if err != nil {
		return scanReport{Failure: moduleFailure("C_GetSlotList", err)}
	}
	var report scanReport
	for _, slot := range slots[:min(len(slots), maxSlots)] {
		info, err := p.GetSlotInfo(slot)
		if err != nil {
			// one bad slot must not hide the others
			report.Slots = append(report.Slots, slotReport{Slot: slot, Failure: moduleFailure("C_GetSlotInfo", err)})
			continue
		}
		if skipped(order.Skip, info.SlotDescription) {
			continue
		}
		if s, ok := scanSlot(p, slot); ok {
			s.Reader = trimmed(info.SlotDescription)
			report.Slots = append(report.Slots, s)
		}
	}
	return report
}

// notLoaded says why the module's library has not taken a file: miekg/pkcs11 tells only that it did not.
func notLoaded(path string) *failure {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return &failure{Kind: failMissing, Call: "dlopen"}
	}
	return &failure{Kind: failInvalid, Call: "dlopen"}
}

func skipped(readers []string, description string) bool {
	for _, r := range readers {
		if readerMatches(r, trimmed(description)) {
			return true
		}
	}
	return false
}

// readerMatches compares a PC/SC name with a slot's description, which has room for 64 bytes (PKCS#11, CK_SLOT_INFO).
func readerMatches(reader, description string) bool {
	return description != "" && (reader == description || (len(description) >= 60 && strings.HasPrefix(reader, description)))
}

// trimmed drops padding: blanks by the standard, NUL by some vendors.
func trimmed(s string) string { return strings.TrimRight(strings.ToValidUTF8(s, ""), " \x00") }

func scanSlot(p *pkcs11.Ctx, slot uint) (slotReport, bool) {
	report := slotReport{Slot: slot}
	info, err := p.GetTokenInfo(slot)
	if err != nil {
		report.Failure = moduleFailure("C_GetTokenInfo", err)
		return report, true
	}
	if info.Flags&pkcs11.CKF_TOKEN_INITIALIZED == 0 {
		return report, false
	}
	report.Label, report.Serial, report.Manufacturer = trimmed(info.Label), trimmed(info.SerialNumber), trimmed(info.ManufacturerID)
	report.Pad = info.Flags&pkcs11.CKF_PROTECTED_AUTHENTICATION_PATH != 0
	session, err := p.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION)
	if err != nil {
		report.Failure = moduleFailure("C_OpenSession", err)
		return report, true
	}
	defer p.CloseSession(session)
	if report.Certificates, report.Unreadable, err = readCertificates(p, session, nil); err != nil {
		report.Failure = moduleFailure("C_FindObjects", err)
	}
	return report, true
}

// readCertificates reads the X.509 certificates of a token, those with keyID alone if that is given, and counts those that
// cannot be read: they must not hide the others.
func readCertificates(p *pkcs11.Ctx, session pkcs11.SessionHandle, keyID []byte) (list []certReport, unreadable int, err error) {
	template := []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_CERTIFICATE),
		pkcs11.NewAttribute(pkcs11.CKA_CERTIFICATE_TYPE, pkcs11.CKC_X_509),
	}
	if len(keyID) > 0 {
		template = append(template, pkcs11.NewAttribute(pkcs11.CKA_ID, keyID))
	}
	objects, err := findObjects(p, session, template, maxCertificates+1)
	if err != nil {
		return nil, 0, err
	}
	if len(objects) > maxCertificates {
		objects, unreadable = objects[:maxCertificates], 1 // more than any card has: told, not dropped in silence
	}
	for _, object := range objects {
		attrs, err := p.GetAttributeValue(session, object, []*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_VALUE, nil), pkcs11.NewAttribute(pkcs11.CKA_ID, nil)})
		if err != nil || len(attrs) != 2 || len(attrs[0].Value) == 0 || len(attrs[0].Value) > maxCertificate || len(attrs[1].Value) > maxKeyID {
			unreadable++
			continue
		}
		list = append(list, certReport{DER: bytes.Clone(attrs[0].Value), KeyID: bytes.Clone(attrs[1].Value)})
	}
	return list, unreadable, nil
}

func findObjects(p *pkcs11.Ctx, session pkcs11.SessionHandle, template []*pkcs11.Attribute, most int) ([]pkcs11.ObjectHandle, error) {
	if err := p.FindObjectsInit(session, template); err != nil {
		return nil, err
	}
	objects, _, err := p.FindObjects(session, most)
	if final := p.FindObjectsFinal(session); err == nil {
		err = final
	}
	return objects, err
}

// moduleFailure turns a CKR value into a failure that says what it means to a person.
func moduleFailure(call string, err error) *failure {
	f := &failure{Kind: failModule, Call: call, Code: ckr(err)}
	switch f.Code {
	case pkcs11.CKR_TOKEN_NOT_RECOGNIZED:
		f.Kind = failUnknown
	case pkcs11.CKR_TOKEN_NOT_PRESENT, pkcs11.CKR_DEVICE_REMOVED, pkcs11.CKR_SESSION_HANDLE_INVALID, pkcs11.CKR_SESSION_CLOSED:
		f.Kind = failRemoved
	}
	return f
}

func ckr(err error) uint {
	var code pkcs11.Error
	if errors.As(err, &code) {
		return uint(code)
	}
	return 0
}

func (f *failure) String() string { return fmt.Sprintf("%s in %s (CKR 0x%X)", f.Kind, f.Call, f.Code) }
