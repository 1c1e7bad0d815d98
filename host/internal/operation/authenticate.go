package operation

import (
	"context"

	"github.com/cardbridge/cardbridge/host/internal/token"
	"github.com/cardbridge/cardbridge/protocol"
	"github.com/cardbridge/cardbridge/signature/webeid"
)

var errPINFromPage = &protocol.Error{Code: protocol.PINFromPageNotAllowed}

// authenticate makes a Web eID authentication token with the person's card.
func authenticate(ctx context.Context, room *Room, call *Call, p protocol.AuthenticateParams) (any, error) {
	defer call.PIN.Wipe()
	if call.PIN.Present() && !call.Grant.PINFromPage() {
		return nil, errPINFromPage
	}
	l := &login{room: room, call: call, nonce: p.ChallengeNonce}
	if p.Algorithm != "" {
		alg, err := webeid.ParseAlgorithm(p.Algorithm)
		if err != nil {
			return nil, err
		}
		l.wanted = alg
	}
	return useCard(ctx, room, call, wish{p.Certificate, p.Kinds, p.Language}, l)
}

// login is the purpose of authenticate.
type login struct {
	room   *Room
	call   *Call
	nonce  string
	wanted webeid.Algorithm // "": by the key
}

func (l *login) algorithm(f found) (webeid.Algorithm, error) {
	if l.wanted == "" {
		return webeid.DefaultAlgorithm(f.card.X509.PublicKey)
	}
	return l.wanted, l.wanted.Fits(f.card.X509.PublicKey)
}

func (l *login) documents() []protocol.PromptDocument { return nil }

func (l *login) statement(f found) (token.Statement, error) {
	alg, err := l.algorithm(f)
	if err != nil {
		return token.Statement{}, err
	}
	digest, err := webeid.Digest(alg, l.call.Grant.Origin(), l.nonce)
	return token.Statement{Digests: [][]byte{digest}, Opts: alg.SignerOpts()}, err
}

// result also verifies: what a module calls a signature is not taken on trust.
func (l *login) result(f found, signatures []token.Signature) (any, error) {
	alg, err := l.algorithm(f)
	if err != nil {
		return nil, err
	}
	t, err := webeid.NewToken(f.card.X509, alg, signatures[0].Bytes, "https://github.com/cardbridge/cardbridge/releases/"+l.room.Version)
	if err == nil {
		_, err = t.Verify(l.call.Grant.Origin(), l.nonce)
	}
	if err != nil {
		return nil, badSignature(f)
	}
	l.call.Log.Info().Str("certificate", f.shown.ID).Str("kind", f.shown.Kind).Str("algorithm", string(alg)).Msg("signed")
	return t, nil
}

// badSignature says that what the module gave does not verify.
func badSignature(f found) error {
	return &token.ModuleError{Path: f.card.ModulePath(), Reason: token.ModuleFailed, Call: "C_Sign"}
}
