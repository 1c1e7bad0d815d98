package operation

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/cardbridge/cardbridge/host/internal/token"
	"github.com/cardbridge/cardbridge/protocol"
)

// found is a certificate on a card together with how the protocol shows it.
type found struct {
	card  token.Certificate
	shown protocol.Certificate
	// issuers are the CAs above it that stand on the same card, without a root
	issuers []*x509.Certificate
}

func certificates(ctx context.Context, room *Room, call *Call, p protocol.CertificatesParams) (any, error) {
	if p.Choose {
		return useCard(ctx, room, call, wish{kinds: p.Kinds, language: p.Language}, choice{})
	}
	inv, err := room.Cards.Scan(ctx, nil)
	if err != nil {
		return nil, err
	}
	return listed(inv, room.Now(), filterOf(call, p.Kinds)), nil
}

// choice is the purpose of having one certificate chosen: nothing is signed, no PIN asked.
type choice struct{}

func (choice) documents() []protocol.PromptDocument { return nil }

func (choice) statement(found) (token.Statement, error) { return token.Statement{}, nil }

func (choice) result(f found, _ []token.Signature) (any, error) {
	return protocol.CertificatesResult{Certificates: shown([]found{f}), Readers: []protocol.Reader{}, Problems: []protocol.Problem{}}, nil
}

// List says an inventory in the protocol's words; kinds are those that may log in, empty: all.
func List(inv token.Inventory, now time.Time, kinds []string) protocol.CertificatesResult {
	return listed(inv, now, filter{kinds: kinds})
}

func listed(inv token.Inventory, now time.Time, only filter) protocol.CertificatesResult {
	return protocol.CertificatesResult{Certificates: shown(sortOut(inv, now, only)), Readers: ReaderList(inv.View), Problems: problems(inv)}
}

func shown(list []found) []protocol.Certificate {
	out := make([]protocol.Certificate, 0, len(list))
	for _, f := range list {
		out = append(out, f.shown)
	}
	return out
}

// sortOut shows every certificate: usable ones first, the issuers' own last.
func sortOut(inv token.Inventory, now time.Time, only filter) []found {
	var list []found
	for _, c := range inv.Certificates {
		list = append(list, found{c, describe(c, now, only), issuersOf(c, inv.Certificates)})
	}
	slices.SortStableFunc(list, func(a, b found) int {
		return cmp.Or(cmp.Compare(rank(a.shown), rank(b.shown)), cmp.Compare(a.shown.Reader, b.shown.Reader))
	})
	return list[:min(len(list), maxShown)]
}

// issuersOf goes up as far as the card's own certificates lead; verifiers have the root themselves.
func issuersOf(c token.Certificate, all []token.Certificate) (list []*x509.Certificate) {
	for at := c.X509; len(list) < maxIssuers; at = list[len(list)-1] {
		i := slices.IndexFunc(all, func(ca token.Certificate) bool {
			return ca.Reader == c.Reader && ca.X509.IsCA && !bytes.Equal(ca.X509.RawSubject, ca.X509.RawIssuer) && at.CheckSignatureFrom(ca.X509) == nil
		})
		if i < 0 {
			break
		}
		list = append(list, all[i].X509)
	}
	return list
}

// maxIssuers: a holder's certificate, two CAs and a root are Taiwan's chains.
const maxIssuers = 3

// rank orders what a person looks for.
func rank(c protocol.Certificate) int {
	switch {
	case c.Usable:
		return 0
	case c.Reason != reasonCA:
		return 1
	}
	return 2
}

func describe(c token.Certificate, now time.Time, only filter) protocol.Certificate {
	x := c.X509
	reason := unusable(c, now, only)
	return protocol.Certificate{
		ID: c.ID(), Certificate: x.Raw, Kind: kindOf(x),
		Holder:       clean(cmp.Or(x.Subject.CommonName, last(x.Subject.OrganizationalUnit), last(x.Subject.Organization))),
		Issuer:       issuerName(x),
		SerialNumber: clean(x.Subject.SerialNumber),
		NotBefore:    x.NotBefore.UTC(), NotAfter: x.NotAfter.UTC(),
		KeyType: keyType(x), Reader: clean(c.Reader),
		Usable: reason == "", Reason: reason,
	}
}

// issuerName is how the person sees the issuer, and how IT's policy names it.
func issuerName(x *x509.Certificate) string {
	return clean(cmp.Or(x.Issuer.CommonName, last(x.Issuer.OrganizationalUnit), last(x.Issuer.Organization)))
}

