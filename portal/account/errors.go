package account

// Reason says why a proved card opens no account, in one word that a portal can translate. Each is an error for errors.Is.
type Reason string

// Error implements error.
func (r Reason) Error() string { return reasonTexts[r] }

// Reasons of *Refused.
const (
	ErrCardKind      Reason = "wrongCardKind"         // neither a citizen's nor an agency's card
	ErrIncomplete    Reason = "incompleteCertificate" // lacks what an account is bound to or compared with
	ErrMalformed     Reason = "malformedAccount"      // what was typed can be neither account nor ID number; not counted
	ErrNotInFile     Reason = "notInFile"             // no such account or ID number
	ErrOtherHolder   Reason = "otherHolder"           // it belongs to somebody else than the card's holder
	ErrLeftOffice    Reason = "leftOffice"            // 卸職
	ErrVanished      Reason = "vanished"              // bound before, but the person is in the file no more
	ErrTooManyTries  Reason = "tooManyTries"          // today's failures of this card are used up
	ErrMeanwhile     Reason = "boundMeanwhile"        // card or account was bound by another login at the same moment
	ErrUnknownAgency Reason = "unknownAgency"         // the agency's OID is in no agency code file
)

var reasonTexts = map[Reason]string{
	ErrCardKind:      "neither a citizen card nor an agency card; use one of these",
	ErrIncomplete:    "the certificate lacks its holder's serial number or last four characters; ask its issuer",
	ErrMalformed:     "neither a custom account nor an ID number; correct what was typed",
	ErrNotInFile:     "not in the personnel file; correct what was typed, or have the personnel office report the person",
	ErrOtherHolder:   "account or ID number belongs to somebody else than the card's holder; type the holder's own",
	ErrLeftOffice:    "the person has left office; if that is wrong, the personnel office must report the person as in office",
	ErrVanished:      "the bound person is in the personnel file no more; the personnel office must report the person",
	ErrTooManyTries:  "too many wrong accounts for this card today; try again tomorrow, or ask the help desk",
	ErrMeanwhile:     "card or account was bound at this moment by another login; log in again",
	ErrUnknownAgency: "the agency is not in the agency code file; ask the help desk if its code was applied for",
}

// Refused is the desk's no to a card that is genuine.
type Refused struct {
	Reason Reason
	// Left is how often an account may still be tried today with this card; meaningful for ErrNotInFile and ErrOtherHolder.
	Left int
	// Person is whom it is about, where the desk knows.
	Person Hash
}

// Error implements error.
func (r *Refused) Error() string { return r.Reason.Error() }

// Is lets errors.Is find the reason.
func (r *Refused) Is(target error) bool { return target == error(r.Reason) }
