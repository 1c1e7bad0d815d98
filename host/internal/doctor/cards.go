package doctor

import (
	"slices"
	"strconv"
	"time"

	"github.com/cardbridge/cardbridge/host/internal/operation"
	"github.com/cardbridge/cardbridge/host/internal/token"
)

func service(v *visit) {
	where, there := "", false
	if v.view.Service == token.ServiceNotRunning {
		where, there = v.pcscPlace()
	}
	switch {
	case v.view.Service == token.ServiceMissing:
		v.tell("pcscMissing", "")
	case v.view.Refused:
		v.tell("pcscRefused", "")
	case there:
		v.tell("pcscSilent", where)
	case v.view.Service == token.ServiceNotRunning:
		v.tell("pcscNotRunning", where)
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