// reasonCA: a certificate of the issuer's, which cards carry to complete the chain.
const reasonCA = "ca"

// unusable says why a certificate cannot log in, "" if it can. The order is what helps a person most.
func unusable(c token.Certificate, now time.Time, only filter) string {
	switch x := c.X509; {
	case x.IsCA || x.KeyUsage&x509.KeyUsageCertSign != 0:
		return reasonCA
	case x.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return "encryptionOnly"
	case !clientAuth(x):
		return "otherPurpose"
	case now.After(x.NotAfter):
		return "expired"
	case now.Before(x.NotBefore):
		return "notYetValid"
	case !supportedKey(x):
		return "keyUnsupported"
	}
	return only.bars(c)
}

// clientAuth is Web eID's demand: extended key usage absent or with clientAuth (anyExtendedKeyUsage is not accepted there).
func clientAuth(x *x509.Certificate) bool {
	return (len(x.ExtKeyUsage) == 0 && len(x.UnknownExtKeyUsage) == 0) || slices.Contains(x.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
}

func keyType(x *x509.Certificate) string {
	switch k := x.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA-%d", k.N.BitLen())
	case *ecdsa.PublicKey:
		return k.Curve.Params().Name
	}
	return "other"
}

func supportedKey(x *x509.Certificate) bool {
	switch k := x.PublicKey.(type) {
	case *rsa.PublicKey:
		return k.N.BitLen() >= 2048 && k.N.BitLen() <= 4096
	case *ecdsa.PublicKey:
		return slices.Contains([]string{"P-256", "P-384", "P-521"}, k.Curve.Params().Name)
	}
	return false
}

// clean takes what could deceive a reader out of a hostile name: controls and marks that turn the direction of text.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if runes := []rune(s); len(runes) > 200 {
		s = string(runes[:200]) + "…"
	}
	return s
}

func last(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[len(list)-1]
}

// noKind is no kind of the protocol's: it matches nothing, is shown to nobody.
const noKind = "none"

// maxShown is far more than a person can choose from; what a message may hold is bounded too.
const maxShown = 64

// intersect joins IT's and the portal's filters; an empty one allows all.
func intersect(a, b []string) []string {
	if len(a) == 0 || len(b) == 0 {
		return append(slices.Clone(a), b...)
	}
	both := slices.DeleteFunc(slices.Clone(a), func(k string) bool { return !slices.Contains(b, k) })
	if len(both) == 0 {
		return []string{noKind} // nothing is allowed by both, which is not the same as all
	}
	return both
}

// ModuleCode is the protocol's code for how a module failed.
func ModuleCode(e *token.ModuleError) protocol.Code {
	switch e.Reason {
	case token.ModuleMissing:
		return protocol.NoModule
	case token.ModuleInvalid, token.ModuleUntrusted:
		return protocol.ModuleInvalid
	case token.ModuleTimeout:
		return protocol.ModuleTimeout
	}
	return protocol.ModuleFailed
}

// problems are what kept cards from being read.
func problems(inv token.Inventory) []protocol.Problem {
	list := []protocol.Problem{}
	add := func(code protocol.Code, facts protocol.Facts) {
		list = append(list, protocol.Problem{Code: code, Facts: facts})
	}
	if code := serviceProblem(inv.View); code != "" {
		add(code, protocol.Facts{})
	}
	if inv.Modules == 0 {
		add(protocol.NoModule, protocol.Facts{})
	}
	for _, f := range inv.Failures {
		add(ModuleCode(f), protocol.Facts{Module: f.Path})
	}
	for _, r := range inv.View.Readers {
		if r.State == token.ReaderInUse {
			add(protocol.CardBusy, protocol.Facts{Reader: r.Name})
		}
	}
	for _, name := range inv.Unrecognised {
		add(protocol.CardNotRecognised, protocol.Facts{Reader: name})
	}
	if inv.View.Service == token.ServiceRunning && len(inv.Certificates) == 0 {
		if len(inv.View.Readers) == 0 {
			add(protocol.NoReader, protocol.Facts{})
		} else if !slices.ContainsFunc(inv.View.Readers, func(r token.Reader) bool { return r.State != token.ReaderEmpty }) {
			add(protocol.NoCard, protocol.Facts{})
		}
	}
	return list
}
