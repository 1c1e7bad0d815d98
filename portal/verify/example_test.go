package verify_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/go-json-experiment/json"

	"github.com/cardbridge/cardbridge/portal/verify"
	"github.com/cardbridge/cardbridge/portal/verify/revocation"
	"github.com/cardbridge/cardbridge/testcard/pki"
)

// must is for examples, which have no testing.T.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// exampleCard gives a trust folder, and a card of a CA in it whose responder runs.
func exampleCard() (trust string, c card, clean func()) {
	p := must(pki.Listen(pki.Options{ECC: true}))
	trust = must(os.MkdirTemp("", "trust"))
	if err := p.WriteTrust(trust); err != nil {
		panic(err)
	}
	key := generateKey()
	cert := must(p.Citizen(pki.Person{Name: "王小明", SerialNumber: "0000000000000001", IDTail: "6789"}, key.Public(), pki.Variant{}))
	return trust, card{cert, key}, func() {
		_ = p.Close()
		_ = os.RemoveAll(trust)
	}
}

// loginAt does what page, extension, host do: fetch a challenge, sign, send. It gives the answer's status with its text.
func (c card) loginAt(s *site) string {
	handler := s.routes()
	first := httptest.NewRecorder()
	handler.ServeHTTP(first, httptest.NewRequest(http.MethodPost, "/api/challenge", nil))
	var given struct {
		Nonce string `json:"challengeNonce"`
	}
	if err := json.Unmarshal(first.Body.Bytes(), &given); err != nil {
		panic(err)
	}
	body := must(json.Marshal(map[string]any{"challengeNonce": given.Nonce, "token": must(c.tokenFor(s.origin, given.Nonce))}))
	request := httptest.NewRequest(http.MethodPost, "/api/login", bytes.NewReader(body))
	request.Header.Set("Origin", s.origin)
	request.AddCookie(first.Result().Cookies()[0])
	second := httptest.NewRecorder()
	handler.ServeHTTP(second, request)
	return fmt.Sprint(second.Code, " ", second.Body.String())
}

// What is known of the services that were asked, for metrics or a health page.
func ExampleVerifier_Token_stats() {
	trust, card, clean := exampleCard()
	defer clean()
	roots, intermediates, _ := verify.LoadTrust(trust)
	checker, _ := revocation.New(revocation.Config{Mode: revocation.OCSPThenCRL})
	defer checker.Close()
	verifier, _ := verify.New(verify.Config{Roots: roots, Intermediates: intermediates, Revocation: checker})
	token := must(card.tokenFor(origin, nonce))
	if _, err := verifier.Token(context.Background(), token, origin, nonce); err != nil {
		fmt.Println(err)
	}
	for _, source := range checker.Stats() {
		fmt.Println(source.Kind, "asked", source.Asked, "failed", source.Failed, "paused", !source.PausedUntil.IsZero())
	}
	// Output: OCSP asked 1 failed 0 paused false
}
