package main

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/manifests"
)

const tree = "../../"

func rendered(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := render(tree + "manifests/policy.schema.json")
	require.NoError(t, err)
	require.Len(t, files, 5)
	return files
}

func TestTheFilesFollowFromTableAndSchema(t *testing.T) {
	for name, content := range rendered(t) {
		kept, err := os.ReadFile(tree + name)
		require.NoError(t, err)
		assert.Equal(t, string(content), string(kept), "%s: make generate", name)
	}
}

// Without a policy file, too, a list of portals takes the built-in one away: who sets it must know.
func TestTheListsOfPortalsSayWhatTheyReplace(t *testing.T) {
	files := rendered(t)
	for folder, words := range map[string]string{"zh-TW": "也取代內建的人事服務網 eCPA：需要時請一併列出", "en-US": "and the built-in eCPA too: list it"} {
		adml := string(files["manifests/admx/"+folder+"/cardbridge.adml"])
		for _, id := range []string{"Portals", "PortalsPinPad"} {
			explained := regexp.MustCompile(`(?s)<string id="` + id + `_Explain">.*?</string>`).FindString(adml)
			assert.Contains(t, explained, words, "%s: %s", folder, id)
		}
	}
	assert.Contains(t, string(files["docs/group-policy.md"]), "Either list of portals replaces the built-in eCPA")
	assert.Contains(t, string(files["docs/group-policy.zh-TW.md"]), "兩份入口網站清單也取代內建的人事服務網 eCPA")
}

// node is XML as any reader sees it.
type node struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []node     `xml:",any"`
}

func (n node) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// all are the nodes of a name, wherever they are.
func (n node) all(name string) (list []node) {
	for _, c := range n.Children {
		if c.XMLName.Local == name {
			list = append(list, c)
		}
		list = append(list, c.all(name)...)
	}
	return list
}

func parsed(t *testing.T, content []byte) (root node) {
	t.Helper()
	require.NoError(t, xml.Unmarshal(content, &root))
	return root
}

// names are an attribute's values, each once.
func names(t *testing.T, list []node, attribute string) (values []string) {
	t.Helper()
	for _, n := range list {
		v := n.attr(attribute)
		require.NotEmpty(t, v, n.XMLName.Local)
		require.NotContains(t, values, v, n.XMLName.Local)
		values = append(values, v)
	}
	require.NotEmpty(t, values)
	return values
}

// controls are the fields that show a kind of element.
var controls = map[string]string{"text": "textBox", "decimal": "decimalTextBox", "enum": "dropdownList", "list": "listBox"}

var wanted = regexp.MustCompile(`\$\((string|presentation)\.([A-Za-z0-9_]+)\)`)

func TestEveryReferenceLeadsSomewhere(t *testing.T) {
	files := rendered(t)
	admx := parsed(t, files[templates+"cardbridge.admx"])
	categories, policies := names(t, admx.all("category"), "name"), admx.all("policy")
	for _, parent := range admx.all("parentCategory") {
		assert.Contains(t, categories, parent.attr("ref"))
	}
	for _, p := range policies {
		assert.Equal(t, []string{"SUPPORTED_CardBridge"}, names(t, p.all("supportedOn"), "ref"))
	}
	assert.Equal(t, []string{"SUPPORTED_CardBridge"}, names(t, admx.all("definition"), "name"))
	names(t, policies, "name")
	used := map[string][]string{}
	for _, m := range wanted.FindAllStringSubmatch(string(files[templates+"cardbridge.admx"]), -1) {
		if !slices.Contains(used[m[1]], m[2]) {
			used[m[1]] = append(used[m[1]], m[2])
		}
	}
	for _, l := range []language{chinese, english} {
		adml := parsed(t, files[templates+l.tag+"/cardbridge.adml"])
		assert.ElementsMatch(t, used["string"], names(t, adml.all("string"), "id"), "%s: those that are used, no other", l.tag)
		assert.ElementsMatch(t, used["presentation"], names(t, adml.all("presentation"), "id"), l.tag)
		for _, s := range adml.all("string") {
			assert.Equal(t, strings.TrimSpace(s.Text), s.Text)
			assert.NotEmpty(t, s.Text)
			if strings.HasSuffix(s.attr("id"), "_Explain") {
				assert.Equal(t, l == chinese, strings.Contains(s.Text, "登錄檔："), s.Text)
				assert.Equal(t, l == english, strings.Contains(s.Text, "Registry: "), s.Text)
			}
		}
		fieldsFit(t, policies, adml)
	}
}

