package token

import (
	"sync"

	"github.com/miekg/pkcs11"
)

// TriesState is what is known of a PIN's tries.
type TriesState string

// The states of tries; a number is known only in TriesExactly.
const (
	TriesUnknown    TriesState = "unknown"
	TriesAtLeastTwo TriesState = "atLeastTwo"
	TriesExactly    TriesState = "exactly"
	TriesLast       TriesState = "last"
	TriesLocked     TriesState = "locked"
)

// Tries is what the module said of the PIN's tries.
type Tries struct {
	State TriesState
	Left  int
	// counted: from a number that the module said we have counted down ourselves, to know the last try; it is no number to show
	counted bool
}

// shown is what a person is told: a number only if the module said it.
func (t Tries) shown() Tries {
	if t.counted && t.State == TriesExactly {
		return Tries{State: TriesAtLeastTwo}
	}
	return Tries{State: t.State, Left: t.Left}
}

// worseThan tells that a person who was told the other state would spend a try that they do not know to be the last.
func (now TriesState) worseThan(told TriesState) bool {
	return (now == TriesLast && told != TriesLast) || (now == TriesLocked && told != TriesLocked)
}

// triesOf reads the token's flags (PKCS#11, CK_TOKEN_INFO). COUNT_LOW alone only says that a wrong PIN was tried once.
func triesOf(flags uint) TriesState {
	switch {
	case flags&pkcs11.CKF_USER_PIN_LOCKED != 0:
		return TriesLocked
	case flags&pkcs11.CKF_USER_PIN_FINAL_TRY != 0:
		return TriesLast
	case flags&pkcs11.CKF_LOGIN_REQUIRED == 0 || flags&pkcs11.CKF_USER_PIN_INITIALIZED == 0:
		return TriesUnknown
	}
	return TriesAtLeastTwo
}

// vendorTries reads Taiwan's vendor module, which says the tries left as CKR_VENDOR_DEFINED|n, in the width of its long
// (0x80000001, 0xFFFFFFFF80000001).
func vendorTries(code uint) (int, bool) {
	if low := uint32(code); low&pkcs11.CKR_VENDOR_DEFINED != 0 && low&^pkcs11.CKR_VENDOR_DEFINED <= 15 {
		return int(low &^ pkcs11.CKR_VENDOR_DEFINED), true
	}
	return 0, false
}

func exactly(n int) Tries {
	switch n {
	case 0:
		return Tries{State: TriesLocked}
	case 1:
		return Tries{State: TriesLast}
	}
	return Tries{State: TriesExactly, Left: n}
}

// numbered tells that a number was said, or that it is the last try: what later silence does not take back.
func (t Tries) numbered() bool { return t.State == TriesExactly || t.State == TriesLast }

// spent is what is left after one more try.
func (t Tries) spent() Tries {
	if t.State == TriesExactly {
		t = exactly(max(1, t.Left-1))
		t.counted = true
	}
	return t
}

// triesMemory keeps what vendors' codes last said of each token. Such modules say a number in the answer to C_Login alone: the
// next login would begin as if nothing were known.
type triesMemory struct {
	mu   sync.Mutex
	said map[string]Tries
}

func (m *triesMemory) of(token string) Tries {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.said[token]
}

// say keeps what has a number or is the last try; anything else forgets the token.
func (m *triesMemory) say(token string, t Tries) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if delete(m.said, token); t.numbered() && token != "" {
		if m.said == nil {
			m.said = map[string]Tries{}
		}
		m.said[token] = t
	}
}

// memoryKey names the signer's token; "": tokens that have no number cannot be told apart.
func (p *Signer) memoryKey() string {
	if p.cert.serial == "" {
		return ""
	}
	return p.cert.module.Path + "\x00" + p.cert.serial
}

// settle tells what is known of the tries after a state: they never become more without a number from the module.
func (p *Signer) settle(state signerState) Tries {
	now := Tries{State: state.Tries, Left: state.Left}
	if now.State == "" || now.State == TriesAtLeastTwo && p.cert.module.Vendor {
		now = Tries{State: TriesUnknown} // vendors' modules set no flags, so that none is missing
	}
	_, said := state.Failure.triesSaid()
	switch silent := now.State == TriesUnknown || now.State == TriesAtLeastTwo; {
	case said:
		p.s.tries.say(p.memoryKey(), now)
	case silent && p.known.numbered():
		now = p.known
		if state.Failure != nil && state.Failure.Kind == failPINWrong {
			now = now.spent()
			p.remember(now)
		}
	case now.State.worseThan(p.known.State):
		p.s.tries.say(p.memoryKey(), Tries{}) // from here on the flags are believed
	}
	p.known = now
	return now.shown()
}

// remember changes what is remembered of a token of which a number was said.
func (p *Signer) remember(now Tries) {
	if key := p.memoryKey(); p.s.tries.of(key).numbered() {
		p.s.tries.say(key, now)
	}
}

// triesSaid is the number that came with an answer to C_Login, if one did.
func (f *failure) triesSaid() (Tries, bool) {
	if f == nil || (f.Kind != failPINWrong && f.Kind != failPINLocked) {
		return Tries{}, false
	}
	n, ok := vendorTries(f.Code)
	return exactly(n), ok
}
