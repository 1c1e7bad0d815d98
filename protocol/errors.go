package protocol

import (
	_ "embed"
	"fmt"
	"sync"

	"github.com/go-json-experiment/json"
)

// Code names an error; errors.json says who must act, with texts in both languages.
type Code string

// The codes that the host sends. errors.json has more: those that only extension or SDK can find.
const (
	ParseError     Code = "parseError"
	InvalidRequest Code = "invalidRequest"
	UnknownMethod  Code = "unknownMethod"
	InvalidParams  Code = "invalidParams"
	Internal       Code = "internal"

	UserCancelled       Code = "userCancelled"
	UserTimeout         Code = "userTimeout"
	PINLocked           Code = "pinLocked"
	CardRemoved         Code = "cardRemoved"
	NoReader            Code = "noReader"
	NoCard              Code = "noCard"
	CardNotRecognised   Code = "cardNotRecognised"
	CardBusy            Code = "cardBusy"
	WindowBusy          Code = "windowBusy"
	NoUsableCertificate Code = "noUsableCertificate"
	WrongCard           Code = "wrongCard"
	PINOutcomeUnknown   Code = "pinOutcomeUnknown"
	CardChanged         Code = "cardChanged"
	ComputerSlept       Code = "computerSlept"
	CardNumberMissing   Code = "cardNumberMissing"
	OtherCertificate    Code = "otherCertificate"
	WrongIssuer         Code = "wrongIssuer"
	PINPadRequired      Code = "pinPadRequired"

	PCSCNotRunning        Code = "pcscNotRunning"
	PCSCMissing           Code = "pcscMissing"
	NoModule              Code = "noModule"
	ModuleFailed          Code = "moduleFailed"
	ModuleTimeout         Code = "moduleTimeout"
	ModuleInvalid         Code = "moduleInvalid"
	SessionInactive       Code = "sessionInactive"
	CardNotReset          Code = "cardNotReset"
	HostExited            Code = "hostExited"
	HostOutdated          Code = "hostOutdated"
	ExtensionOutdated     Code = "extensionOutdated"
	OriginNotAllowed      Code = "originNotAllowed"
	OperationNotAllowed   Code = "operationNotAllowed"
	PINFromPageNotAllowed Code = "pinFromPageNotAllowed"
	PolicyInvalid         Code = "policyInvalid"

	NonceInvalid         Code = "nonceInvalid"
	AlgorithmUnsupported Code = "algorithmUnsupported"
	OriginInvalid        Code = "originInvalid"
	DuplicateID          Code = "duplicateId"
	HelloRequired        Code = "helloRequired"
	MessageTooLarge      Code = "messageTooLarge"
	TooManyRequests      Code = "tooManyRequests"
	Cancelled            Code = "cancelled"
	PromptFailed         Code = "promptFailed"
	DocumentInvalid      Code = "documentInvalid"
)

// Facts are what a reader of an error may need beside its code. Never raw text of a library, never anything secret.
type Facts struct {
	Offset    int64  `json:"offset,omitzero"`    // of the first bad byte in the message
	ID        string `json:"id,omitzero"`        // the id that was used twice
	Origin    string `json:"origin,omitzero"`    // the origin that IT would have to allow
	Operation string `json:"operation,omitzero"` // the operation that IT would have to allow
	Module    string `json:"module,omitzero"`    // the PKCS#11 module's path
	Reader    string `json:"reader,omitzero"`
	UnlockURL string `json:"unlockURL,omitzero"`
	// HelpDesk is whom the person can ask; for portals that are granted something.
	HelpDesk HelpDesk `json:"helpDesk,omitzero"`
}

// HelpDesk is whom a person can ask, as IT's policy says it.
type HelpDesk struct {
	Text  string `json:"text,omitzero"`
	Phone string `json:"phone,omitzero"`
	URL   string `json:"url,omitzero"` // https
	Email string `json:"email,omitzero"`
}

// Error is an error as it travels: a code, facts, the id of the operation in the host's log.
type Error struct {
	Code      Code
	Operation string
	Facts     Facts
}

func (e *Error) Error() string { return "protocol: " + string(e.Code) }

// Is makes errors.Is compare codes, so that &Error{Code: X} serves as the sentinel of X.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

type errorObject struct {
	Code    int       `json:"code"`
	Message string    `json:"message"`
	Data    errorData `json:"data"`
}

type errorData struct {
	Code      Code   `json:"code"`
	Who       string `json:"who"`
	Operation string `json:"operation,omitzero"`
	Facts     Facts  `json:"facts,omitzero"`
}

func (e *errorObject) asError() *Error {
	if e == nil {
		return nil
	}
	return &Error{Code: e.Data.Code, Operation: e.Data.Operation, Facts: e.Data.Facts}
}

func (e *Error) object() (*errorObject, error) {
	row, ok := Table()[e.Code]
	if !ok {
		return nil, fmt.Errorf("protocol: errors.json has no row for %q", e.Code)
	}
	return &errorObject{
		Code:    row.Number,
		Message: row.En.Message,
		Data:    errorData{Code: e.Code, Who: row.Who, Operation: e.Operation, Facts: e.Facts},
	}, nil
}

// Text says what happened (Message), what to do about it (Hint).
type Text struct {
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

// Row is one line of errors.json.
type Row struct {
	Code   Code   `json:"code"`
	Number int    `json:"number"`
	Who    string `json:"who"`
	ZhTW   Text   `json:"zh-TW"`
	En     Text   `json:"en"`
}

//go:embed errors.json
var errorsJSON []byte

// Table is errors.json by code. It is read at the first error, since most starts of the host never need it.
var Table = sync.OnceValue(func() map[Code]Row {
	var file struct {
		Comment string `json:"comment"`
		Errors  []Row  `json:"errors"`
	}
	if err := json.Unmarshal(errorsJSON, &file, json.RejectUnknownMembers(true)); err != nil {
		panic("protocol: errors.json: " + err.Error()) // a test reads it, so no build that passed can be here
	}
	table := make(map[Code]Row, len(file.Errors))
	for _, row := range file.Errors {
		table[row.Code] = row
	}
	return table
})
