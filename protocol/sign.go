package protocol

import (
	"crypto"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of what is signed at once.
const (
	MaxDocuments = 20
	// MaxContent is what all documents of a request may hold by value, in bytes; what is larger comes as a digest.
	MaxContent = 512 << 10
	maxTitle   = 200     // characters
	maxSize    = 1 << 50 // bytes
	maxNonce64 = 64      // bytes of a signature's nonce
)

// Hashes are the hash functions of a signature, by the names of Web Cryptography.
var Hashes = map[string]crypto.Hash{"SHA-256": crypto.SHA256, "SHA-384": crypto.SHA384, "SHA-512": crypto.SHA512}

// SignParams asks for a CMS signature over each document, with one PIN.
type SignParams struct {
	Origin      string     `json:"origin"`
	Documents   []Document `json:"documents"`
	Hash        string     `json:"hash,omitzero"` // one of Hashes; SHA-256 by default
	PSS         bool       `json:"pss,omitzero"`  // for RSA keys
	Nonce       []byte     `json:"nonce,omitzero"`
	CardNumber  bool       `json:"cardNumber,omitzero"` // the card's printed number goes into the signature
	Kinds       []string   `json:"kinds,omitzero"`
	Certificate string     `json:"certificate,omitzero"`
	Language    string     `json:"language,omitzero"`
}

// Document is one thing to sign: Content by value, or the Digest of a content that stays in the page.
type Document struct {
	Title    string  `json:"title"`
	Size     int64   `json:"size,omitzero"` // of the content, in bytes; for a digest the page's word
	Content  *[]byte `json:"content,omitzero"`
	Digest   []byte  `json:"digest,omitzero"`
	Attached bool    `json:"attached,omitzero"` // the signature holds the content
}

// Check implements Params.
func (p SignParams) Check() error {
	if !printable(p.Origin, maxOrigin) || !kinds(p.Kinds) || !language(p.Language) || (p.Certificate != "" && !isID(p.Certificate)) ||
		(p.Nonce != nil && len(p.Nonce) == 0) || len(p.Nonce) > maxNonce64 {
		return invalid
	}
	hash, ok := Hashes[p.HashName()]
	if !ok {
		return &Error{Code: AlgorithmUnsupported}
	}
	if len(p.Documents) == 0 || len(p.Documents) > MaxDocuments {
		return &Error{Code: DocumentInvalid}
	}
	total := 0
	for _, d := range p.Documents {
		if !d.check(hash) {
			return &Error{Code: DocumentInvalid}
		}
		if d.Content != nil {
			total += len(*d.Content)
		}
	}
	if total > MaxContent {
		return &Error{Code: DocumentInvalid}
	}
	return nil
}

// HashName is the hash function's name with its default.
func (p SignParams) HashName() string {
	if p.Hash == "" {
		return "SHA-256"
	}
	return p.Hash
}

func (d Document) check(hash crypto.Hash) bool {
	title := utf8.RuneCountInString(d.Title)
	if title > maxTitle || !visible(d.Title) || d.Size < 0 || d.Size > maxSize {
		return false
	}
	if d.Content != nil {
		return d.Digest == nil && (d.Size == 0 || d.Size == int64(len(*d.Content)))
	}
	return len(d.Digest) == hash.Size() && !d.Attached
}

// visible says whether a person sees anything of a title: a document must not pass for one without a name, nor hide its name.
// Private characters are seen, since names in Taiwan are written with them; a mark with nothing to stand on is not.
func visible(title string) bool {
	return strings.ContainsFunc(title, func(r rune) bool {
		return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S, unicode.Co) &&
			!unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) && !strings.ContainsRune(blank, r)
	})
}

// blank are characters that Unicode counts among letters and symbols, though they leave no ink: Braille's empty cell, music's
// empty note, the blanks of hieroglyphs.
const blank = "\u2800\U0001D159\U00013441\U00013442"

// SignResult has one item for each document, in their order.
type SignResult struct {
	Certificate []byte     `json:"certificate"` // DER
	Items       []SignItem `json:"items"`
}

// SignItem is a signature, or why there is none.
type SignItem struct {
	Signature []byte     `json:"signature,omitzero"` // DER of CMS SignedData (RFC 5652)
	Error     *ItemError `json:"error,omitzero"`
}

// ItemError is an error of one document.
type ItemError struct {
	Code Code   `json:"code"`
	Who  string `json:"who"`
}

// SignRawParams asks for a bare signature over a digest of the page's choosing. Whoever may ask for it can have anything
// signed, a login elsewhere too.
type SignRawParams struct {
	Origin      string `json:"origin"`
	Certificate string `json:"certificate"`
	Digest      []byte `json:"digest"`
	Hash        string `json:"hash"`
	Language    string `json:"language,omitzero"`
}

// Check implements Params.
func (p SignRawParams) Check() error {
	if !printable(p.Origin, maxOrigin) || !isID(p.Certificate) || !language(p.Language) {
		return invalid
	}
	hash, ok := Hashes[p.Hash]
	if !ok {
		return &Error{Code: AlgorithmUnsupported}
	}
	if len(p.Digest) != hash.Size() {
		return &Error{Code: DocumentInvalid}
	}
	return nil
}

// SignRawResult is a bare signature: PKCS #1 v1.5, or r||s of ECDSA (RFC 7518, section 3.4).
type SignRawResult struct {
	Signature []byte `json:"signature"`
	Algorithm string `json:"algorithm"` // RSASSA-PKCS1-v1_5, ECDSA
	Hash      string `json:"hash"`
}

// PromptDocument is what a person is shown of a document.
type PromptDocument struct {
	Title  string `json:"title"`
	Size   int64  `json:"size"`   // bytes; of a digest, the page's word
	Digest string `json:"digest"` // hex, under Hash
	Hash   string `json:"hash"`
}
