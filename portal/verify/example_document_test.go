package verify_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/cardbridge/cardbridge/portal/verify"
	"github.com/cardbridge/cardbridge/portal/verify/revocation"
	"github.com/cardbridge/cardbridge/signature/cms"
)

// What a page sent is a leave request signed by whoever is logged in, and nothing else.
func ExampleVerifier_Document() {
	trust, card, clean := exampleCard()
	defer clean()
	roots, intermediates, _ := verify.LoadTrust(trust)
	checker, _ := revocation.New(revocation.Config{})
	defer checker.Close()
	verifier, _ := verify.New(verify.Config{Roots: roots, Intermediates: intermediates, Revocation: checker})
	holder, _ := verifier.Token(context.Background(), must(card.tokenFor(origin, nonce)), origin, nonce)

	document, request := []byte("請假單"), []byte("request 17")
	scheme := cms.Scheme{Hash: crypto.SHA256} // what the host does:
	unsigned := must(cms.Prepare(card.cert, nil, scheme, cms.Document{Content: document}, cms.Facts{Origin: origin, Time: time.Now(), Nonce: request}))
	signature := must(unsigned.Finish(must(card.key.Sign(rand.Reader, unsigned.Digest(), scheme.SignerOpts()))))

	want := verify.Signing{Origin: origin, Content: cms.Document{Content: document}, Nonce: request, Holder: &holder}
	signed, err := verifier.Document(context.Background(), signature, want)
	fmt.Println(signed.Identity.Name, err)
	want.Content.Content = []byte("another")
	_, err = verifier.Document(context.Background(), signature, want)
	fmt.Println(errors.Is(err, verify.ErrContent))
	want.Content.Content = nil // no such document: what lets nothing pass
	_, err = verifier.Document(context.Background(), signature, want)
	fmt.Println(errors.Is(err, verify.ErrContent))
	// Output:
	// 王小明 <nil>
	// true
	// true
}
