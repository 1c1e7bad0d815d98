package fleet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/go-json-experiment/json"
)

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
	var text strings.Builder
	section := func(path string) { fmt.Fprintf(&text, "\r\n[HKEY_LOCAL_MACHINE\\%s]\r\n", path) }
	value := func(name, content string) { fmt.Fprintf(&text, "\"%s\"=\"%s\"\r\n", name, regText.Replace(content)) }
	text.WriteString("Windows Registry Editor Version 5.00\r\n")
	section(key)
	text.WriteString("\"NativeMessagingUserLevelHosts\"=dword:00000000\r\n")
	section(key + `\ExtensionInstallForcelist`)
	value(ourValue, id+";"+updateURL)
	section(key + `\NativeMessagingAllowlist`)
	value(ourValue, host)
	if r.Settings != nil {
		section(key + `\3rdparty\extensions\` + id + `\policy`)
		if err := settingsInto(value, *r.Settings); err != nil {
			return nil, err
		}
	}
	var file bytes.Buffer
	err = binary.Write(&file, binary.LittleEndian, utf16.Encode([]rune("\ufeff"+text.String())))
	return file.Bytes(), err
}

var regText = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

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
