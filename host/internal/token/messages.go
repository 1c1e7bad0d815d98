package token

// The private messages between this room and its children. Both ends are the same binary of the same build, but a child has
// run a vendor's code: what comes from it is decoded as strictly as anything from outside.

// The children's roles, as their first argument names them.
const (
	RoleScanner = "token-scanner"
	RoleSigner  = "token-signer"
)

// scanOrder is the scanner's one order.
type scanOrder struct {
	Module string   `json:"module"`
	Skip   []string `json:"skip"` // readers that a vendor module claimed
	// Probe: what the module is, and no slot.
	Probe bool `json:"probe,omitzero"`
}

type scanReport struct {
	Slots   []slotReport `json:"slots"`
	Library *Library     `json:"library,omitzero"` // of a probe
	Failure *failure     `json:"failure,omitzero"`
}

type slotReport struct {
	Slot         uint         `json:"slot"`
	Reader       string       `json:"reader"` // the slot's description
	Label        string       `json:"label"`
	Serial       string       `json:"serial"`
	Manufacturer string       `json:"manufacturer"`
	Pad          bool         `json:"pad,omitzero"` // the PIN is typed at the reader
	Certificates []certReport `json:"certificates"`
	// Unreadable counts the certificates that could not be read, or are too large to be one.
	Unreadable int      `json:"unreadable,omitzero"`
	Failure    *failure `json:"failure,omitzero"`
}

type certReport struct {
	DER   []byte `json:"der"`
	KeyID []byte `json:"keyID"`
}

// loadOrder comes before a signOrder, perhaps long before: the module's file is loaded, none of its functions is called.
type loadOrder struct {
	Module string `json:"module"` // "": not known yet
}

// signOrder begins a signer: it opens the token, checks that it is the right one, answers with a signerState.
type signOrder struct {
	Module string     `json:"module"`
	Slot   uint       `json:"slot"`
	Serial string     `json:"serial"`
	Cert   certReport `json:"cert"`
	// Readers are those to reset should the parent be gone while the card may be verified.
	Readers []string `json:"readers"`
	Direct  bool     `json:"direct"` // without crypto11
}

// signRequest asks for signatures with one login. The PIN follows as a frame of its own, raw, unless the reader has a PIN pad.
type signRequest struct {
	Digests [][]byte `json:"digests"`
	Hash    uint     `json:"hash"` // crypto.Hash
	PSS     bool     `json:"pss"`
	Pad     bool     `json:"pad"`
	// Told is what the person was told of the tries when the PIN was asked.
	Told TriesState `json:"told"`
}

// signerState is all that a signer says: that it is ready, where it is, how it ended.
type signerState struct {
	Phase     string     `json:"phase"` // ready, login, sign, signed, done, failed
	Tries     TriesState `json:"tries,omitzero"`
	Left      int        `json:"left,omitzero"`
	MinPIN    int        `json:"minPIN,omitzero"`
	MaxPIN    int        `json:"maxPIN,omitzero"`
	Pad       bool       `json:"pad,omitzero"`
	Signature []byte     `json:"signature,omitzero"`
	Failure   *failure   `json:"failure,omitzero"`
}

// The phases of a signer.
const (
	phaseReady  = "ready"
	phaseLogin  = "login" // from here on the PIN counts as spent
	phaseSign   = "sign"
	phaseSigned = "signed" // one of several: Signature, or Failure
	phaseDone   = "done"
	phaseFailed = "failed"
)

// failure is a typed error on its way out of a child.
type failure struct {
	Kind string `json:"kind"`
	Call string `json:"call,omitzero"`
	Code uint   `json:"code,omitzero"`
}

// The kinds of failure.
const (
	failMissing    = "missing" // the module's file
	failInvalid    = "invalid" // the file is no module for this process
	failModule     = "module"
	failUnknown    = "notRecognised"
	failRemoved    = "removed"
	failChanged    = "changed"
	failKeyMissing = "keyMissing"
	failPINWrong   = "pinWrong"
	failPINLength  = "pinLength"
	failPINLocked  = "pinLocked"
	failPadCancel  = "padCancel"
	failTries      = "tries" // fewer tries than the person was told
)

func (f *failure) asError(module string) error {
	switch f.Kind {
	case failMissing:
		return &ModuleError{module, ModuleMissing, f.Call, f.Code}
	case failInvalid:
		return &ModuleError{module, ModuleInvalid, f.Call, f.Code}
	case failRemoved:
		return ErrCardRemoved
	case failChanged:
		return ErrCardChanged
	case failKeyMissing:
		return ErrKeyMissing
	case failPadCancel:
		return ErrPadCancel
	}
	return &ModuleError{module, ModuleFailed, f.Call, f.Code}
}
