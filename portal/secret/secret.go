// Package secret derives a portal's keys from one file that its processes share.
package secret

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const size = 32

// ErrMalformed: the file holds no secret of ours.
var ErrMalformed = errors.New("not a secret: 32 bytes in base64 are wanted; restore the file from the backup, a new one makes every stored ID number unfindable")

// Secret is 32 random bytes. It shows itself to nobody: no verb, no marshaller gives it away.
type Secret struct{ bytes *[size]byte }

// Format implements fmt.Formatter.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[secret]") }

// MarshalText implements encoding.TextMarshaler by failing.
func (Secret) MarshalText() ([]byte, error) { return nil, errors.New("a secret is not written down") }

// New gives a fresh secret, for a portal that is thrown away with its database.
func New() Secret {
	var s [size]byte
	rand.Read(s[:]) // never fails since Go 1.24
	return Secret{&s}
}

// Load reads a file. fs.ErrNotExist if there is none; ErrMalformed; a file that others than its owner may read is refused.
func Load(path string) (Secret, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Secret{}, err
	}
	if err := private(path, info); err != nil {
		return Secret{}, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return Secret{}, err
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(data)))
	if err != nil || len(raw) != size {
		return Secret{}, fmt.Errorf("%s: %w", path, ErrMalformed)
	}
	return Secret{(*[size]byte)(raw)}, nil
}

// LoadOrCreate makes the file if there is none. Of several processes that start at once all get the same.
func LoadOrCreate(path string) (Secret, error) {
	s, err := Load(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	made := New()
	// Written beside, then linked: a link fails if the name is there, so nobody reads half a file or overwrites one.
	beside, err := os.CreateTemp(filepath.Dir(path), ".secret-*")
	if err != nil {
		return Secret{}, err
	}
	defer os.Remove(beside.Name())
	_, err = fmt.Fprintln(beside, base64.StdEncoding.EncodeToString(made.bytes[:]))
	if err := errors.Join(err, beside.Sync(), beside.Close()); err != nil {
		return Secret{}, err
	}
	if err := os.Link(beside.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return Secret{}, err
	}
	return Load(path)
}

// Key derives the 32 byte key of one purpose (HKDF, RFC 5869).
func (s Secret) Key(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, s.bytes[:], nil, "cardbridge portal "+purpose, size)
	if err != nil {
		panic(err) // only for lengths that SHA-256 does not reach
	}
	return key
}
