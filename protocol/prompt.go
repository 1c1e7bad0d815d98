package protocol

// The states of a prompt.
const (
	StateChoose  = "choose"
	StateWait    = "wait"
	StatePIN     = "pin"
	StatePINPad  = "pinPad"
	StateLastTry = "lastTry"
	StateLocked  = "locked"
)

// What a prompt's notice says has just happened.
const (
	NoticeWrongPIN       = "wrongPIN"
	NoticePINTooShort    = "pinTooShort"
	NoticePINTooLong     = "pinTooLong"
	NoticePINRefused     = "pinRefused" // by the module, for its form; it was not checked
	NoticeCardChanged    = "cardChanged"
	NoticeOutcomeUnknown = "outcomeUnknown"
	NoticePINDropped     = "pinFromPageDropped"
	NoticeTriesChanged   = "triesChanged" // another program used a try since the PIN was asked; this PIN was not sent
)

// What a person answers.
const (
	ActionChoose   = "choose"
	ActionRetry    = "retry"
	ActionPIN      = "pin"
	ActionConfirm  = "confirm"
	ActionClose    = "close"
	ActionCancel   = "cancel"
	ActionTimeout  = "timeout"
	ActionReplaced = "replaced"
)

// PromptParams is what the host wants to be shown.
type PromptParams struct {
	Operation    string        `json:"operation"` // id of the request that it belongs to
	State        string        `json:"state"`
	Origin       string        `json:"origin"`
	Language     string        `json:"language,omitzero"`
	Reason       Code          `json:"reason,omitzero"`
	Notice       string        `json:"notice,omitzero"`
	Certificates []Certificate `json:"certificates,omitzero"`
	Certificate  *Certificate  `json:"certificate,omitzero"`
	Reader       string        `json:"reader,omitzero"`
	Tries        *Tries        `json:"tries,omitzero"`
	PINLength    *PINLength    `json:"pinLength,omitzero"`
	Kinds        []string      `json:"kinds,omitzero"`
	// Documents are what the PIN would sign; empty: a login.
	Documents      []PromptDocument `json:"documents,omitzero"`
	UnlockURL      string           `json:"unlockURL,omitzero"`
	InstallURL     string           `json:"installURL,omitzero"` // where what is missing can be got
	Issuers        []string         `json:"issuers,omitzero"`    // that IT allows, where another one's card is in
	HelpDesk       HelpDesk         `json:"helpDesk,omitzero"`
	Reference      string           `json:"reference,omitzero"` // the first eight digits of the operation's id in the log
	TimeoutSeconds int              `json:"timeoutSeconds"`
}

// Tries is what is known of the PIN's tries. State: unknown, atLeastTwo, exactly (with Left), last, locked.
type Tries struct {
	State string `json:"state"`
	Left  int    `json:"left,omitzero"`
}

// PINLength is in bytes of UTF-8, as the token gives it.
type PINLength struct {
	Min int `json:"min"`
	Max int `json:"max"`
}

// PromptResult is the person's answer.
type PromptResult struct {
	Action      string `json:"action"`
	Certificate string `json:"certificate,omitzero"`
	PIN         CutPIN `json:"pin,omitzero"`
}

// Check implements Params: each action has its own members.
func (p PromptResult) Check() error {
	wantCertificate, wantPIN := p.Action == ActionChoose, p.Action == ActionPIN
	if bool(p.PIN) != wantPIN || (p.Certificate != "") != wantCertificate || (wantCertificate && !isID(p.Certificate)) {
		return invalid
	}
	switch p.Action {
	case ActionChoose, ActionRetry, ActionPIN, ActionConfirm, ActionClose, ActionCancel, ActionTimeout, ActionReplaced:
		return nil
	}
	return invalid
}

// CardParams tells of a change in a reader.
type CardParams struct {
	Reader string `json:"reader"`
	State  string `json:"state"`
}

// ProgressParams tells how far an operation is. State: reading, verifying, signing, resetting.
type ProgressParams struct {
	Operation string `json:"operation"`
	State     string `json:"state"`
}
