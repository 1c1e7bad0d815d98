package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	passphrase = "a passphrase of this test's"
	pin        = "24681012"
	softHSM    = "/usr/lib/softhsm/libsofthsm2.so"
	tokenKey   = "pkcs11:token=signing;object=code;type=private"
)

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// ownKey makes a key with its certificate. One of one's own stands for that of the release.
func ownKey(t *testing.T) signing {
	t.Helper()
	folder := t.TempDir()
	s := signing{key: filepath.Join(folder, "key.pem"), certificate: filepath.Join(folder, "certificate.pem")}
	tool(t, folder, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", s.key, "-out", s.certificate, "-days", "2", "-subj", "/CN=CardBridge test",
		"-addext", "extendedKeyUsage=codeSigning", "-addext", "keyUsage=digitalSignature")
	return s
}

// inToken puts key and certificate into a PKCS#11 token, of which the environment knows from then on.
func inToken(t *testing.T, s signing) {
	t.Helper()
	tokens := t.TempDir()
	t.Setenv("SOFTHSM2_CONF", file(t, "softhsm2.conf", "directories.tokendir = "+tokens+"\nobjectstore.backend = file\n"))
	certificate := filepath.Join(t.TempDir(), "certificate.der")
	tool(t, "", "openssl", "x509", "-in", s.certificate, "-outform", "DER", "-out", certificate)
	tool(t, "", "softhsm2-util", "--init-token", "--free", "--label", "signing", "--pin", pin, "--so-pin", "13579111")
	tool(t, "", "softhsm2-util", "--import", s.key, "--token", "signing", "--label", "code", "--id", "01", "--pin", pin)
	tool(t, "", "pkcs11-tool", "--module", softHSM, "--token-label", "signing", "--login", "--pin", pin, "--write-object", certificate, "--type", "cert", "--label", "code", "--id", "01")
}

// library is the one of custom actions, as a thing to sign.
func library(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "actions.dll")
	tool(t, root, mingw, "-shared", "-s", "-o", path, filepath.Join("installer", "windows", "actions", "actions.c"), "-lmsi")
	return path
}

func verify(s signing, path string) error {
	return exec.Command("osslsigncode", "verify", "-CAfile", s.certificate, "-in", path).Run()
}

func TestSignatures(t *testing.T) {
	_, msi := packed(t, "1.2.3", "", "", "")
	s := ownKey(t)
	dll := library(t)
	for path, text := range map[string]string{dll: "This program", msi: "CardBridge"} {
		require.Error(t, verify(s, path), "it is not signed yet")
		require.NoError(t, s.sign(path))
		require.NoError(t, verify(s, path))
		whole, err := os.ReadFile(path)
		require.NoError(t, err)
		at := bytes.Index(whole, []byte(text))
		require.Positive(t, at)
		whole[at] ^= 1
		require.NoError(t, os.WriteFile(path, whole, 0o644))
		require.Error(t, verify(s, path), "a change is not seen")
	}
	require.NoError(t, signing{}.sign(msi), "without a key nothing is signed")
}

// A key under a passphrase, one that never leaves its hardware.
func TestKeysThatAreGuarded(t *testing.T) {
	plain := ownKey(t)
	encrypted := plain
	encrypted.key = filepath.Join(t.TempDir(), "encrypted.pem")
	encrypted.passFile = file(t, "passphrase", passphrase+"\n")
	tool(t, "", "openssl", "pkcs8", "-topk8", "-in", plain.key, "-out", encrypted.key, "-passout", "file:"+encrypted.passFile)
	inToken(t, plain)
	hardware := signing{key: tokenKey, certificate: plain.certificate, module: softHSM, passFile: file(t, "pin", pin)}
	both := hardware
	both.certificate = "pkcs11:token=signing;object=code;type=cert"
	for name, s := range map[string]signing{"a passphrase": encrypted, "a token": hardware, "a token with its certificate": both} {
		t.Run(name, func(t *testing.T) {
			path := library(t)
			require.NoError(t, s.sign(path))
			require.NoError(t, verify(plain, path))
			require.NotContains(t, strings.Join(s.words(), " "), pin)
			require.NotContains(t, strings.Join(s.words(), " "), passphrase)

			path = library(t)
			for _, passFile := range []string{file(t, "wrong", "13131313"), filepath.Join(t.TempDir(), "none"), ""} {
				wrong := s
				wrong.passFile = passFile
				require.Error(t, wrong.sign(path), passFile)
			}
			require.Error(t, verify(plain, path), "what could not be signed is as it was")
		})
	}
}

func TestWhatCannotSignIsRefused(t *testing.T) {
	for _, c := range []struct {
		signing
		want string
	}{
		{signing{key: "key.pem"}, "both the key and the certificate"},
		{signing{certificate: "certificate.pem"}, "both"},
		{signing{passFile: "pin"}, "both"},
		{signing{module: softHSM}, "both"},
		{signing{timestamp: "http://tsa.example.org"}, "both"},
		{signing{key: tokenKey, certificate: "certificate.pem"}, "needs the PKCS#11 module"},
		{signing{key: "key.pem", certificate: "certificate.pem", module: softHSM}, "as well as its URI"},
		{signing{key: "key.pem", certificate: tokenKey}, "a certificate in hardware"},
		{signing{key: tokenKey + "?pin-value=" + pin, certificate: "certificate.pem", module: softHSM}, "put it into a file"},
	} {
		require.ErrorContains(t, c.sign("nothing.dll"), c.want)
	}
}
