//go:build unix

package verify_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/verify"
)

func TestLoadTrust(t *testing.T) {
	p := newPKI(t)
	dir := t.TempDir()
	roots, intermediates, err := verify.LoadTrust(dir)
	require.NoError(t, err)
	assert.Empty(t, roots)
	assert.Empty(t, intermediates)

	writePEM(t, filepath.Join(dir, "all.pem"), p.root.cert, p.moica.cert)
	// The root's new key under its old one: the same DN on both lines, yet no root.
	rollover := sign(t, newCA(t, p.root.cert.Subject, nil, nil).cert, p.root, newKey(t))
	writePEM(t, filepath.Join(dir, "rollover.pem"), rollover)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "readme.txt"), []byte("not a certificate"), 0o600))
	roots, intermediates, err = verify.LoadTrust(dir)
	require.NoError(t, err)
	require.Len(t, roots, 1)
	assert.True(t, roots[0].Equal(p.root.cert))
	require.Len(t, intermediates, 2)

	_, _, err = verify.LoadTrust(filepath.Join(dir, "none"))
	assert.ErrorIs(t, err, os.ErrNotExist)
	bad := filepath.Join(dir, "bad.pem")
	writePEM(t, bad, newCard(t, p.moica, nil).cert)
	_, _, err = verify.LoadTrust(dir)
	assert.ErrorContains(t, err, "not a CA")
	for _, text := range []string{"", "garbage", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		require.NoError(t, os.WriteFile(bad, []byte(text), 0o600))
		_, _, err = verify.LoadTrust(dir)
		assert.Error(t, err, text)
	}
}

// A root whose own signature is SHA-1 is still a root.
func TestLoadTrustTakesAnOldRoot(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command("openssl", "req", "-x509", "-sha1", "-newkey", "rsa:2048", "-nodes", "-keyout", "key", "-out", "old.pem",
		"-subj", "/C=TW/O=Old Root", "-days", "30")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	roots, intermediates, err := verify.LoadTrust(dir)
	require.NoError(t, err)
	assert.Len(t, roots, 1)
	assert.Empty(t, intermediates)
}

// What IT puts there by hand: other endings, DER, links, the same certificate twice, an old generation.
func TestLoadTrustTakes(t *testing.T) {
	p := newPKI(t)
	old := newCA(t, issuerName("內政部憑證管理中心"), p.root, func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.AddDate(-9, 0, 0), now.AddDate(-1, 0, 0) })
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "root")
	require.NoError(t, os.WriteFile(elsewhere, p.root.cert.Raw, 0o600))
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(dir, "root.der")))
	writePEM(t, filepath.Join(dir, "moica.crt"), p.moica.cert)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "MOICA.CER"), p.moica.cert.Raw, 0o600))
	writePEM(t, filepath.Join(dir, "all.pem"), p.root.cert, p.moica.cert, old.cert)
	writePEM(t, filepath.Join(dir, ".hidden.pem"), newCard(t, p.moica, nil).cert)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "sub"), 0o700))
	roots, intermediates, err := verify.LoadTrust(dir)
	require.NoError(t, err)
	require.Len(t, roots, 1)
	require.Len(t, intermediates, 2)
	config := verify.Config{Roots: roots, Intermediates: intermediates, Clock: clock}
	_, err = login(t, config, newCard(t, p.moica, nil))
	assert.NoError(t, err)
	_, err = login(t, config, newCard(t, old, nil))
	assert.ErrorIs(t, err, verify.ErrIssuerExpired, "an expired CA is told from an unknown one")
}

func TestLoadTrustRefuses(t *testing.T) {
	p := newPKI(t)
	whole := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.root.cert.Raw})
	for name, c := range map[string]struct {
		make func(name string) error
		want string
	}{
		"cut off after another": {func(name string) error { return os.WriteFile(name, append(whole, whole[:len(whole)/2]...), 0o600) }, "cut off"},
		"too large":             {func(name string) error { return os.WriteFile(name, append(whole, make([]byte, 1<<20)...), 0o600) }, "over"},
		"DER with a rest":       {func(name string) error { return os.WriteFile(name, append(p.root.cert.Raw, 0), 0o600) }, "trailing"},
		"a folder":              {func(name string) error { return os.Mkdir(name, 0o700) }, "regular"},
		"a pipe":                {func(name string) error { return syscall.Mkfifo(name, 0o600) }, "regular"},
		"a link to nothing":     {func(name string) error { return os.Symlink("nowhere", name) }, "no such file"},
		"a link in a circle":    {func(name string) error { return os.Symlink(name, name) }, "symbolic links"},
		"a device":              {func(name string) error { return os.Symlink("/dev/zero", name) }, "regular"},
	} {
		dir := t.TempDir()
		writePEM(t, filepath.Join(dir, "good.pem"), p.root.cert)
		require.NoError(t, c.make(filepath.Join(dir, "bad.pem")))
		roots, intermediates, err := verify.LoadTrust(dir)
		require.ErrorContains(t, err, c.want, name)
		assert.ErrorContains(t, err, "bad.pem", name)
		assert.Empty(t, roots, "half the trust is none")
		assert.Empty(t, intermediates)
	}
	dir := t.TempDir()
	for i := range 1001 {
		require.NoError(t, os.WriteFile(filepath.Join(dir, strconv.Itoa(i)+".pem"), whole, 0o600))
	}
	_, _, err := verify.LoadTrust(dir)
	assert.ErrorContains(t, err, "over 1000 files")
}
