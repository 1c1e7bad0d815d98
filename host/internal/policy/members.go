package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The languages that a window can speak.
var languages = []string{"zh-TW", "en"}

// Where a portal's PIN may be typed.
const (
	SourceAny = "any"
	SourcePad = "pad" // at the reader alone
)

var pinSources = []string{SourceAny, SourcePad}

// Install are the pages where what is missing can be got; "": none is shown.
type Install struct {
	Module string `json:"module,omitzero"` // the card's PKCS#11 module
	Reader string `json:"reader,omitzero"` // a reader's driver
	PCSC   string `json:"pcsc,omitzero"`   // the PC/SC service
}

// HelpDesk is whom a person can ask; "": not shown.
type HelpDesk struct {
	Text  string `json:"text,omitzero"` // a room, an extension, hours
	Phone string `json:"phone,omitzero"`
	URL   string `json:"url,omitzero"`
	Email string `json:"email,omitzero"`
}

// Log is what is logged where; zero values: the log room's own.
type Log struct {
	Level        string `json:"level,omitzero"`
	Folder       string `json:"folder,omitzero"` // the service's alone: a person cannot write an administrator's folder
	MaxMegabytes int    `json:"maxMegabytes,omitzero"`
}

var logLevels = []string{"error", "warn", "info", "debug"}

const (
	maxLogMegabytes = 1000
	maxHelpText     = 120
	// maxIssuer is how much of an issuer's name is shown.
	maxIssuer = 200
)

func (d *document) checkLanguage() *Fault {
	if d.Language != "" && !slices.Contains(languages, d.Language) {
		return fault("language", "/language", quote(d.Language), strings.Join(languages, ", "))
	}
	return nil
}

// checkCard judges which cards a portal may ask for, and where their PIN is typed.
func (p portal) checkCard(place string) *Fault {
	for i, issuer := range p.Issuers {
		if !validName(issuer, maxIssuer) {
			return fault("issuer", fmt.Sprintf("%s/issuers/%d", place, i), quote(issuer), strconv.Itoa(maxIssuer))
		}
	}
	switch {
	case p.PINSource != "" && !slices.Contains(pinSources, p.PINSource):
		return fault("pinSource", place+"/pinSource", quote(p.PINSource), strings.Join(pinSources, ", "))
	case p.PINSource == SourcePad && p.PINFromPage:
		return fault("pinConflict", place+"/pinFromPage", "", "")
	}
	return nil
}

func (d *document) checkInstall() *Fault {
	for _, link := range []struct{ name, address string }{{"module", d.Install.Module}, {"reader", d.Install.Reader}, {"pcsc", d.Install.PCSC}} {
		if link.address != "" && !validLink(link.address) {
			return fault("address", "/install/"+link.name, quote(link.address), "")
		}
	}
	return nil
}

func (d *document) checkHelpDesk() *Fault {
	h := d.HelpDesk
	first, _ := utf8.DecodeRuneInString(h.Text)
	switch {
	case h.Text != "" && (unicode.Is(unicode.Z, first) || !validName(h.Text, maxHelpText)):
		return fault("helpText", "/helpDesk/text", quote(h.Text), strconv.Itoa(maxHelpText))
	case h.Phone != "" && !validPhone(h.Phone):
		return fault("phone", "/helpDesk/phone", quote(h.Phone), "")
	case h.URL != "" && !validLink(h.URL):
		return fault("address", "/helpDesk/url", quote(h.URL), "")
	case h.Email != "" && !validEmail(h.Email):
		return fault("email", "/helpDesk/email", quote(h.Email), "")
	}
	return nil
}

func (d *document) checkLog() *Fault {
	switch l := d.Log; {
	case l.Level != "" && !slices.Contains(logLevels, l.Level):
		return fault("logLevel", "/log/level", quote(l.Level), strings.Join(logLevels, ", "))
	case l.Folder != "" && !validPath(l.Folder):
		return fault("logFolder", "/log/folder", quote(l.Folder), "")
	case l.MaxMegabytes < 0 || l.MaxMegabytes > maxLogMegabytes:
		return fault("logSize", "/log/maxMegabytes", strconv.Itoa(l.MaxMegabytes), strconv.Itoa(maxLogMegabytes))
	}
	return nil
}

// Language is the window's, where IT decides it.
func (p *Policy) Language() string { return p.doc.Language }

// Install are the links that the document names.
func (p *Policy) Install() Install { return p.doc.Install }

// HelpDesk is whom a person can ask.
func (p *Policy) HelpDesk() HelpDesk { return p.doc.HelpDesk }

// Log is what the document says of the log.
func (p *Policy) Log() Log { return p.doc.Log }

// Audit tells whether operations leave their audit line. Of a document that cannot be used nothing is known, so that they do.
func (p *Policy) Audit() bool { return p.doc.Audit == nil || *p.doc.Audit }