// fieldsFit wants one field for each element, of its kind.
func fieldsFit(t *testing.T, policies []node, adml node) {
	t.Helper()
	for _, p := range policies {
		elements := p.all("elements")
		if len(elements) == 0 {
			assert.Empty(t, p.attr("presentation"))
			assert.Len(t, append(p.all("enabledValue"), p.all("disabledValue")...), 2)
			continue
		}
		require.Len(t, elements[0].Children, 1)
		e := elements[0].Children[0]
		for _, shown := range adml.all("presentation") {
			if "$(presentation."+shown.attr("id")+")" != p.attr("presentation") {
				continue
			}
			fields := shown.all(controls[e.XMLName.Local])
			require.Len(t, fields, 1, p.attr("name"))
			assert.Equal(t, e.attr("id"), fields[0].attr("refId"))
		}
	}
}

// Nothing that an editor of policies writes can lie elsewhere, or twice at one place.
func TestEachSettingHasAPlaceOfItsOwn(t *testing.T) {
	admx := parsed(t, rendered(t)[templates+"cardbridge.admx"])
	places := map[string]bool{}
	for _, p := range admx.all("policy") {
		assert.Equal(t, "Machine", p.attr("class"), "a person's own policies are not read")
		key, name := p.attr("key"), p.attr("valueName")
		for _, e := range p.all("elements") {
			name = e.Children[0].attr("valueName")
		}
		assert.True(t, key == manifests.GroupPolicyKey || strings.HasPrefix(key, manifests.GroupPolicyKey+`\`), key)
		place := strings.ToLower(key + `\` + name)
		assert.False(t, places[place], place)
		places[place] = true
	}
	assert.Len(t, places, len(manifests.GroupPolicies))
}

// lint judges a file by the grammar with libxml2's own program.
func lint(t *testing.T, content string) error {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file.xml")
	require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	out, err := exec.Command("xmllint", "--noout", "--relaxng", "testdata/policydefinitions.rng", file).CombinedOutput()
	var ended *exec.ExitError
	if err != nil {
		require.ErrorAs(t, err, &ended, "xmllint could not be run")
		require.Contains(t, []int{1, 3}, ended.ExitCode(), string(out)) // not well-formed, not valid
		require.NotContains(t, string(out), "regexp error")
	}
	return err
}

func TestTheTemplatesHaveTheSyntaxOfGroupPolicy(t *testing.T) {
	files := rendered(t)
	for name, content := range files {
		if strings.HasPrefix(name, templates) {
			require.NoError(t, lint(t, string(content)), name)
		}
	}
	admx, adml := string(files[templates+"cardbridge.admx"]), string(files[templates+"zh-TW/cardbridge.adml"])
	for name, broken := range map[string]string{
		"another namespace":      strings.Replace(admx, "PolicyDefinitions\"", "PolicyDefinition\"", 1),
		"a string by its text":   strings.Replace(admx, `displayName="$(string.CardBridge)"`, `displayName="CardBridge"`, 1),
		"an unknown class":       strings.Replace(admx, `class="Machine"`, `class="Computer"`, 1),
		"a key from the root":    strings.Replace(admx, `key="SOFTWARE`, `key="\SOFTWARE`, 1),
		"a value without name":   strings.Replace(admx, ` valueName="language"`, "", 1),
		"an element of no kind":  strings.ReplaceAll(admx, "decimal", "number"),
		"no revision":            strings.Replace(admx, `<resources minRequiredRevision="1.0"></resources>`, "", 1),
		"a field of no element":  strings.Replace(adml, ` refId="Portals"`, "", 1),
		"an empty text":          regexp.MustCompile(`(<string id="Portals">)[^<]*`).ReplaceAllString(adml, "$1"),
		"a file that is cut off": adml[:len(adml)-100],
	} {
		require.NotContains(t, []string{admx, adml}, broken, name)
		assert.Error(t, lint(t, broken), name)
	}
}

func TestTheArchiveHasTheTemplatesAlone(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	first, second := filepath.Join(t.TempDir(), "a.zip"), filepath.Join(t.TempDir(), "dist", "b.zip")
	require.NoError(t, pack(first, rendered(t)))
	require.NoError(t, pack(second, rendered(t)))
	a, err := os.ReadFile(first)
	require.NoError(t, err)
	b, err := os.ReadFile(second)
	require.NoError(t, err)
	require.True(t, bytes.Equal(a, b))
	z, err := zip.OpenReader(first)
	require.NoError(t, err)
	defer z.Close()
	var inside []string
	for _, f := range z.File {
		inside = append(inside, f.Name)
		assert.EqualValues(t, 1700000000, f.Modified.Unix())
	}
	require.Equal(t, []string{"cardbridge.admx", "en-US/cardbridge.adml", "zh-TW/cardbridge.adml"}, inside)
	t.Setenv("SOURCE_DATE_EPOCH", "")
	require.Error(t, pack(first, rendered(t)))
}
