package fleet

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const firefoxID = "cardbridge@cardbridge.tw"

// forFirefox is full with an XPI.
func forFirefox() Release {
	r := full
	r.FirefoxURL = "https://files.example.gov.tw/cardbridge.xpi"
	return r
}

// lines is a registry file's text, with plain line ends.
func lines(t *testing.T, raw []byte) string {
	t.Helper()
	require.Equal(t, []byte{0xff, 0xfe}, raw[:2], "UTF-16LE says so")
	units := make([]uint16, len(raw)/2-1)
	require.NoError(t, binary.Read(bytes.NewReader(raw[2:]), binary.LittleEndian, units))
	text := string(utf16.Decode(units))
	require.Equal(t, strings.Count(text, "\n"), strings.Count(text, "\r\n"))
	return strings.ReplaceAll(text, "\r\n", "\n")
}

func TestFirefoxInTheRegistryHasAKeyForEachObject(t *testing.T) {
	raw, err := forFirefox().FirefoxRegistry(firefoxID, `SOFTWARE\Policies\Mozilla\Firefox`)
	require.NoError(t, err)
	require.Equal(t, `Windows Registry Editor Version 5.00

[HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Mozilla\Firefox\3rdparty\Extensions\cardbridge@cardbridge.tw]
"installURL"="https://files.example.gov.tw/?a=1&b=<2>"
"language"="zh-TW"

[HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Mozilla\Firefox\3rdparty\Extensions\cardbridge@cardbridge.tw\helpDesk]
"phone"="02-2345-6789"
"text"="資訊室 分機 1234"

[HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Mozilla\Firefox\ExtensionSettings\cardbridge@cardbridge.tw]
"install_url"="https://files.example.gov.tw/cardbridge.xpi"
"installation_mode"="force_installed"
"private_browsing"=dword:00000001
`, lines(t, raw))
}

func TestFirefoxsProfileSaysThatPoliciesCount(t *testing.T) {
	text, err := forFirefox().FirefoxProfile(firefoxID, "Mozilla Firefox", "org.mozilla.firefox")
	require.NoError(t, err)
	profile, err := byPython(t, text)
	require.NoError(t, err)
	payloads := profile["PayloadContent"].([]any)
	require.Len(t, payloads, 1)
	assert.Equal(t, "org.mozilla.firefox", payloads[0].(map[string]any)["PayloadType"])
	policy, err := forFirefox().Firefox(firefoxID)
	require.NoError(t, err)
	want := asJSON(t, policy)["policies"].(map[string]any)
	want["EnterprisePoliciesEnabled"] = true
	assert.Equal(t, want, values(t, payloads[0]))
}

func TestWithoutAnXPIThereIsNothingForFirefox(t *testing.T) {
	_, err := full.FirefoxRegistry(firefoxID, `SOFTWARE\Policies\Mozilla\Firefox`)
	require.ErrorIs(t, err, ErrNothingToForce)
	_, err = full.FirefoxProfile(firefoxID, "Mozilla Firefox", "org.mozilla.firefox")
	require.ErrorIs(t, err, ErrNothingToForce)
}
