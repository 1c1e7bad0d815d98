package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"sync"
)

// Names of keys that belong to no authority.
const (
	responderKey = "responder"
	impostorKey  = "impostor" // signs answers that nobody authorised
)

// cache keeps every authority's key for the life of the process: RSA keys are slow to make.
var cache struct {
	sync.Mutex
	keys map[string]crypto.Signer
}

// authorityKeys gives the keys of one PKI, made in parallel.
func authorityKeys(o Options) (map[string]crypto.Signer, error) {
	cache.Lock()
	defer cache.Unlock()
	if cache.keys == nil {
		cache.keys = map[string]crypto.Signer{}
	}
	names := []string{responderKey, impostorKey}
	for _, a := range Authorities {
		names = append(names, string(a))
	}
	type made struct {
		name string
		key  crypto.Signer
		err  error
	}
	out, results := map[string]crypto.Signer{}, make(chan made, len(names))
	waiting := 0
	for _, n := range names {
		id := fmt.Sprintf("%s/%v/%s", o.Name, o.ECC, n)
		if k, ok := cache.keys[id]; ok {
			out[n] = k
			continue
		}
		waiting++
		go func() {
			k, err := newAuthorityKey(o.ECC)
			results <- made{n, k, err}
		}()
	}
	for range waiting {
		m := <-results
		if m.err != nil {
			return nil, fmt.Errorf("pki: make a key: %w", m.err)
		}
		out[m.name] = m.key
		cache.keys[fmt.Sprintf("%s/%v/%s", o.Name, o.ECC, m.name)] = m.key
	}
	return out, nil
}

func newAuthorityKey(ecc bool) (crypto.Signer, error) {
	if ecc {
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	}
	return rsa.GenerateKey(rand.Reader, 2048)
}

// signatureAlgorithm is what an authority with this key signs with.
func signatureAlgorithm(k crypto.Signer) x509.SignatureAlgorithm {
	if _, ok := k.(*ecdsa.PrivateKey); ok {
		return x509.ECDSAWithSHA384
	}
	return x509.SHA256WithRSA
}
