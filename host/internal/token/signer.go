package token

import (
	"crypto"
	"crypto/x509"
	"errors"
	"math"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/miekg/pkcs11"

	"github.com/cardbridge/cardbridge/host/internal/frame"
)

// serveSigner is the signer: one token, one login with its signatures. It takes the next PIN if one was wrong; it ends
// after the signatures, or at any failure that a new PIN cannot mend.
func serveSigner(frames <-chan []byte, w *frame.Writer, after *lastWill) int {
	var load loadOrder
	if json.Unmarshal(<-frames, &load, json.RejectUnknownMembers(true)) != nil {
		return 2
	}
	if load.Module != "" {
		pkcs11.New(load.Module) // loaded for good; openToken finds it in memory, or meets the same failure
	}
	var order signOrder
	if json.Unmarshal(<-frames, &order, json.RejectUnknownMembers(true)) != nil {
		return 2
	}
	cert, err := x509.ParseCertificate(order.Cert.DER)
	if err != nil {
		return 2
	}
	k, f := openToken(order.Module, order.Slot, order.Direct)
	if f == nil {
		var info pkcs11.TokenInfo
		if info, f = k.verify(order); f == nil {
			if reply(w, readyState(info)) != 0 {
				return 1
			}
		}
	}
	if f != nil {
		return reply(w, signerState{Phase: phaseFailed, Failure: f})
	}
	for {
		var request signRequest
		if json.Unmarshal(<-frames, &request, json.RejectUnknownMembers(true)) != nil {
			return 2
		}
		var pin PIN
		if !request.Pad {
			pin = newPIN(<-frames)
		}
		after.reset(order.Readers)
		state := k.serve(order, cert, request, pin, w)
		pin.Wipe()
		if reply(w, state) != 0 || !state.retriable() {
			waitForEnd()
		}
	}
}

// waitForEnd leaves the end to the parent, which kills, or to the end of its pipe, which resets the card.
func waitForEnd() {
	for {
		time.Sleep(time.Hour)
	}
}

// retriable: only what another PIN can mend goes on in the same process.
func (s signerState) retriable() bool {
	return s.Failure != nil && (s.Failure.Kind == failPINWrong || s.Failure.Kind == failPINLength || s.Failure.Kind == failTries)
}

func (k *openedKey) serve(order signOrder, cert *x509.Certificate, request signRequest, pin PIN, w *frame.Writer) signerState {
	info, f := k.verify(order)
	if f != nil {
		return signerState{Phase: phaseFailed, Failure: f}
	}
	if now := triesOf(info.Flags); now.worseThan(request.Told) {
		return signerState{Phase: phaseFailed, Failure: &failure{Kind: failTries}, Tries: now}
	}
	if reply(w, signerState{Phase: phaseLogin}) != 0 {
		return signerState{Phase: phaseFailed, Failure: &failure{Kind: failModule}}
	}
	if err := k.login(pkcs11.CKU_USER, pin); err != nil {
		return k.loginFailed(loginFailure(err, request.Pad))
	}
	if reply(w, signerState{Phase: phaseSign}) != 0 {
		return signerState{Phase: phaseFailed, Failure: &failure{Kind: failModule}}
	}
	for _, digest := range request.Digests {
		state := signerState{Phase: phaseSigned}
		state.Signature, state.Failure = k.sign(cert, order.Cert.KeyID, statement{digest, crypto.Hash(request.Hash), request.PSS}, pin)
		if reply(w, state) != 0 {
			return signerState{Phase: phaseFailed, Failure: &failure{Kind: failModule}}
		}
		if state.Failure != nil {
			break // the rest would fail too, and the parent tells so
		}
	}
	return signerState{Phase: phaseDone}
}

// lengths of a PIN as the token says them; 0, 0 where they are nonsense, which must keep nobody from typing a PIN.
func lengths(info pkcs11.TokenInfo) (shortest, longest int) {
	lo, hi := info.MinPinLen, info.MaxPinLen
	// CK_UNAVAILABLE_INFORMATION is all ones in the width of the module's long
	if lo > hi || lo > maxPIN || hi < leastPIN || uint32(hi) == math.MaxUint32 {
		return 0, 0
	}
	return int(lo), int(min(hi, maxPIN))
}

// leastPIN is the shortest that a token can have as its longest.
const leastPIN = 4

// loginFailed reads the tries again, for whoever asks for the next PIN.
func (k *openedKey) loginFailed(f *failure) signerState {
	state := signerState{Phase: phaseFailed, Failure: f, Tries: TriesUnknown}
	_, _ = k.p.GetSlotInfo(k.slot)
	if info, err := k.p.GetTokenInfo(k.slot); err == nil {
		state.Tries = triesOf(info.Flags)
	}
	if f.Kind == failPINLocked {
		state.Tries = TriesLocked
	}
	// flags that say something worse are believed: they are what the next PIN is compared with
	if said, ok := f.triesSaid(); ok && state.Tries != TriesLocked && state.Tries != TriesLast {
		state.Tries, state.Left = said.State, said.Left
	}
	return state
}

func readyState(info pkcs11.TokenInfo) signerState {
	shortest, longest := lengths(info)
	return signerState{
		Phase:  phaseReady,
		Tries:  triesOf(info.Flags),
		MinPIN: shortest,
		MaxPIN: longest,
		Pad:    info.Flags&pkcs11.CKF_PROTECTED_AUTHENTICATION_PATH != 0,
	}
}

// loginFailure reads an answer to C_Login. Only a pad has a key to cancel with.
func loginFailure(err error, pad bool) *failure {
	f := moduleFailure("C_Login", err)
	switch f.Code {
	case pkcs11.CKR_PIN_INCORRECT:
		f.Kind = failPINWrong
	case pkcs11.CKR_PIN_LOCKED:
		f.Kind = failPINLocked
	case pkcs11.CKR_PIN_LEN_RANGE, pkcs11.CKR_PIN_INVALID:
		f.Kind = failPINLength
	case pkcs11.CKR_FUNCTION_CANCELED, pkcs11.CKR_CANCEL:
		if pad {
			f.Kind = failPadCancel
		}
	}
	if n, ok := vendorTries(f.Code); ok {
		f.Kind = failPINWrong
		if n == 0 {
			f.Kind = failPINLocked
		}
	}
	return f
}

func (f *failure) asPINError(tries Tries) error {
	switch {
	case f == nil:
		return errors.New("token: no failure")
	case f.Kind == failPINLocked, f.Kind == failPINWrong && tries.State == TriesLocked:
		return &PINError{PINIsLocked, Tries{State: TriesLocked}}
	case f.Kind == failPINWrong:
		return &PINError{PINWrong, tries}
	case f.Kind == failTries && tries.State == TriesLocked:
		return &PINError{PINIsLocked, tries}
	case f.Kind == failTries:
		return &PINError{PINTriesChanged, tries}
	case f.Kind == failPINLength:
		return &PINError{PINLength, tries}
	}
	return nil
}
