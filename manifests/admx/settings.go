package main

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/cardbridge/cardbridge/manifests"
)

// member is what of a schema's entry concerns an administrator.
type member struct {
	Title       string            `json:"title"`
	Description string            `json:"description"`
	Enum        []string          `json:"enum"`
	MaxLength   int               `json:"maxLength"`
	Minimum     int               `json:"minimum"`
	Maximum     int               `json:"maximum"`
	AnyOf       []member          `json:"anyOf"`
	Properties  map[string]member `json:"properties"`
	Additional  any               `json:"additionalProperties"`
	Items       *member           `json:"items"`
}

// setting is one row of the table with what the schema says of it.
type setting struct {
	manifests.GroupPolicy
	id       string // in the templates: letters and digits
	group    string // the member that it stands in, "": none
	title    manifests.Bilingual
	heading  manifests.Bilingual // the group's
	explains []manifests.Bilingual
	entry    member
}

// readSettings joins table and schema.
func readSettings(schema string) ([]setting, error) {
	raw, err := os.ReadFile(schema)
	if err != nil {
		return nil, err
	}
	var root member
	if err := json.Unmarshal(raw, &root); err != nil {
		return nil, err
	}
	var list []setting
	for _, row := range manifests.GroupPolicies {
		s := setting{GroupPolicy: row}
		for part := range strings.SplitSeq(row.Name, ".") {
			s.id += strings.ToUpper(part[:1]) + part[1:]
		}
		if err := s.fill(root); err != nil {
			return nil, fmt.Errorf("%s: %w", row.Member, err)
		}
		list = append(list, s)
	}
	return list, nil
}

// fill finds the row's entry, its texts.
func (s *setting) fill(root member) error {
	outer, inner, nested := strings.Cut(s.Member, ".")
	parent, known := root.Properties[outer]
	s.entry = parent
	if nested {
		s.group, s.heading = outer, split(parent.Title)
		s.entry, known = parent.Properties[inner]
		if additional, ok := parent.Additional.(map[string]any); ok { // names that the schema does not list, of one form
			s.entry, known = member{Description: additional["description"].(string), MaxLength: int(additional["maxLength"].(float64))}, true
		}
	}
	if !known {
		return fmt.Errorf("not in the schema")
	}
	s.title = s.Title
	if s.title.English == "" {
		s.title = split(s.entry.Title)
	}
	switch s.Kind {
	case manifests.PortalsList, manifests.PadList: // of a portal there is nothing but its origin
		s.explains = append(s.explains, s.More, split(s.entry.Items.Properties["origin"].Description))
		return nil
	case manifests.ListValue:
		s.explains = append(s.explains, split(s.entry.Description), split(s.entry.Items.Description), s.More)
		return nil
	}
	s.explains = append(s.explains, split(s.entry.Description))
	if nested {
		s.explains = append(s.explains, split(parent.Description))
	}
	return nil
}

// split takes a text of the schema apart.
func split(text string) manifests.Bilingual {
	zh, en, _ := strings.Cut(text, " / ")
	return manifests.Bilingual{Chinese: zh, English: en}
}

// limits are what a number may be, besides 0 for the built-in value.
func (s setting) limits() (least, most int) {
	least = max(s.entry.Minimum, 1)
	for _, either := range s.entry.AnyOf {
		least = max(least, either.Minimum)
	}
	return least, s.entry.Maximum
}

var builtIn = regexp.MustCompile(`absent or 0: ([0-9]+)`)

// usual is the number that holds where nobody says another.
func (s setting) usual() int {
	if m := builtIn.FindStringSubmatch(strings.ToLower(s.entry.Description)); m != nil {
		n, _ := strconv.Atoi(m[1]) // digits alone
		return n
	}
	least, _ := s.limits()
	return least
}

// key is the registry's, name the value's there; of a list the values are 1, 2, 3.
func (s setting) key() (key, name string) {
	if s.Kind.List() {
		return manifests.GroupPolicyKey + `\` + s.Name, ""
	}
	if outer, inner, nested := strings.Cut(s.Name, "."); nested {
		return manifests.GroupPolicyKey + `\` + outer, inner
	}
	return manifests.GroupPolicyKey, s.Name
}

func (s setting) typeName() string {
	switch s.Kind {
	case manifests.NumberValue, manifests.SwitchValue:
		return "REG_DWORD"
	}
	return "REG_SZ"
}
