package doctor

import (
	"cmp"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"github.com/go-json-experiment/json"
)

// managed are the policies of a Chromium browser that concern us. NativeMessagingUserLevelHosts is true unless it is there.
type managed struct {
	HostBlocklist  []string                 `json:"NativeMessagingBlocklist"`
	HostAllowlist  []string                 `json:"NativeMessagingAllowlist"`
	UserLevelHosts *bool                    `json:"NativeMessagingUserLevelHosts"`
	Blocklist      []string                 `json:"ExtensionInstallBlocklist"`
	Allowlist      []string                 `json:"ExtensionInstallAllowlist"`
	Forcelist      []string                 `json:"ExtensionInstallForcelist"`
	Settings       map[string]extensionRule `json:"ExtensionSettings"`

	places map[string]string // where a policy stands, if not in the browser's usual place
}

// at is where a policy of the browser stands.
func (m managed) at(b browser, policy string) string { return cmp.Or(m.places[policy], policyPlace(b)) }

type extensionRule struct {
	Mode string `json:"installation_mode"`
}

// browserPolicies tells of policies of the browsers that block the host or the extension.
func browserPolicies(v *visit) {
	if v.System == "darwin" {
		return
	}
	for _, b := range v.here {
		before := len(v.found)
		if b.Family == "firefox" {
			v.firefoxPolicies(b)
		} else {
			v.chromiumPolicies(b)
		}
		problem := slices.ContainsFunc(v.found[before:], func(f Finding) bool { return f.Level != Info })
		if !problem {
			v.tellOf(b.ID, "browserPolicy", policyPlace(b), "{name}", b.Name)
		}
	}
}

// merged are the policies that count, put together as Chromium does.
func (v *visit) merged(b browser) (m managed, bad []unusable) {
	together, places, bad := v.policyValues(b)
	m.places = places
	raw, err := json.Marshal(together)
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	if err != nil { // a value of another type than the policy's
		bad = append(bad, unusable{policyPlace(b), err})
	}
	return m, bad
}

// unusable is a file of policies that could not be read.
type unusable struct {
	path string
	err  error
}

// systemOnly: the browser's policies have it leave persons' manifests aside.
func (v *visit) systemOnly(b browser) bool {
	if v.System == "darwin" || b.Family == "firefox" {
		return false
	}
	m, _ := v.merged(b)
	return m.UserLevelHosts != nil && !*m.UserLevelHosts
}

// jsonReason does not repeat what stands in the file.
func jsonReason(err error) string {
	var path *fs.PathError
	var number syscall.Errno
	if errors.As(err, &path) || errors.As(err, &number) || errors.Is(err, errNotRegular) || errors.Is(err, errTooLarge) {
		return reason(err)
	}
	return "JSON"
}

func (v *visit) chromiumPolicies(b browser) {
	m, bad := v.merged(b)
	for _, u := range bad {
		v.tellOf(b.ID, "browserPolicyUnreadable", u.path, "{name}", b.Name, "{reason}", jsonReason(u.err))
	}
	hit := func(list []string, name string) bool {
		return slices.Contains(list, "*") || slices.Contains(list, name)
	}
	if hit(m.HostBlocklist, v.Host) && !slices.Contains(m.HostAllowlist, v.Host) {
		v.tellOf(b.ID, "hostBlocked", m.at(b, "NativeMessagingBlocklist"), "{name}", b.Name, "{host}", v.Host, "{policy}", "NativeMessagingBlocklist")
	}
	if m.UserLevelHosts != nil && !*m.UserLevelHosts && !v.leads(b.System, true) && b.User != "" && v.leads(b.User, false) {
		v.tellOf(b.ID, "userLevelBlocked", m.at(b, "NativeMessagingUserLevelHosts"), "{name}", b.Name)
	}
	for _, origin := range b.Allowed {
		id := plainID(origin)
		forced := slices.ContainsFunc(m.Forcelist, func(s string) bool { name, _, _ := strings.Cut(s, ";"); return name == id })
		rule, ruled := m.Settings[id]
		switch {
		case ruled && blocks(rule):
			v.tellOf(b.ID, "extensionBlocked", m.at(b, "ExtensionSettings"), "{name}", b.Name, "{id}", id, "{policy}", "ExtensionSettings")
		case forced:
			v.tellOf(b.ID, "extensionForced", m.at(b, "ExtensionInstallForcelist"), "{name}", b.Name, "{id}", id)
		case strings.HasSuffix(rule.Mode, "_installed"):
			v.tellOf(b.ID, "extensionForced", m.at(b, "ExtensionSettings"), "{name}", b.Name, "{id}", id)
		case ruled && rule.Mode == "allowed" || slices.Contains(m.Allowlist, id):
		case hit(m.Blocklist, id):
			v.tellOf(b.ID, "extensionBlocked", m.at(b, "ExtensionInstallBlocklist"), "{name}", b.Name, "{id}", id, "{policy}", "ExtensionInstallBlocklist")
		case blocks(m.Settings["*"]):
			v.tellOf(b.ID, "extensionBlocked", m.at(b, "ExtensionSettings"), "{name}", b.Name, "{id}", id, "{policy}", "ExtensionSettings")
		}
	}
}

func blocks(r extensionRule) bool { return r.Mode == "blocked" || r.Mode == "removed" }

func (v *visit) firefoxPolicies(b browser) {
	settings, where, err := v.firefoxSettings(b)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		v.tellOf(b.ID, "browserPolicyUnreadable", where, "{name}", b.Name, "{reason}", jsonReason(err))
		return
	}
	for _, id := range b.Allowed {
		rule, ruled := settings[id]
		switch {
		case ruled && blocks(rule), !ruled && blocks(settings["*"]):
			v.tellOf(b.ID, "extensionBlocked", where, "{name}", b.Name, "{id}", id, "{policy}", "ExtensionSettings")
		case strings.HasSuffix(rule.Mode, "_installed"):
			v.tellOf(b.ID, "extensionForced", where, "{name}", b.Name, "{id}", id)
		}
	}
}

// policiesJSON are the rules of extensions in Firefox's own file of policies.
func (v *visit) policiesJSON(path string) (map[string]extensionRule, error) {
	var file struct {
		Policies struct {
			Settings map[string]extensionRule `json:"ExtensionSettings"`
		} `json:"policies"`
	}
	raw, err := v.read(path)
	if err == nil {
		err = json.Unmarshal(raw, &file)
	}
	return file.Policies.Settings, err
}
