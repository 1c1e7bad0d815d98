package policy

import (
	"bytes"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/protocol"
)

const schemaFile = "../../../manifests/policy.schema.json"

// schemaTree is the schema as data.
func schemaTree(t testing.TB) map[string]any {
	t.Helper()
	raw, err := os.ReadFile(schemaFile)
	require.NoError(t, err)
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	require.NoError(t, err)
	return tree.(map[string]any)
}

func compiled(t testing.TB) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("policy.schema.json", schemaTree(t)))
	schema, err := c.Compile("policy.schema.json")
	require.NoError(t, err)
	return schema
}

// The validator also judges the schema, by that of its draft.
func TestASchemaThatIsNoneIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(tree map[string]any){
		"no such type": func(tree map[string]any) { tree["type"] = "document" },
		"no pattern": func(tree map[string]any) {
			tree["properties"].(map[string]any)["language"].(map[string]any)["pattern"] = "("
		},
		"names no list": func(tree map[string]any) { tree["required"] = "portals" },
	} {
		c, tree := jsonschema.NewCompiler(), schemaTree(t)
		spoil(tree)
		require.NoError(t, c.AddResource("policy.schema.json", tree))
		_, err := c.Compile("policy.schema.json")
		require.Error(t, err, name)
	}
}

// bySchema judges a text as an editor with the schema does.
func bySchema(schema *jsonschema.Schema, text string) error {
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// beyond are faults that no schema can see: bytes, names that JSON readers merge, an entry compared with another.
var beyond = []string{"tooLarge", "encoding", "duplicate", "originTwice"}

func TestTheSchemaJudgesAsTheCodeDoes(t *testing.T) {
	schema := compiled(t)
	for _, text := range validDocuments {
		_, f := decode(strings.NewReader(text))
		require.Nil(t, f, text)
		assert.NoError(t, bySchema(schema, text), text)
	}
	seen := map[string]bool{}
	for name, bad := range badDocuments {
		_, f := decode(strings.NewReader(bad.text))
		require.NotNil(t, f, name)
		seen[f.Code] = true
		known := false
		for _, code := range beyond {
			known = known || f.Code == code
		}
		if !known {
			assert.Error(t, bySchema(schema, bad.text), name)
		}
	}
	for _, code := range beyond {
		assert.True(t, seen[code], "%s is excused but never met", code)
	}
}

// An editor with the schema must not scold what the host takes.
func FuzzTheSchemaTakesWhatTheCodeTakes(f *testing.F) {
	for _, text := range validDocuments {
		f.Add(text)
	}
	schema := compiled(f)
	f.Fuzz(func(t *testing.T, in string) {
		if _, bad := decode(strings.NewReader(in)); bad == nil {
			require.NoError(t, bySchema(schema, in))
		}
	})
}

// agrees compares one Go type with its part of the schema, member by member, both ways.
func agrees(t *testing.T, place string, goType reflect.Type, schema map[string]any) (members int) {
	t.Helper()
	bilingual(t, place, schema)
	switch goType.Kind() {
	case reflect.Struct:
		assert.Equal(t, "object", schema["type"], place)
		assert.Equal(t, false, schema["additionalProperties"], place)
		properties := schema["properties"].(map[string]any)
		for i := range goType.NumField() {
			name, _, _ := strings.Cut(goType.Field(i).Tag.Get("json"), ",")
			entry, ok := properties[name].(map[string]any)
			if assert.True(t, ok, "%s/%s has no entry", place, name) {
				members += 1 + agrees(t, place+"/"+name, goType.Field(i).Type, entry)
			}
		}
		assert.Len(t, properties, goType.NumField(), "%s tells of members that are none", place)
	case reflect.Slice:
		assert.Equal(t, "array", schema["type"], place)
		members += agrees(t, place+"/-", goType.Elem(), schema["items"].(map[string]any))
	case reflect.Map:
		assert.Equal(t, "object", schema["type"], place)
		members += agrees(t, place+"/*", goType.Elem(), schema["additionalProperties"].(map[string]any))
	case reflect.Pointer:
		members += agrees(t, place, goType.Elem(), schema)
	case reflect.Int, reflect.Bool:
		assert.Equal(t, map[reflect.Kind]string{reflect.Int: "integer", reflect.Bool: "boolean"}[goType.Kind()], schema["type"], place)
	case reflect.String:
		assert.True(t, schema["type"] == "string" || schema["enum"] != nil, place)
	default:
		t.Errorf("%s: no rule for %s", place, goType)
	}
	return members
}

// bilingual wants a title and a description, each with a Chinese and an English half.
func bilingual(t *testing.T, place string, schema map[string]any) {
	t.Helper()
	for _, name := range []string{"title", "description"} {
		text, _ := schema[name].(string)
		chinese, english, ok := strings.Cut(text, " / ")
		assert.True(t, ok, "%s has no %s in two languages: %q", place, name, text)
		assert.Regexp(t, `\p{Han}`, chinese, "%s: %s", place, name)
		assert.NotRegexp(t, `\p{Han}`, english, "%s: %s", place, name)
		assert.Regexp(t, `[A-Za-z]`, english, "%s: %s", place, name)
	}
}

func TestEveryMemberHasItsEntry(t *testing.T) {
	tree := schemaTree(t)
	assert.Equal(t, "https://json-schema.org/draft/2020-12/schema", tree["$schema"])
	assert.Equal(t, 33, agrees(t, "", reflect.TypeFor[document](), tree))
}

// find follows keys into a tree.
func find(t *testing.T, tree any, keys ...string) any {
	t.Helper()
	for _, key := range keys {
		m, ok := tree.(map[string]any)
		require.True(t, ok, "%v: no %s", keys, key)
		tree = m[key]
	}
	return tree
}

func TestTheSchemaHasTheCodesListsAndLimits(t *testing.T) {
	properties := find(t, schemaTree(t), "properties")
	portalMembers := find(t, properties, "portals", "items", "properties")
	assert.ElementsMatch(t, operations, find(t, portalMembers, "operations", "items", "enum"))
	assert.ElementsMatch(t, protocol.Kinds, find(t, portalMembers, "cardKinds", "items", "enum"))
	assert.ElementsMatch(t, protocol.Kinds, find(t, properties, "unlock", "propertyNames", "enum"))
	assert.EqualValues(t, "1", find(t, properties, "version", "const"))
	assert.ElementsMatch(t, languages, find(t, properties, "language", "enum"))
	assert.ElementsMatch(t, pinSources, find(t, portalMembers, "pinSource", "enum"))
	assert.ElementsMatch(t, logLevels, find(t, properties, "log", "properties", "level", "enum"))
	for _, limit := range []struct {
		want int
		name string
		tree any
	}{
		{maxLogMegabytes, "maximum", find(t, properties, "log", "properties", "maxMegabytes")},
		{maxHelpText, "maxLength", find(t, properties, "helpDesk", "properties", "text")},
		{maxIssuer, "maxLength", find(t, portalMembers, "issuers", "items")},
		{maxLink, "maxLength", find(t, properties, "helpDesk", "properties", "url")},
		{maxLink, "maxLength", find(t, properties, "install", "properties", "module")},
		{maxLink, "maxLength", find(t, properties, "unlock", "additionalProperties")},
	} {
		assert.EqualValues(t, strconv.Itoa(limit.want), find(t, limit.tree, limit.name))
	}
	for name, entry := range find(t, properties, "deadlines", "properties").(map[string]any) {
		assert.EqualValues(t, "120000", find(t, entry, "maximum"), name)
		assert.EqualValues(t, "100", find(t, find(t, entry, "anyOf").([]any)[1], "minimum"), name)
	}
	assert.Equal(t, []int{1, 100, 120_000}, []int{documentVersion, minDeadline, maxDeadline})
}
