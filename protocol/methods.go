package protocol

import (
	"bytes"
	"encoding/hex"
	"slices"
	"time"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"
)

// The methods; cancel, card and progress are notifications, prompt goes from host to extension.
const (
	MethodHello        = "hello"
	MethodStatus       = "status"
	MethodCertificates = "certificates"
	MethodAuthenticate = "authenticate"
	MethodSign         = "sign"
	MethodSignRaw      = "signRaw"
	MethodCancel       = "cancel"
	MethodPrompt       = "prompt"
	MethodCard         = "card"
	MethodProgress     = "progress"
)

// Limits of single members.
const (
	maxOrigin  = 300
	maxVersion = 64
	minNonce   = 44
	maxNonce   = 128
	maxKinds   = 8
)

var invalid = &Error{Code: InvalidParams}

// HelloParams begins every connection.
type HelloParams struct {
	Protocols []int     `json:"protocols"`
	Extension Extension `json:"extension"`
	Language  string    `json:"language,omitzero"`
	// Local asks for a session in the host's own process, also where an agent is there: doctor looks at the person's things.
	Local bool `json:"local,omitzero"`
}

// Extension is the caller's own word about itself.
type Extension struct {
	Version string `json:"version"`
}

// Check implements Params.
func (p HelloParams) Check() error {
	if len(p.Protocols) == 0 || len(p.Protocols) > 32 || !printable(p.Extension.Version, maxVersion) || !language(p.Language) {
		return invalid
	}
	return nil
}

// HelloResult is the host's answer.
type HelloResult struct {
	Protocol        int  `json:"protocol"`
	Host            Host `json:"host"`
	MaxMessageBytes int  `json:"maxMessageBytes"`
}

// Host is what runs at the other end.
type Host struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
	Build   string `json:"build"` // release, dev
}

// StatusParams: without an origin the extension's own page asks.
type StatusParams struct {
	Origin string `json:"origin,omitzero"`
	Grant  bool   `json:"grant,omitzero"` // what policy says, and no look at readers
}

// Check implements Params.
func (p StatusParams) Check() error {
	if (p.Origin != "" && !printable(p.Origin, maxOrigin)) || (p.Grant && p.Origin == "") {
		return invalid
	}
	return nil
}

// StatusResult tells a portal its grant, or IT what to add.
type StatusResult struct {
	Host        StatusHost    `json:"host"`
	Allowed     bool          `json:"allowed"`
	Operations  []string      `json:"operations"`
	PINFromPage bool          `json:"pinFromPage"`
	WebEID      bool          `json:"webEID,omitzero"` // absent for an extension of before
	Code        Code          `json:"code,omitzero"`
	Language    string        `json:"language,omitzero"` // for the extension's own pages, where IT decides it
	HelpDesk    HelpDesk      `json:"helpDesk,omitzero"`
	Policy      *StatusPolicy `json:"policy,omitzero"`
	Readers     []Reader      `json:"readers,omitzero"`
	Modules     []Module      `json:"modules,omitzero"`
}

// StatusHost is what any origin may know.
type StatusHost struct {
	Version  string `json:"version"`
	Protocol int    `json:"protocol"`
}

// StatusPolicy says where the policy came from: "built-in" or a path.
type StatusPolicy struct {
	Source string `json:"source"`
}

// Reader is a PC/SC reader. State: empty, present, inUse, mute; in a card notification also gone.
type Reader struct {
	Name  string `json:"name"`
	State string `json:"state"`
}

// Module is a PKCS#11 library. State: found, missing.
type Module struct {
	Path  string `json:"path"`
	State string `json:"state"`
}

// CertificatesParams asks for all certificates in all readers.
type CertificatesParams struct {
	Origin string   `json:"origin"`
	Kinds  []string `json:"kinds,omitzero"`
	// Choose: only the one that can sign; the person is asked for a card, or to choose, where there is not exactly one.
	Choose   bool   `json:"choose,omitzero"`
	Language string `json:"language,omitzero"`
}

// Check implements Params.
func (p CertificatesParams) Check() error {
	if !printable(p.Origin, maxOrigin) || !kinds(p.Kinds) || !language(p.Language) {
		return invalid
	}
	return nil
}

// CertificatesResult has every certificate that was found, those too that cannot be used, with the reason.
type CertificatesResult struct {
	Certificates []Certificate `json:"certificates"`
	Readers      []Reader      `json:"readers"`
	Problems     []Problem     `json:"problems"`
}

// Problem is what kept a card from being read.
type Problem struct {
	Code  Code  `json:"code"`
	Facts Facts `json:"facts,omitzero"`
}

// Certificate is a person's or an agency's certificate on a card.
type Certificate struct {
	ID           string    `json:"id"`          // SHA-256 of the DER, lower-case hex
	Certificate  []byte    `json:"certificate"` // DER
	Kind         string    `json:"kind"`        // see Kinds
	Holder       string    `json:"holder"`
	Issuer       string    `json:"issuer"`
	SerialNumber string    `json:"serialNumber"` // the subject's attribute, not the certificate's number
	NotBefore    time.Time `json:"notBefore"`
	NotAfter     time.Time `json:"notAfter"`
	KeyType      string    `json:"keyType"` // RSA-2048, P-256, …
	Reader       string    `json:"reader"`
	Usable       bool      `json:"usable"`
	Reason       string    `json:"reason,omitzero"`
}

// Kinds are the card kinds of Taiwan, as Certificate.Kind names them.
var Kinds = []string{"citizen", "agency", "organisation", "business", "test", "other"}

// AuthenticateParams asks for a Web eID authentication token.
type AuthenticateParams struct {
	Origin         string   `json:"origin"`
	ChallengeNonce string   `json:"challengeNonce"`
	Algorithm      string   `json:"algorithm,omitzero"`
	Kinds          []string `json:"kinds,omitzero"`
	Certificate    string   `json:"certificate,omitzero"`
	Language       string   `json:"language,omitzero"`
	PIN            CutPIN   `json:"pin,omitzero"`
}

// Check implements Params.
func (p AuthenticateParams) Check() error {
	if len(p.ChallengeNonce) < minNonce || !printable(p.ChallengeNonce, maxNonce) {
		return &Error{Code: NonceInvalid}
	}
	if !printable(p.Origin, maxOrigin) || !kinds(p.Kinds) || !language(p.Language) || len(p.Algorithm) > 5 ||
		(p.Certificate != "" && !isID(p.Certificate)) {
		return invalid
	}
	return nil
}

// CancelParams names the request to end.
type CancelParams struct {
	ID string `json:"id"`
}

// Check implements Params.
func (p CancelParams) Check() error {
	if !isMessageID(p.ID) {
		return invalid
	}
	return nil
}

// CutPIN says that a message had a PIN. The PIN itself was cut out of the frame before it was decoded (blanks stand in its
// place), so that no decoded message, nor any error about one, can hold it.
type CutPIN bool

// UnmarshalJSONFrom refuses a PIN that is still there.
func (c *CutPIN) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	if raw.Kind() != '"' || len(bytes.Trim(raw[1:len(raw)-1], " ")) != 0 {
		return invalid
	}
	*c = true
	return nil
}

func printable(s string, most int) bool {
	for _, r := range s {
		if r > unicode.MaxASCII || r <= ' ' || r == 0x7f {
			return false
		}
	}
	return s != "" && len(s) <= most
}

func language(s string) bool { return s == "" || s == "zh-TW" || s == "en" }

func kinds(list []string) bool {
	return len(list) <= maxKinds && !slices.ContainsFunc(list, func(k string) bool { return !slices.Contains(Kinds, k) })
}

func isID(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 32
}
