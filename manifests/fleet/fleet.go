// Package fleet renders the policies with which an administrator gives the extension to every browser.
package fleet

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/cardbridge/cardbridge/manifests"
)

// Where browsers update what comes from their stores (Chrome's ExtensionInstallForcelist, Edge's likewise).
const (
	chromeStore = "https://clients2.google.com/service/update2/crx"
	edgeStore   = "https://edge.microsoft.com/extensionwebstorebase/v1/crx"
)

// Release says under which ids the extension is published. "": not there.
type Release struct {
	Chrome string // id of the Chrome Web Store
	Edge   string // id of Edge Add-ons
	Own    string // id of the agency's own packing, which UpdateURL's update manifest offers
	// UpdateURL is https, or http on loopback; Chrome's "update manifest", updates.xml.
	UpdateURL string
	// FirefoxURL is where Firefox takes the signed XPI.
	FirefoxURL string
	// Settings are the extension's managed storage; nil: none.
	Settings *Settings
}

// Settings are what the extension must know before it reaches the host (extension/managed.schema.json).
type Settings struct {
	Language   string    `json:"language,omitzero"`
	InstallURL string    `json:"installURL,omitzero"`
	HelpDesk   *HelpDesk `json:"helpDesk,omitzero"`
}

// HelpDesk is whom a person calls.
type HelpDesk struct {
	Text  string `json:"text,omitzero"`
	Phone string `json:"phone,omitzero"`
	URL   string `json:"url,omitzero"`
	Email string `json:"email,omitzero"`
}

// Managed are a Chromium browser's policies. Lists and objects of one name in two files do not add up on Linux: the last file's
// counts, unless IT sets PolicyListMultipleSourceMergeList.
type Managed struct {
	ExtensionSettings map[string]Rule `json:"ExtensionSettings"`
	HostAllowlist     []string        `json:"NativeMessagingAllowlist"`
	// UserLevelHosts false: a manifest in a person's own folder cannot take the host's place.
	UserLevelHosts bool        `json:"NativeMessagingUserLevelHosts"`
	ThirdParty     *ThirdParty `json:"3rdparty,omitzero"`
}

// Rule is one extension's of ExtensionSettings.
type Rule struct {
	Mode      string `json:"installation_mode"`
	UpdateURL string `json:"update_url,omitzero"`
	// Override: updates, too, come from UpdateURL, whatever the extension's own manifest says.
	Override   bool   `json:"override_update_url,omitzero"`
	ToolbarPin string `json:"toolbar_pin,omitzero"`
	InstallURL string `json:"install_url,omitzero"`
	// PrivateBrowsing is Firefox's: the extension works in private windows, too.
	PrivateBrowsing bool `json:"private_browsing,omitzero"`
}

// ThirdParty is Chrome's member for managed storage on Linux.
type ThirdParty struct {
	Extensions map[string]*Settings `json:"extensions"`
}

// ErrNothingToForce says that neither a store's id nor an own one with its update URL is known.
var ErrNothingToForce = errors.New("fleet: no extension to install: give a store's id, or an own id with its update URL")

// IDs are all that the release is published under.
func (r Release) IDs() (ids []string) {
	for _, id := range []string{r.Chrome, r.Edge, r.Own} {
		if id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// Check refuses ids and addresses that no browser would take, settings that the extension would not.
func (r Release) Check() error {
	for _, id := range r.IDs() {
		if !manifests.IsChromiumID(id) {
			return fmt.Errorf("fleet: %q is no extension id: 32 letters a to p", id)
		}
	}
	if (r.Own == "") != (r.UpdateURL == "") {
		return errors.New("fleet: an own id goes with an update URL")
	}
	if r.UpdateURL != "" && (!PlainAddress(r.UpdateURL) || !strings.HasSuffix(r.UpdateURL, "/updates.xml")) {
		return fmt.Errorf("fleet: %q is no plain https address that ends with /updates.xml", r.UpdateURL)
	}
	if r.FirefoxURL != "" && !PlainAddress(r.FirefoxURL) {
		return fmt.Errorf("fleet: %q is no plain https address", r.FirefoxURL)
	}
	if r.Settings != nil {
		return r.Settings.check()
	}
	return nil
}

// from is the id, with its update URL, that a browser installs: the own one before the browser's store, that before Chrome's,
// which Edge takes from, too.
func (r Release) from(browser string) (id, updateURL string, own bool) {
	switch {
	case r.Own != "":
		return r.Own, r.UpdateURL, true
	case r.Edge != "" && browser == "edge":
		return r.Edge, edgeStore, false
	}
	return r.Chrome, chromeStore, false
}

// Forced is the id that a Chromium browser installs by policy, with its update URL.
func (r Release) Forced(browser string) (id, updateURL string, err error) {
	if id, updateURL, _ = r.from(browser); id == "" {
		return "", "", ErrNothingToForce
	}
	return id, updateURL, nil
}

// Chromium are the policies of a browser of Chromium's family, by its id in browsers.json.
func (r Release) Chromium(browser, host string) (Managed, error) {
	id, updateURL, own := r.from(browser)
	if id == "" {
		return Managed{}, ErrNothingToForce
	}
	m := Managed{
		ExtensionSettings: map[string]Rule{id: {Mode: "force_installed", UpdateURL: updateURL, Override: own, ToolbarPin: "force_pinned"}},
		HostAllowlist:     []string{host},
	}
	if r.Settings != nil {
		m.ThirdParty = &ThirdParty{Extensions: map[string]*Settings{id: r.Settings}}
	}
	return m, nil
}

// JSON is a policy as a file, with a stable order of members.
func JSON(policy any) ([]byte, error) {
	raw, err := json.Marshal(policy, json.Deterministic(true), jsontext.WithIndent("  "), jsontext.EscapeForHTML(false))
	return append(raw, '\n'), err
}
