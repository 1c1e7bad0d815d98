package fleet

import (
	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
)

// profiles is the name space of the profiles' UUIDs: a profile of one identifier replaces the one that is installed.
var profiles = uuid.NewSHA1(uuid.NameSpaceDNS, []byte("cardbridge.tw"))

// Profile is a Chromium browser's configuration profile for macOS (.mobileconfig), with the values that Chromium gives; domain is its
// preference domain. An extension's managed storage has a domain of its own there: 3rdparty in the browser's is not read.
func (r Release) Profile(browser, name, domain, host string) ([]byte, error) {
	m, err := r.Chromium(browser, host)
	if err != nil {
		return nil, err
	}
	third := m.ThirdParty
	m.ThirdParty = nil
	browserPolicies, err := tree(m)
	if err != nil {
		return nil, err
	}
	payloads := []any{payload(domain, name, browserPolicies)}
	if third != nil {
		for id, settings := range third.Extensions {
			values, err := tree(settings)
			if err != nil {
				return nil, err
			}
			payloads = append(payloads, payload(domain+".extensions."+id, name+": CardBridge", values))
		}
	}
	return profile(browser, name, payloads)
}

// profile is the whole of a browser's payloads.
func profile(browser, name string, payloads []any) ([]byte, error) {
	whole := payload("Configuration", "CardBridge 憑證通: "+name, map[string]any{
		"PayloadContent": payloads, "PayloadScope": "System", "PayloadRemovalDisallowed": true,
		"PayloadDescription": "Installs the extension CardBridge, lets it start its host. 安裝擴充功能「憑證通」，並允許它啟動主程式。",
	})
	identify(whole, "tw.cardbridge.profile."+browser)
	return plist(whole)
}

// payload are values with what each payload must say of itself.
func payload(kind, name string, values map[string]any) map[string]any {
	values["PayloadType"], values["PayloadVersion"], values["PayloadDisplayName"] = kind, 1, name
	identify(values, "tw.cardbridge.profile."+kind)
	return values
}

func identify(values map[string]any, identifier string) {
	values["PayloadIdentifier"], values["PayloadUUID"] = identifier, uuid.NewSHA1(profiles, []byte(identifier)).String()
}

// tree is a value as its JSON says it.
func tree(value any) (values map[string]any, err error) {
	raw, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(raw, &values)
	}
	return values, err
}
