package token

import (
	"errors"
	"fmt"
)

// What can happen to a card or to what stands between us.
var (
	ErrCardRemoved = errors.New("token: the card was pulled out")
	ErrCardChanged = errors.New("token: another card is in the reader")
	ErrBusy        = errors.New("token: another process has the lock")
	ErrNotReset    = errors.New("token: the card could not be reset and may still be verified")
	ErrKeyMissing  = errors.New("token: the card has no private key for this certificate")
	ErrPadCancel   = errors.New("token: the person cancelled at the PIN pad")
	ErrPadTimeout  = errors.New("token: nobody typed at the PIN pad in time")
)

// ModuleReason tells how a module failed.
type ModuleReason string

// The ways in which a module fails.
const (
	ModuleMissing ModuleReason = "missing" // no such file
	ModuleInvalid ModuleReason = "invalid" // a file that cannot be loaded, or is no module
	ModuleFailed  ModuleReason = "failed"  // an error, garbage, or the death of its process
	ModuleTimeout ModuleReason = "timeout" // no answer in time; its process was ended
	// ModuleUntrusted: others than administrators could replace the file, so that it is not loaded; Call says which file or folder
	ModuleUntrusted ModuleReason = "untrusted"
)

// ModuleError says that a PKCS#11 module failed. Code is the CKR value, 0 if there was none.
type ModuleError struct {
	Path   string
	Reason ModuleReason
	Call   string
	Code   uint
}

func (e *ModuleError) Error() string {
	return fmt.Sprintf("token: module %s: %s in %s (CKR 0x%X)", e.Path, e.Reason, e.Call, e.Code)
}

// PINReason tells why a PIN did not open the card.
type PINReason string

// The ways in which a PIN fails. Unknown: the module hung in C_Login, so the card may or may not have counted the try.
// TriesChanged: another program used tries since the person was asked; the PIN was not given to the card.
const (
	PINWrong    PINReason = "wrong"
	PINLength   PINReason = "length" // refused before the card counted it
	PINIsLocked PINReason = "locked"
	PINUnknown  PINReason = "unknown"

	PINTriesChanged PINReason = "triesChanged"
)

// PINError says that a PIN did not open the card, and what is known of the tries now.
type PINError struct {
	Reason PINReason
	Tries  Tries
}

func (e *PINError) Error() string {
	return fmt.Sprintf("token: PIN %s (tries: %s)", e.Reason, e.Tries.State)
}
