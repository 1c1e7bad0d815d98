package operation

import (
	"context"
	"crypto"
	"encoding/hex"
	"errors"
	"time"

	"github.com/cardbridge/cardbridge/host/internal/token"
	"github.com/cardbridge/cardbridge/protocol"
	"github.com/cardbridge/cardbridge/signature/cms"
)

// sign makes a CMS signature over each document, with one PIN. Every signature carries the caller's origin: Taiwan's cards
// have one key for logins and for signatures.
func sign(ctx context.Context, room *Room, call *Call, p protocol.SignParams) (any, error) {
	d := &batch{room: room, call: call, params: p, scheme: cms.Scheme{Hash: protocol.Hashes[p.HashName()], PSS: p.PSS}}
	return useCard(ctx, room, call, wish{p.Certificate, p.Kinds, p.Language}, d)
}

// batch is the purpose of sign.
type batch struct {
	room     *Room
	call     *Call
	params   protocol.SignParams
	scheme   cms.Scheme
	unsigned []*cms.Unsigned // for the certificate that was chosen last
}

// documents shows the digests of what is signed: those of the contents are made here, never the page's word.
func (d *batch) documents() (show []protocol.PromptDocument) {
	for _, doc := range d.params.Documents {
		digest, size := doc.Digest, doc.Size
		if doc.Content != nil {
			h := d.scheme.Hash.New()
			h.Write(*doc.Content)
			digest, size = h.Sum(nil), int64(len(*doc.Content))
		}
		show = append(show, protocol.PromptDocument{Title: clean(doc.Title), Size: size, Digest: hex.EncodeToString(digest), Hash: d.params.HashName()})
	}
	return show
}

func (d *batch) statement(f found) (token.Statement, error) {
	facts := cms.Facts{Origin: d.call.Grant.Origin(), Time: d.room.Now().Truncate(time.Second), Nonce: d.params.Nonce}
	if d.params.CardNumber {
		if facts.CardNumber = f.card.Serial(); !cms.IsCardNumber(facts.CardNumber) {
			return token.Statement{}, &protocol.Error{Code: protocol.CardNumberMissing}
		}
	}
	what := token.Statement{Opts: d.scheme.SignerOpts()}
	d.unsigned = nil
	for _, doc := range d.params.Documents {
		content := cms.Document{Digest: doc.Digest, Attached: doc.Attached}
		if doc.Content != nil {
			content.Content = *doc.Content
		}
		u, err := cms.Prepare(f.card.X509, f.issuers, d.scheme, content, facts)
		if err != nil {
			return token.Statement{}, signError(err)
		}
		d.unsigned = append(d.unsigned, u)
		what.Digests = append(what.Digests, u.Digest())
	}
	return what, nil
}

func signError(err error) error {
	switch {
	case errors.Is(err, cms.ErrUnsupported):
		return &protocol.Error{Code: protocol.AlgorithmUnsupported}
	case errors.Is(err, cms.ErrDocument):
		return &protocol.Error{Code: protocol.DocumentInvalid}
	}
	return err
}

// result verifies each signature; one that is not good is its document's failure alone.
func (d *batch) result(f found, signatures []token.Signature) (any, error) {
	result := protocol.SignResult{Certificate: f.card.X509.Raw}
	good := 0
	for i, s := range signatures {
		item := protocol.SignItem{}
		err := s.Err
		if err == nil {
			if item.Signature, err = d.unsigned[i].Finish(s.Bytes); err != nil {
				err = badSignature(f)
			}
		}
		if err != nil {
			code := d.call.Code(err)
			item = protocol.SignItem{Error: &protocol.ItemError{Code: code, Who: protocol.Table()[code].Who}}
		} else {
			good++
		}
		result.Items = append(result.Items, item)
	}
	if good == 0 {
		return nil, badSignature(f)
	}
	d.call.Log.Info().Str("certificate", f.shown.ID).Str("kind", f.shown.Kind).Int("documents", len(signatures)).Int("good", good).Msg("signed")
	return result, nil
}

// signRaw signs a digest of the page's choosing with the certificate that the page named.
func signRaw(ctx context.Context, room *Room, call *Call, p protocol.SignRawParams) (any, error) {
	return useCard(ctx, room, call, wish{certificate: p.Certificate, language: p.Language}, &raw{call, p})
}

// raw is the purpose of signRaw.
type raw struct {
	call   *Call
	params protocol.SignRawParams
}

func (r *raw) hash() crypto.Hash { return protocol.Hashes[r.params.Hash] }

func (r *raw) documents() []protocol.PromptDocument {
	return []protocol.PromptDocument{{Digest: hex.EncodeToString(r.params.Digest), Hash: r.params.Hash}}
}

func (r *raw) statement(f found) (token.Statement, error) {
	if _, err := cms.RawAlgorithm(f.card.X509.PublicKey); err != nil {
		return token.Statement{}, signError(err)
	}
	return token.Statement{Digests: [][]byte{r.params.Digest}, Opts: r.hash()}, nil
}

func (r *raw) result(f found, signatures []token.Signature) (any, error) {
	signature, err := cms.Raw(f.card.X509.PublicKey, r.hash(), r.params.Digest, signatures[0].Bytes)
	if err != nil {
		return nil, badSignature(f)
	}
	name, err := cms.RawAlgorithm(f.card.X509.PublicKey)
	r.call.Log.Info().Str("certificate", f.shown.ID).Str("kind", f.shown.Kind).Msg("signed a digest of the page's choosing")
	return protocol.SignRawResult{Signature: signature, Algorithm: name, Hash: r.params.Hash}, err
}
