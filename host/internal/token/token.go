// Package token is the card as PKCS#11 shows it.
//
// PKCS#11, PC/SC and the PIN live here, nowhere else. A vendor's module is never loaded into this process: it is C code that
// may crash or hang, and a goroutine stuck in C cannot be ended. It runs in short-lived children of the same binary: the
// scanner lists certificates, never sees a PIN; the signer makes one signature. PC/SC itself tells of readers and cards.
package token

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"sync"
	"time"
)

// Config is what the room needs from the outside.
type Config struct {
	Executable string   // this binary
	ChildEnv   []string // all that children see of the environment
	Modules    []string // absolute paths that IT named; empty: the known ones
	Home       string   // for modules that vendors install per person; may be empty
	LockDir    string   // for readers' locks; made if it is not there
	Deadlines  Deadlines
	// SystemModules lets only such modules be loaded that nobody but administrators can replace: the agent works for several persons.
	SystemModules bool
}

// Deadlines are how long a child may take; zero values become the defaults.
type Deadlines struct {
	Scan    time.Duration // 10 s
	Prepare time.Duration // 15 s
	Login   time.Duration // 20 s; at a PIN pad three times as long, since a person types
	Sign    time.Duration // 30 s
	Reset   time.Duration // 3 s
}

// DefaultDeadlines are those of a host to which IT told none.
func DefaultDeadlines() Deadlines { return Deadlines{}.withDefaults() }

func (d Deadlines) withDefaults() Deadlines {
	for _, x := range []struct {
		value *time.Duration
		def   time.Duration
	}{{&d.Scan, 10 * time.Second}, {&d.Prepare, 15 * time.Second}, {&d.Login, 20 * time.Second}, {&d.Sign, 30 * time.Second}, {&d.Reset, 3 * time.Second}} {
		if *x.value == 0 {
			*x.value = x.def
		}
	}
	return d
}

// PadTime is how long a person may take at a PIN pad.
func (p *Signer) PadTime() time.Duration { return padLogins * p.s.cfg.Deadlines.Login }

const padLogins = 3

// Service is the room's door. It is safe for concurrent use.
type Service struct {
	cfg      Config
	watcher  *watcher
	tries    triesMemory
	mu       sync.Mutex
	children map[*child]struct{} // nil: closed
	scans    chan struct{}       // those under way
}

// maxScans at once: a page that asks for many lists must not keep others from their cards.
const maxScans = 4

// New makes a Service; nothing is started before it is needed.
func New(cfg Config) *Service {
	cfg.Deadlines = cfg.Deadlines.withDefaults()
	return &Service{cfg: cfg, watcher: newWatcher(), children: map[*child]struct{}{}, scans: make(chan struct{}, maxScans)}
}

var errClosed = errors.New("token: the service is closed")

// Close ends every child and the watch. Signers' Close must have been called before: they reset their cards.
func (s *Service) Close() {
	s.mu.Lock()
	children := s.children
	s.children = nil
	s.mu.Unlock()
	for c := range children {
		c.end()
	}
	s.watcher.close()
}

func (s *Service) remember(c *child) error {
	s.mu.Lock()
	if s.children != nil {
		s.children[c] = struct{}{}
		s.mu.Unlock()
		return nil
	}
	s.mu.Unlock()
	c.end()
	return errClosed
}

func (s *Service) forget(c *child) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.children, c)
}

// Modules are the modules that a scan would use; those named by IT also when the file is missing.
func (s *Service) Modules() []Module { return findModules(s.cfg.Modules, s.cfg.Home) }

// Certificate is one certificate on one card.
type Certificate struct {
	X509   *x509.Certificate
	Reader string // PC/SC's name; for a module without readers the slot's description
	Token  string // the token's label
	Pad    bool   // the module takes the PIN at the reader's own keys
	keyID  []byte
	module Module
	slot   uint
	serial string
	inPCSC bool // Reader is PC/SC's
	direct bool // crypto11 cannot open it
}

// ID is the SHA-256 of the certificate, in lower-case hex.
func (c Certificate) ID() string {
	sum := sha256.Sum256(c.X509.Raw)
	return hex.EncodeToString(sum[:])
}

// Serial is the token's serial number: on Taiwan's cards the number that is printed on them (PKCS#11, CK_TOKEN_INFO).
func (c Certificate) Serial() string { return c.serial }

// ModulePath is the path of the module that showed the certificate.
func (c Certificate) ModulePath() string { return c.module.Path }
