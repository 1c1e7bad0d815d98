package fleet

import "github.com/go-json-experiment/json"

// ourValue is the name of our value in lists of policies, whose names are numbers: one that administrators do not come to, so that
// theirs stay. The MSI's is the same.
const ourValue = "88140"

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
	file.flag("NativeMessagingUserLevelHosts", false)
	file.section(key + `\ExtensionInstallForcelist`)
	file.text(ourValue, id+";"+updateURL)
	file.section(key + `\NativeMessagingAllowlist`)
	file.text(ourValue, host)
	if r.Settings != nil {
		file.section(key + `\3rdparty\extensions\` + id + `\policy`)
		if err := settingsInto(file.text, *r.Settings); err != nil {
			return nil, err
		}
	}
	return file.bytes()
}

// settingsInto writes managed storage: texts as such, an object as JSON (Chrome's "3rdparty" policies in the registry).
func settingsInto(value func(name, content string), s Settings) error {
	for _, v := range []struct{ name, content string }{{"language", s.Language}, {"installURL", s.InstallURL}} {
		if v.content != "" {
			value(v.name, v.content)
		}
	}
	if s.HelpDesk == nil {
		return nil
	}
	raw, err := json.Marshal(s.HelpDesk)
	value("helpDesk", string(raw))
	return err
}
