package main

import (
	"encoding/xml"
	"slices"
	"strconv"
	"strings"

	"github.com/cardbridge/cardbridge/manifests"
)

const (
	namespace = "http://www.microsoft.com/GroupPolicy/PolicyDefinitions"
	revision  = "1.0" // of the templates; a higher one if an ADML file must not be used with an older ADMX file
	root      = "CardBridge"
	supported = "SUPPORTED_CardBridge"
)

// The types have the order of Microsoft's schema of policy definition files.
type policyDefinitions struct {
	XMLName       xml.Name     `xml:"policyDefinitions"`
	Namespace     string       `xml:"xmlns,attr"`
	Revision      string       `xml:"revision,attr"`
	SchemaVersion string       `xml:"schemaVersion,attr"`
	Target        target       `xml:"policyNamespaces>target"`
	Resources     minimum      `xml:"resources"`
	Supported     []definition `xml:"supportedOn>definitions>definition"`
	Categories    []category   `xml:"categories>category"`
	Policies      []policy     `xml:"policies>policy"`
}

type target struct {
	Prefix    string `xml:"prefix,attr"`
	Namespace string `xml:"namespace,attr"`
}

type minimum struct {
	Revision string `xml:"minRequiredRevision,attr"`
}

type definition struct {
	Name        string `xml:"name,attr"`
	DisplayName string `xml:"displayName,attr"`
}

type reference struct {
	Ref string `xml:"ref,attr"`
}

type category struct {
	Name        string     `xml:"name,attr"`
	DisplayName string     `xml:"displayName,attr"`
	Parent      *reference `xml:"parentCategory"`
}

type policy struct {
	Name         string    `xml:"name,attr"`
	Class        string    `xml:"class,attr"`
	DisplayName  string    `xml:"displayName,attr"`
	ExplainText  string    `xml:"explainText,attr"`
	Presentation string    `xml:"presentation,attr,omitempty"`
	Key          string    `xml:"key,attr"`
	ValueName    string    `xml:"valueName,attr,omitempty"`
	Parent       reference `xml:"parentCategory"`
	Supported    reference `xml:"supportedOn"`
	Enabled      *value    `xml:"enabledValue"`
	Disabled     *value    `xml:"disabledValue"`
	Elements     *elements `xml:"elements"`
}

type value struct {
	Decimal *decimalValue `xml:"decimal"`
	Text    string        `xml:"string,omitempty"`
}

type decimalValue struct {
	Value int `xml:"value,attr"`
}

type elements struct {
	Text    *element `xml:"text"`
	Decimal *element `xml:"decimal"`
	Enum    *element `xml:"enum"`
	List    *element `xml:"list"`
}

type element struct {
	ID        string  `xml:"id,attr"`
	Key       string  `xml:"key,attr,omitempty"`
	ValueName string  `xml:"valueName,attr,omitempty"`
	Prefix    *string `xml:"valuePrefix,attr"`
	Required  bool    `xml:"required,attr,omitempty"`
	MaxLength int     `xml:"maxLength,attr,omitempty"`
	Least     int     `xml:"minValue,attr,omitempty"`
	Most      int     `xml:"maxValue,attr,omitempty"`
	Items     []item  `xml:"item"`
}

type item struct {
	DisplayName string `xml:"displayName,attr"`
	Value       value  `xml:"value"`
}

func text(id string) string { return "$(string." + id + ")" }

// groupID is a category's name.
func groupID(group string) string { return root + strings.ToUpper(group[:1]) + group[1:] }

// itemID names one choice: letters and digits.
func (s setting) itemID(choice string) string {
	return s.id + "_" + strings.ReplaceAll(choice, "-", "")
}

// definitions is the ADMX file.
func definitions(settings []setting) ([]byte, error) {
	d := policyDefinitions{
		Namespace: namespace, Revision: revision, SchemaVersion: "1.0",
		Target: target{"cardbridge", "CardBridge.Policies"}, Resources: minimum{revision},
		Supported:  []definition{{supported, text(supported)}},
		Categories: []category{{Name: root, DisplayName: text(root)}},
	}
	for _, s := range settings {
		if s.group == "" {
			continue
		}
		id := groupID(s.group)
		if !slices.ContainsFunc(d.Categories, func(c category) bool { return c.Name == id }) {
			d.Categories = append(d.Categories, category{id, text(id), &reference{root}})
		}
	}
	for _, s := range settings {
		d.Policies = append(d.Policies, s.policy())
	}
	return asXML(d)
}

// policy is one setting with one value, so that an editor has no field that could stay empty.
func (s setting) policy() policy {
	key, name := s.key()
	p := policy{Name: s.id, Class: "Machine", DisplayName: text(s.id), ExplainText: text(s.id + "_Explain"), Key: key, Parent: reference{root}, Supported: reference{supported}}
	if s.group != "" {
		p.Parent.Ref = groupID(s.group)
	}
	if s.Kind == manifests.SwitchValue {
		p.ValueName, p.Enabled, p.Disabled = name, &value{Decimal: &decimalValue{1}}, &value{Decimal: &decimalValue{0}}
		return p
	}
	p.Presentation = "$(presentation." + s.id + ")"
	e := &element{ID: s.id, ValueName: name, Required: true}
	switch {
	case s.Kind.List():
		e = &element{ID: s.id, Key: key, Prefix: new(string)} // an empty prefix: values are named 1, 2, 3
		p.Elements = &elements{List: e}
	case s.Kind == manifests.NumberValue:
		e.Least, e.Most = s.limits()
		p.Elements = &elements{Decimal: e}
	case s.entry.Enum != nil:
		for _, choice := range s.entry.Enum {
			e.Items = append(e.Items, item{text(s.itemID(choice)), value{Text: choice}})
		}
		p.Elements = &elements{Enum: e}
	default:
		e.MaxLength = s.entry.MaxLength
		p.Elements = &elements{Text: e}
	}
	return p
}

// asXML is a file; line breaks in texts stay what they are.
func asXML(v any) ([]byte, error) {
	raw, err := xml.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, err
	}
	readable := strings.NewReplacer("&#xA;", "\n", "&#34;", `"`).Replace(string(raw))
	return []byte(xml.Header + "<!-- made by: make generate -->\n" + readable + "\n"), nil
}

// example is what an editor shows in the field before anybody has written there.
func (s setting) example() string { return strings.ReplaceAll(s.Example, "\n", " ") }

func (s setting) number() string { return strconv.Itoa(s.usual()) }
