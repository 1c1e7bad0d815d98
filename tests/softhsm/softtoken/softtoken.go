// Package softtoken makes SoftHSM tokens with keys in them.
//
// SoftHSM's and OpenSC's own command lines make them, so that what the host reads was not written by its own libraries.
package softtoken

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cardbridge/cardbridge/testcard/pki"
)

// Module is where the package softhsm2 puts its PKCS#11 module.
const Module = "/usr/lib/softhsm/libsofthsm2.so"

// Store is a folder with tokens, all of which a process sees that has Env in its environment.
type Store struct {
	dir string
	pki *pki.PKI
}

// Token is one token.
type Token struct {
	store      *Store
	Label, PIN string
	// Certificates are those on the token by the key's name.
	Certificates map[string]*x509.Certificate
}

// Key is what a key pair shall be.
type Key struct {
	Name   string
	Type   string // RSA-2048, RSA-<bits>, P-256, P-384, P-521
	Holder string // in its certificate
	// Always: the key wants the PIN for each use (CKA_ALWAYS_AUTHENTICATE).
	Always bool
	// Private: the token has no public half.
	Private bool
}

// New makes an empty store below dir, which must exist. It is an error if SoftHSM or a tool is not installed.
func New(dir string, p *pki.PKI) (*Store, error) {
	_, err := os.Stat(Module)
	for _, tool := range []string{"softhsm2-util", "pkcs11-tool"} {
		_, missing := exec.LookPath(tool)
		err = errors.Join(err, missing)
	}
	if err != nil {
		return nil, fmt.Errorf("softtoken: make setup installs softhsm2 and opensc: %w", err)
	}
	s := &Store{dir: dir, pki: p}
	if err := os.MkdirAll(filepath.Join(dir, "tokens"), 0o700); err != nil {
		return nil, err
	}
	conf := fmt.Sprintf("directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n", filepath.Join(dir, "tokens"))
	return s, os.WriteFile(s.conf(), []byte(conf), 0o600)
}

func (s *Store) conf() string { return filepath.Join(s.dir, "softhsm2.conf") }

// Env is the variable that points SoftHSM at the store.
func (s *Store) Env() string { return "SOFTHSM2_CONF=" + s.conf() }

func (s *Store) run(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), s.Env())
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("softtoken: %s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// Token makes a token with those keys; each has a certificate.
func (s *Store) Token(label, pin string, keys ...Key) (*Token, error) {
	t := &Token{store: s, Label: label, PIN: pin, Certificates: map[string]*x509.Certificate{}}
	if err := s.run("softhsm2-util", "--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", "12345678"); err != nil {
		return nil, err
	}
	for i, key := range keys {
		if err := t.add(fmt.Sprintf("%02x", i+1), key); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// Flags are the token's flags in pkcs11-tool's words, "user PIN count low" among them after a wrong PIN.
func (t *Token) Flags() (string, error) {
	cmd := exec.Command("pkcs11-tool", "--module", Module, "--list-slots")
	cmd.Env = append(os.Environ(), t.store.Env())
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("softtoken: pkcs11-tool --list-slots: %w", err)
	}
	_, rest, found := strings.Cut(string(out), ": "+t.Label+"\n")
	_, rest, also := strings.Cut(rest, "token flags")
	if !found || !also {
		return "", fmt.Errorf("softtoken: pkcs11-tool does not list the token %s:\n%s", t.Label, out)
	}
	flags, _, _ := strings.Cut(rest, "\n")
	return flags, nil
}

func (t *Token) tool(args ...string) error {
	return t.store.run("pkcs11-tool", append([]string{"--module", Module, "--token-label", t.Label, "--login", "--pin", t.PIN}, args...)...)
}

func (t *Token) add(id string, key Key) error {
	private, err := generate(key.Type)
	if err != nil {
		return err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	spki, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return err
	}
	cert, err := t.store.pki.Citizen(pki.Person{Name: key.Holder, SerialNumber: "0000000112345678", IDTail: "6789"}, private.Public(), pki.Variant{})
	if err != nil {
		return err
	}
	t.Certificates[key.Name] = cert
	var always []string
	if key.Always {
		always = append(always, "--always-auth")
	}
	err = errors.Join(t.write("privkey", id, key.Name, pkcs8, always...), t.write("cert", id, key.Name, cert.Raw))
	if err == nil && !key.Private {
		err = t.write("pubkey", id, key.Name, spki)
	}
	return err
}

func (t *Token) write(kind, id, label string, der []byte, more ...string) error {
	file := filepath.Join(t.store.dir, t.Label+"-"+id+"-"+kind)
	if err := os.WriteFile(file, der, 0o600); err != nil {
		return err
	}
	return t.tool(append([]string{"--write-object", file, "--type", kind, "--id", id, "--label", label, "--usage-sign"}, more...)...)
}

func generate(kind string) (crypto.Signer, error) {
	curves := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}
	if curve, ok := curves[kind]; ok {
		return ecdsa.GenerateKey(curve, rand.Reader)
	}
	bits, err := strconv.Atoi(strings.TrimPrefix(kind, "RSA-"))
	if err != nil {
		return nil, fmt.Errorf("softtoken: %q is no type of key; RSA-<bits>, P-256, P-384, P-521 are", kind)
	}
	return rsa.GenerateKey(rand.Reader, bits)
}
