package doctor

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
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
}

type extensionRule struct {
	Mode string `json:"installation_mode"`
}

// browserPolicies tells of policies of the browsers that block the host or the extension.
func browserPolicies(v *visit) {
	if v.System != "linux" {
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
			v.tellOf(b.ID, "browserPolicy", b.policies, "{name}", b.Name)
		}
	}
}

// merged puts the folder's files together as Chromium does: of one policy in several files the last file's counts.
func (v *visit) merged(b browser) (m managed, bad []unusable) {
	together := map[string]jsontext.Value{}
	names := v.names(b.policies)
	slices.Sort(names)
	for _, name := range names {
		path := filepath.Join(b.policies, name)
		raw, err := v.read(path)
		var one map[string]jsontext.Value
		if err == nil {
			err = json.Unmarshal(raw, &one)
		}
		if err != nil {
			bad = append(bad, unusable{path, err})
		}
		for key, value := range one {
			together[key] = value
		}
	}
	raw, err := json.Marshal(together)
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	if err != nil { // a value of another type than the policy's
		bad = append(bad, unusable{b.policies, err})
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
	if v.System != "linux" || b.Family == "firefox" {
		return false
	}
	m, _ := v.merged(b)
	return m.UserLevelHosts != nil && !*m.UserLevelHosts
}

// jsonReason does not repeat what stands in the file.
func jsonReason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) || errors.Is(err, errNotRegular) || errors.Is(err, errTooLarge) {
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
		v.tellOf(b.ID, "hostBlocked", b.policies, "{name}", b.Name, "{host}", v.Host, "{policy}", "NativeMessagingBlocklist")
	}
	if m.UserLevelHosts != nil && !*m.UserLevelHosts && !v.exists(b.System) && b.User != "" && v.exists(b.User) {
		v.tellOf(b.ID, "userLevelBlocked", b.policies, "{name}", b.Name)
	}
	for _, origin := range b.Allowed {
		id := plainID(origin)
		forced := slices.ContainsFunc(m.Forcelist, func(s string) bool { name, _, _ := strings.Cut(s, ";"); return name == id })
		rule, ruled := m.Settings[id]
		switch {
		case ruled && blocks(rule):
			v.tellOf(b.ID, "extensionBlocked", b.policies, "{name}", b.Name, "{id}", id, "{policy}", "ExtensionSettings")
		case forced || strings.HasSuffix(rule.Mode, "_installed"):
			v.tellOf(b.ID, "extensionForced", b.policies, "{name}", b.Name, "{id}", id)
		case ruled && rule.Mode == "allowed" || slices.Contains(m.Allowlist, id):
		case hit(m.Blocklist, id):
			v.tellOf(b.ID, "extensionBlocked", b.policies, "{name}", b.Name, "{id}", id, "{policy}", "ExtensionInstallBlocklist")
		case blocks(m.Settings["*"]):
			v.tellOf(b.ID, "extensionBlocked", b.policies, "{name}", b.Name, "{id}", id, "{policy}", "ExtensionSettings")
		}
	}
}

func blocks(r extensionRule) bool { return r.Mode == "blocked" || r.Mode == "removed" }

func (v *visit) firefoxPolicies(b browser) {
	raw, err := v.read(b.policies)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var file struct {
		Policies struct {
			Settings map[string]extensionRule `json:"ExtensionSettings"`
		} `json:"policies"`
	}
	if err == nil {
		err = json.Unmarshal(raw, &file)
	}
	if err != nil {
		v.tellOf(b.ID, "browserPolicyUnreadable", b.policies, "{name}", b.Name, "{reason}", jsonReason(err))
		return
	}
	for _, id := range b.Allowed {
		rule, ruled := file.Policies.Settings[id]
		switch {
		case ruled && blocks(rule), !ruled && blocks(file.Policies.Settings["*"]):
			v.tellOf(b.ID, "extensionBlocked", b.policies, "{name}", b.Name, "{id}", id, "{policy}", "ExtensionSettings")
		case strings.HasSuffix(rule.Mode, "_installed"):
			v.tellOf(b.ID, "extensionForced", b.policies, "{name}", b.Name, "{id}", id)
		}
	}
}
