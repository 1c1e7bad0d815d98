package fleet

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/manifests"
)

const host = "tw.cardbridge.host"

// full is a release with everything that can be said of it.
var full = Release{Own: own, UpdateURL: "https://files.example.gov.tw/updates.xml", Settings: &Settings{
	Language: "zh-TW", InstallURL: "https://files.example.gov.tw/?a=1&b=<2>", HelpDesk: &HelpDesk{Text: "資訊室 分機 1234", Phone: "02-2345-6789"},
}}

// byPython reads a property list with Python's own reader.
func byPython(t *testing.T, text []byte) (values map[string]any, err error) {
	t.Helper()
	cmd := exec.Command("python3", "-c", "import json, plistlib, sys; json.dump(plistlib.loads(sys.stdin.buffer.read(), fmt=plistlib.FMT_XML), sys.stdout)")
	cmd.Stdin = bytes.NewReader(text)
	out, err := cmd.Output()
	if err != nil {
		var ended *exec.ExitError
		require.ErrorAs(t, err, &ended, "python3 could not be run")
		return nil, err
	}
	require.NoError(t, json.Unmarshal(out, &values))
	return values, nil
}

// asJSON is a value as its JSON says it.
func asJSON(t *testing.T, value any) (values map[string]any) {
	t.Helper()
	raw, err := JSON(value)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &values))
	return values
}

var ofPayloads = []string{"PayloadType", "PayloadVersion", "PayloadDisplayName", "PayloadIdentifier", "PayloadUUID"}

// values are a payload's without what each says of itself.
func values(t *testing.T, payload any) map[string]any {
	t.Helper()
	m, ok := payload.(map[string]any)
	require.True(t, ok)
	for _, name := range ofPayloads {
		require.NotEmpty(t, m[name], name)
		delete(m, name)
	}
	return m
}

func TestAProfileHasTheBrowsersPolicies(t *testing.T) {
	browsers, err := manifests.Browsers()
	require.NoError(t, err)
	seen := map[any]bool{}
	tried := 0
	for _, b := range browsers {
		if b.Family != "chromium" {
			continue
		}
		tried++
		text, err := full.Profile(b.ID, b.Name, b.Darwin.Policies, host)
		require.NoError(t, err)
		again, err := full.Profile(b.ID, b.Name, b.Darwin.Policies, host)
		require.NoError(t, err)
		require.Equal(t, string(text), string(again), "the same bytes each time")
		profile, err := byPython(t, text)
		require.NoError(t, err)
		assert.Equal(t, []any{"Configuration", "System", 1.0}, []any{profile["PayloadType"], profile["PayloadScope"], profile["PayloadVersion"]})
		payloads := profile["PayloadContent"].([]any)
		require.Len(t, payloads, 2)
		for _, p := range append(payloads, profile) {
			for _, name := range []string{"PayloadUUID", "PayloadIdentifier"} {
				value := p.(map[string]any)[name]
				require.False(t, seen[value], "%s stands twice: %s", name, value)
				seen[value] = true
			}
		}
		assert.Equal(t, b.Darwin.Policies, payloads[0].(map[string]any)["PayloadType"])
		assert.Equal(t, b.Darwin.Policies+".extensions."+own, payloads[1].(map[string]any)["PayloadType"])
		managed, err := full.Chromium(b.ID, host)
		require.NoError(t, err)
		want := asJSON(t, managed)
		assert.Equal(t, want["3rdparty"].(map[string]any)["extensions"].(map[string]any)[own], values(t, payloads[1]))
		delete(want, "3rdparty")
		assert.Equal(t, want, values(t, payloads[0]))
	}
	require.Equal(t, 4, tried)
}

func TestThePythonReaderRefusesWhatIsNoPropertyList(t *testing.T) {
	text, err := full.Profile("chrome", "Google Chrome", "com.google.Chrome", host)
	require.NoError(t, err)
	for name, broken := range map[string][]byte{
		"cut off":       text[:len(text)-20],
		"no dictionary": bytes.Replace(text, []byte("<dict>"), []byte("<list>"), 1),
		"a key alone":   bytes.Replace(text, []byte("<key>PayloadScope</key>"), nil, 1),
	} {
		_, err := byPython(t, broken)
		assert.Error(t, err, name)
	}
	_, err = plist(map[string]any{"a": 1.5})
	require.Error(t, err)
	_, err = Release{}.Profile("chrome", "Google Chrome", "com.google.Chrome", host)
	require.ErrorIs(t, err, ErrNothingToForce)
}

// schema of Chromium's policies, in which the extension's own says what managed storage may hold.
func policySchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	for name, file := range map[string]string{"policies.json": "testdata/chromium-policies.schema.json", "managed.schema.json": "../../extension/managed.schema.json"} {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		require.NoError(t, err)
		if name == "managed.schema.json" {
			closed(tree.(map[string]any))
		}
		require.NoError(t, c.AddResource(name, tree))
	}
	schema, err := c.Compile("policies.json")
	require.NoError(t, err)
	return schema
}

// closed allows no member but the named ones, at any depth: Chrome's own form of schemas cannot say so.
func closed(schema map[string]any) {
	members, _ := schema["properties"].(map[string]any)
	for _, member := range members {
		closed(member.(map[string]any))
	}
	if members != nil {
		schema["additionalProperties"] = false
	}
}

func TestThePoliciesHaveChromiumsNamesAndTypes(t *testing.T) {
	schema := policySchema(t)
	for name, r := range map[string]Release{"full": full, "stores": {Chrome: chrome, Edge: edge}} {
		for _, browser := range []string{"chrome", "edge", "chromium", "brave"} {
			m, err := r.Chromium(browser, host)
			require.NoError(t, err)
			assert.NoError(t, schema.Validate(any(asJSON(t, m))), "%s: %s", name, browser)
		}
	}
	for name, change := range map[string]func(m map[string]any){
		"an unknown policy": func(m map[string]any) { m["NativeMessagingUserLevelHost"] = false },
		"a number":          func(m map[string]any) { m["NativeMessagingUserLevelHosts"] = 0 },
		"no list":           func(m map[string]any) { m["NativeMessagingAllowlist"] = host },
		"another mode":      func(m map[string]any) { rule(m)["installation_mode"] = "forced" },
		"another member":    func(m map[string]any) { rule(m)["updateURL"] = "https://a.gov.tw" },
		"a short id":        func(m map[string]any) { m["ExtensionSettings"] = map[string]any{"abc": rule(m)} },
		"unknown storage":   func(m map[string]any) { stored(m)["portals"] = []any{} },
		"storage's type":    func(m map[string]any) { stored(m)["installURL"] = true },
	} {
		m, err := full.Chromium("chrome", host)
		require.NoError(t, err)
		values := asJSON(t, m)
		change(values)
		assert.Error(t, schema.Validate(any(values)), name)
	}
}

func rule(m map[string]any) map[string]any {
	return m["ExtensionSettings"].(map[string]any)[own].(map[string]any)
}

func stored(m map[string]any) map[string]any {
	return m["3rdparty"].(map[string]any)["extensions"].(map[string]any)[own].(map[string]any)
}
