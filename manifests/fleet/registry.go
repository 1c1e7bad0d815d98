package fleet

import (
	"maps"

	"github.com/go-json-experiment/json"

	"github.com/cardbridge/cardbridge/manifests"
)

// Registry are a Chromium browser's policies as Windows takes them, a file for regedit or for tools that read such files: UTF-16LE.
// key is the browser's below HKLM. The lists add up with those of others, which is why ExtensionSettings, one value for all
// extensions, is not used.
func (r Release) Registry(browser, key, host string) ([]byte, error) {
	id, updateURL, err := r.Forced(browser)
	if err != nil {
		return nil, err
	}
	file := newRegistryFile()
	file.section(key)
	file.flag(manifests.UserLevelHosts, false)
	file.section(key + `\ExtensionInstallForcelist`)
	file.text(manifests.PolicyValue, id+";"+updateURL)
	file.section(key + `\NativeMessagingAllowlist`)
	file.text(manifests.PolicyValue, host)
	if r.Settings != nil {
		values, err := r.Settings.Registry()
		if err != nil {
			return nil, err
		}
		file.section(key + `\3rdparty\extensions\` + id + `\policy`)
		for _, name := range SettingNames {
			if text, ok := values[name]; ok {
				file.text(name, text)
			}
		}
	}
	return file.bytes()
}

// SettingNames are the values of managed storage in the registry.
var SettingNames = []string{"language", "installURL", "helpDesk"}

// Registry are the values of managed storage that there are, by name: texts as such, an object as JSON (Chrome's "3rdparty" policies).
func (s Settings) Registry() (map[string]string, error) {
	values := map[string]string{"language": s.Language, "installURL": s.InstallURL}
	if s.HelpDesk != nil {
		raw, err := json.Marshal(s.HelpDesk)
		if err != nil {
			return nil, err
		}
		values["helpDesk"] = string(raw)
	}
	maps.DeleteFunc(values, func(_, text string) bool { return text == "" })
	return values, nil
}
