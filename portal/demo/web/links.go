package web

import (
	_ "embed"
	"fmt"
	"html/template"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/cardbridge/cardbridge/portal/verify"
)

// Links is what an operator of the portal sets: where people are sent. Each text is by language.
type Links struct {
	// HelpDesk is whom people call; Href is https, mailto or tel, or empty.
	HelpDesk Link `json:"helpDesk"`
	// Unlock are the CAs' pages for locked cards.
	Unlock []UnlockLink `json:"unlock"`
	// Install says what to install, by what is missing. The first that fits browser and system counts.
	Install []InstallLink `json:"install"`
	// OtherLogins stand beside the card login. This is the hook for a portal's other ways in: a link to a page of its own;
	// without Href the way is named as not there.
	OtherLogins []Link `json:"otherLogins"`
	// AgencyNext is where an agency goes on after its card was verified, or no Href.
	AgencyNext Link `json:"agencyNext"`
}

// Link is a text with a place.
type Link struct {
	Text map[string]string `json:"text"`
	Href string            `json:"href,omitzero"`
}

// URL is the place for a template, which of itself knows no tel: the schemes were checked when the links were read.
func (l Link) URL() template.URL { return template.URL(l.Href) }

// UnlockLink is a CA's page for a card kind.
type UnlockLink struct {
	CardKind verify.CardKind `json:"cardKind"`
	Link
}

// InstallLink fits when Part is missing and Browser and System, unless empty, are the visitor's.
type InstallLink struct {
	Part    string `json:"part"`             // extension, host, module
	Browser string `json:"browser,omitzero"` // chrome, edge, firefox
	System  string `json:"system,omitzero"`  // windows, macos, linux
	Link
}

//go:embed links.json
var linksJSON []byte

// DefaultLinks are for a portal that has not set its own.
func DefaultLinks() Links {
	links, err := parseLinks(linksJSON)
	if err != nil {
		panic(err) // embedded; a test reads it
	}
	return links
}

// LoadLinks reads a file; errors name the member at fault.
func LoadLinks(path string) (Links, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Links{}, err
	}
	links, err := parseLinks(data)
	if err != nil {
		return Links{}, fmt.Errorf("%s: %w", path, err)
	}
	return links, nil
}

func parseLinks(data []byte) (Links, error) {
	var links Links
	if err := json.Unmarshal(data, &links, json.RejectUnknownMembers(true)); err != nil {
		return Links{}, err
	}
	return links, links.check()
}

func (l Links) check() error {
	check := func(name string, link Link, schemes ...string) error {
		for _, lang := range languages {
			if link.Text[lang] == "" {
				return fmt.Errorf("%s.text lacks %s", name, lang)
			}
		}
		at, err := url.Parse(link.Href)
		if err == nil && link.Href != "" && at.Scheme == "" && (at.Host != "" || !strings.HasPrefix(link.Href, "/")) {
			return fmt.Errorf("%s.href %q: a place of this portal begins with one /", name, link.Href)
		}
		if link.Href == "" || err == nil && slices.Contains(schemes, at.Scheme) {
			return nil
		}
		return fmt.Errorf("%s.href %q: use one of %v", name, link.Href, schemes)
	}
	err := check("helpDesk", l.HelpDesk, "https", "mailto", "tel")
	for i, link := range l.Unlock {
		err = first(err, check(fmt.Sprintf("unlock[%d]", i), link.Link, "https"))
	}
	for i, link := range l.Install {
		err = first(err, check(fmt.Sprintf("install[%d]", i), link.Link, "https"))
		if !slices.Contains([]string{"extension", "host", "module"}, link.Part) || !slices.Contains([]string{"", "chrome", "edge", "firefox"}, link.Browser) ||
			!slices.Contains([]string{"", "windows", "macos", "linux"}, link.System) {
			err = first(err, fmt.Errorf("install[%d]: part %q, browser %q or system %q is not known", i, link.Part, link.Browser, link.System))
		}
	}
	for i, link := range l.OtherLogins {
		err = first(err, check(fmt.Sprintf("otherLogins[%d]", i), link, "https", ""))
	}
	return first(err, check("agencyNext", l.AgencyNext, "https", ""))
}

func first(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func (l Links) isZero() bool { return l.HelpDesk.Text == nil }
