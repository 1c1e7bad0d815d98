package fleet

import (
	"maps"
	"slices"
)

// firefox are Firefox's policies for the extension, as its documents name them; its managed storage is one of them.
func (r Release) firefox(id string) (map[string]any, error) {
	if r.FirefoxURL == "" {
		return nil, ErrNothingToForce
	}
	policies := map[string]any{"ExtensionSettings": map[string]Rule{id: {Mode: "force_installed", InstallURL: r.FirefoxURL, PrivateBrowsing: true}}}
	if r.Settings != nil {
		policies["3rdparty"] = map[string]any{"Extensions": map[string]*Settings{id: r.Settings}}
	}
	return tree(policies)
}

// Firefox is policies.json, the file that Firefox reads on Linux.
func (r Release) Firefox(id string) (any, error) {
	policies, err := r.firefox(id)
	if err != nil {
		return nil, err
	}
	return map[string]any{"policies": policies}, nil
}

// FirefoxRegistry are Firefox's policies as Windows takes them: below key, each object a key of its own. So written,
// ExtensionSettings adds up with what others wrote in this form; of two forms side by side older Firefoxes drop one.
func (r Release) FirefoxRegistry(id, key string) ([]byte, error) {
	policies, err := r.firefox(id)
	if err != nil {
		return nil, err
	}
	file := newRegistryFile()
	file.tree(key, policies)
	return file.bytes()
}

// tree writes an object: what is text or yes and no as values, each object as a key.
func (f *registryFile) tree(key string, object map[string]any) {
	names := slices.Sorted(maps.Keys(object))
	begun := false
	for _, name := range names {
		if _, inner := object[name].(map[string]any); inner {
			continue
		}
		if !begun {
			f.section(key)
			begun = true
		}
		switch v := object[name].(type) {
		case string:
			f.text(name, v)
		case bool:
			f.flag(name, v)
		}
	}
	for _, name := range names {
		if inner, is := object[name].(map[string]any); is {
			f.tree(key+`\`+name, inner)
		}
	}
}

// FirefoxProfile is Firefox's configuration profile for macOS; domain is its preference domain. Firefox reads policies from there
// only when it is told so.
func (r Release) FirefoxProfile(id, name, domain string) ([]byte, error) {
	policies, err := r.firefox(id)
	if err != nil {
		return nil, err
	}
	policies["EnterprisePoliciesEnabled"] = true
	return profile("firefox", name, []any{payload(domain, name, policies)})
}
