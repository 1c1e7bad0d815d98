package policy

import (
	"encoding/xml"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/manifests"
)

// template is what of the ADMX file an editor of policies writes into the registry.
type template struct {
	Policies []struct {
		Name      string `xml:"name,attr"`
		Key       string `xml:"key,attr"`
		ValueName string `xml:"valueName,attr"`
		Enabled   *struct {
			Decimal templateNumber `xml:"decimal"`
		} `xml:"enabledValue"`
		Disabled *struct {
			Decimal templateNumber `xml:"decimal"`
		} `xml:"disabledValue"`
		Elements struct {
			Any []templateElement `xml:",any"`
		} `xml:"elements"`
	} `xml:"policies>policy"`
}

type templateNumber struct {
	Value uint32 `xml:"value,attr"`
}

type templateElement struct {
	XMLName   xml.Name
	Key       string   `xml:"key,attr"`
	ValueName string   `xml:"valueName,attr"`
	Prefix    *string  `xml:"valuePrefix,attr"`
	Least     uint32   `xml:"minValue,attr"`
	Most      uint32   `xml:"maxValue,attr"`
	Length    int      `xml:"maxLength,attr"`
	Choices   []string `xml:"item>value>string"`
}

func readTemplate(t *testing.T) (file template) {
	t.Helper()
	raw, err := os.ReadFile("../../../manifests/admx/cardbridge.admx")
	require.NoError(t, err)
	require.NoError(t, xml.Unmarshal(raw, &file))
	return file
}

// writes are the values that an editor can write for one element, given what an administrator types; each is one state.
func (e templateElement) writes(t *testing.T, key, typed string) (states [][]entry) {
	t.Helper()
	switch e.XMLName.Local {
	case "text":
		return [][]entry{{sz(key, e.ValueName, typed)}}
	case "decimal":
		return [][]entry{{dword(key, e.ValueName, e.Least)}, {dword(key, e.ValueName, e.Most)}}
	case "enum":
		for _, choice := range e.Choices {
			states = append(states, []entry{sz(key, e.ValueName, choice)})
		}
		return states
	case "list":
		require.NotNil(t, e.Prefix)
		require.Empty(t, *e.Prefix, "values are named 1, 2, 3")
		var list []entry
		for i, line := range strings.Split(typed, "\n") {
			list = append(list, sz(below(t, e.Key), strconv.Itoa(i+1), line))
		}
		return [][]entry{list}
	}
	t.Fatalf("no rule for %s", e.XMLName.Local)
	return nil
}

// below is a key seen from ours.
func below(t *testing.T, key string) string {
	t.Helper()
	rest, ours := strings.CutPrefix(key, manifests.GroupPolicyKey)
	require.True(t, ours, key)
	return strings.TrimPrefix(rest, `\`)
}

// example is what a row shows to administrators, in this system's paths.
func example(row manifests.GroupPolicy) string {
	if strings.Contains(row.Example, `:\`) {
		return "/opt/" + row.Name
	}
	return row.Example
}

// states are all that the template can have the registry hold, by the row's name.
func states(t *testing.T, typed func(manifests.GroupPolicy) string) map[string][][]entry {
	t.Helper()
	rows := map[string]manifests.GroupPolicy{}
	for _, row := range manifests.GroupPolicies {
		rows[strings.ToLower(strings.ReplaceAll(row.Name, ".", ""))] = row
	}
	all := map[string][][]entry{}
	for _, p := range readTemplate(t).Policies {
		row, known := rows[strings.ToLower(p.Name)]
		require.True(t, known, p.Name)
		key := below(t, p.Key)
		if p.Enabled != nil {
			all[row.Name] = [][]entry{{dword(key, p.ValueName, p.Enabled.Decimal.Value)}, {dword(key, p.ValueName, p.Disabled.Decimal.Value)}}
		}
		for _, e := range p.Elements.Any {
			all[row.Name] = append(all[row.Name], e.writes(t, key, typed(row))...)
		}
	}
	return all
}

// Whatever an editor writes with the template, the host reads as that member.
func TestTheHostReadsWhatTheTemplateWrites(t *testing.T) {
	all := states(t, example)
	require.Len(t, all, len(manifests.GroupPolicies), "a setting for each row")
	for _, row := range manifests.GroupPolicies {
		for _, written := range all[row.Name] {
			p := (&Policy{source: BuiltIn, doc: builtIn}).withRegistry(written, nil)
			require.NoError(t, p.Err(), row.Name)
			assert.Equal(t, []string{row.Member}, p.FromRegistry(), row.Name)
		}
	}
	assert.Equal(t, [][]entry{{dword("", "audit", 1)}, {dword("", "audit", 0)}}, all["audit"])
	var p *Policy
	for i, want := range []bool{true, false} {
		p = (&Policy{source: BuiltIn, doc: builtIn}).withRegistry(all["audit"][i], nil)
		assert.Equal(t, want, p.Audit())
	}
}

// The limits that the editor keeps are the host's: one step beyond is refused.
func TestTheTemplateHasTheHostsLimits(t *testing.T) {
	numbers, texts := 0, 0
	for _, p := range readTemplate(t).Policies {
		for _, e := range p.Elements.Any {
			key := below(t, p.Key)
			switch e.XMLName.Local {
			case "decimal":
				numbers++
				judged := func(n uint32) error {
					return (&Policy{source: BuiltIn}).withRegistry([]entry{dword(key, e.ValueName, n)}, nil).Err()
				}
				assert.NoError(t, judged(e.Least), p.Name)
				assert.NoError(t, judged(e.Most), p.Name)
				assert.Error(t, judged(e.Most+1), p.Name)
				if e.Least > 1 { // 0 is the built-in value
					assert.Error(t, judged(e.Least-1), p.Name)
				}
			case "text":
				if e.Length > 0 {
					texts++
					assert.Contains(t, []int{maxLink, maxHelpText, 254}, e.Length, p.Name)
				}
			}
		}
	}
	assert.Equal(t, []int{6, 12}, []int{numbers, texts})
}

// No element yields a dangerous grant, whatever is typed into it: together with everything else that can be set, too.
func TestNoElementOfTheTemplateYieldsADangerousGrant(t *testing.T) {
	raw, err := os.ReadFile("../../../manifests/admx/cardbridge.admx")
	require.NoError(t, err)
	for _, name := range []string{"pinFromPage", "signRaw", "webEID", "operations"} {
		assert.NotContains(t, strings.ToLower(string(raw)), strings.ToLower(name))
	}
	tried := 0
	for _, typed := range []string{
		"https://a.gov.tw", "https://a.gov.tw\nsignRaw", `https://a.gov.tw","pinFromPage":true,"x":"`, `{"origin":"https://a.gov.tw","operations":["signRaw"],"pinFromPage":true}`,
		"pinFromPage", "signRaw", "true", "1", "https://a.gov.tw signRaw", "*",
	} {
		for name, list := range states(t, func(manifests.GroupPolicy) string { return typed }) {
			for _, written := range list {
				tried++
				p := (&Policy{source: BuiltIn, doc: builtIn}).withRegistry(written, nil)
				for _, granted := range p.Effective().Portals {
					if granted.Source == Development {
						continue
					}
					assert.ElementsMatch(t, []string{Authenticate, Certificates}, granted.Operations, name)
					assert.Equal(t, []bool{false, false}, []bool{granted.PINFromPage, granted.WebEID}, name)
				}
			}
		}
	}
	assert.Greater(t, tried, 200)
}
