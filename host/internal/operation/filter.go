package operation

import (
	"slices"

	"github.com/cardbridge/cardbridge/host/internal/token"
	"github.com/cardbridge/cardbridge/protocol"
)

// filter is what IT's policy and the portal say of the cards that can be used.
type filter struct {
	kinds   []string // empty: all
	issuers []string // empty: all; compared with what the person is shown as the issuer
	padOnly bool     // readers with keys of their own alone
}

// filterOf joins what call's grant allows with the kinds that the portal wishes for.
func filterOf(call *Call, kinds []string) filter {
	return filter{kinds: intersect(call.Grant.CardKinds(), kinds), issuers: call.Grant.Issuers(), padOnly: call.Grant.PadOnly()}
}

// The reasons why a certificate that could log in elsewhere cannot be used here.
const (
	reasonKind   = "wrongKind"
	reasonIssuer = "wrongIssuer"
	reasonNoPad  = "noPinPad"
)

// bars says why a certificate is not for use here, "" if it is.
func (f filter) bars(c token.Certificate) string {
	switch {
	case len(f.kinds) > 0 && !slices.Contains(f.kinds, kindOf(c.X509)):
		return reasonKind
	case len(f.issuers) > 0 && !slices.Contains(f.issuers, issuerName(c.X509)):
		return reasonIssuer
	case f.padOnly && !c.Pad:
		return reasonNoPad
	}
	return ""
}

// barred is what to tell of cards that are only in the wrong place, or the wrong ones; "": none of them is. First what takes the
// least: the right card in another reader.
func barred(list []found) protocol.Code {
	for _, row := range []struct {
		reason string
		code   protocol.Code
	}{{reasonNoPad, protocol.PINPadRequired}, {reasonKind, protocol.WrongCard}, {reasonIssuer, protocol.WrongIssuer}} {
		if slices.ContainsFunc(list, func(f found) bool { return f.shown.Reason == row.reason }) {
			return row.code
		}
	}
	return ""
}

// maxNamed is how many issuers a window names; more than that nobody compares.
const maxNamed = 8

// contact is whom the policy names.
func (r *Room) contact() protocol.HelpDesk {
	h := r.Policy.HelpDesk()
	return protocol.HelpDesk{Text: h.Text, Phone: h.Phone, URL: h.URL, Email: h.Email}
}

// Contact is whom a portal may show to a person when something went wrong: for those that are granted something.
func (r *Room) Contact(origin string) (h protocol.HelpDesk) {
	if operations, _, err := r.Policy.Operations(origin); err == nil && len(operations) > 0 {
		return r.contact()
	}
	return h
}

// installURL is where what is missing can be got.
func (r *Room) installURL(reason protocol.Code) string {
	links := r.Policy.Install()
	switch reason {
	case protocol.NoModule, protocol.ModuleInvalid:
		return links.Module
	case protocol.NoReader:
		return links.Reader
	case protocol.PCSCMissing:
		return links.PCSC
	}
	return ""
}
