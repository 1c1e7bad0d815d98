package main

import (
	"encoding/xml"
	"slices"
	"strings"

	"github.com/cardbridge/cardbridge/manifests"
)

// language is one in which an administrator reads; suffix is that of its documents.
type language struct{ tag, suffix string }

var chinese, english = language{"zh-TW", ".zh-TW"}, language{"en-US", ""}

// of is the language's half of a text.
func (l language) of(b manifests.Bilingual) string {
	if l == chinese {
		return b.Chinese
	}
	return b.English
}

func (l language) say(zh, en string) string {
	return l.of(manifests.Bilingual{Chinese: zh, English: en})
}

type policyDefinitionResources struct {
	XMLName       xml.Name       `xml:"policyDefinitionResources"`
	Namespace     string         `xml:"xmlns,attr"`
	Revision      string         `xml:"revision,attr"`
	SchemaVersion string         `xml:"schemaVersion,attr"`
	DisplayName   string         `xml:"displayName"`
	Description   string         `xml:"description"`
	Strings       []stringOf     `xml:"resources>stringTable>string"`
	Presentations []presentation `xml:"resources>presentationTable>presentation"`
}

type stringOf struct {
	ID   string `xml:"id,attr"`
	Text string `xml:",chardata"`
}

type presentation struct {
	ID       string    `xml:"id,attr"`
	TextBox  *textBox  `xml:"textBox"`
	Decimal  *control  `xml:"decimalTextBox"`
	Dropdown *control  `xml:"dropdownList"`
	List     *control  `xml:"listBox"`
	Hint     *hintText `xml:"text"`
}

type textBox struct {
	RefID string `xml:"refId,attr"`
	Label string `xml:"label"`
}

type control struct {
	RefID       string `xml:"refId,attr"`
	Default     string `xml:"defaultValue,attr,omitempty"`
	DefaultItem string `xml:"defaultItem,attr,omitempty"`
	NoSort      bool   `xml:"noSort,attr,omitempty"`
	SpinStep    int    `xml:"spinStep,attr,omitempty"`
	Label       string `xml:",chardata"`
}

type hintText struct {
	Text string `xml:",chardata"`
}

// resources is an ADML file.
func resources(settings []setting, l language) ([]byte, error) {
	r := policyDefinitionResources{
		Namespace: namespace, Revision: revision, SchemaVersion: "1.0", DisplayName: "CardBridge 憑證通",
		Description: l.say("CardBridge 憑證通的政策", "The policy of CardBridge"),
	}
	add := func(id, text string) {
		if !slices.ContainsFunc(r.Strings, func(s stringOf) bool { return s.ID == id }) {
			r.Strings = append(r.Strings, stringOf{id, text})
		}
	}
	add(supported, l.say("Windows 10、Windows Server 2016 以上，已安裝 CardBridge", "Windows 10, Windows Server 2016 or later with CardBridge installed"))
	add(root, l.say("CardBridge 憑證通", "CardBridge"))
	for _, s := range settings {
		if s.group != "" {
			add(groupID(s.group), l.of(s.heading))
		}
	}
	for _, s := range settings {
		add(s.id, s.fullTitle(l))
		add(s.id+"_Explain", s.explain(l))
		for _, choice := range s.entry.Enum {
			add(s.itemID(choice), choice)
		}
		if s.Kind != manifests.SwitchValue {
			r.Presentations = append(r.Presentations, s.presentation(l))
		}
	}
	return asXML(r)
}

// fullTitle has the group's in front: an editor also shows all settings in one list.
func (s setting) fullTitle(l language) string {
	if s.group == "" {
		return l.of(s.title)
	}
	return l.of(s.heading) + l.say("：", ": ") + l.of(s.title)
}

// presentation is how an editor shows the field.
func (s setting) presentation(l language) presentation {
	label := l.of(s.title) + l.say("：", ":")
	p := presentation{ID: s.id, Hint: &hintText{l.say("範例：", "Example: ") + s.example()}}
	switch {
	case s.Kind.List():
		p.List = &control{RefID: s.id, Label: label}
	case s.Kind == manifests.NumberValue:
		p.Decimal = &control{RefID: s.id, Default: s.number(), SpinStep: 1, Label: label}
	case s.entry.Enum != nil:
		p.Dropdown = &control{RefID: s.id, NoSort: true, DefaultItem: "0", Label: label}
		if i := slices.Index(s.entry.Enum, s.Example); i > 0 {
			p.Dropdown.DefaultItem = string(rune('0' + i))
		}
	default:
		p.TextBox = &textBox{s.id, label}
	}
	return p
}

// explain tells an administrator what to write, where it goes, what holds otherwise.
func (s setting) explain(l language) string {
	var parts []string
	for _, e := range s.explains {
		if text := l.of(e); text != "" {
			parts = append(parts, text)
		}
	}
	if s.Kind == manifests.SwitchValue {
		parts = append(parts, l.say("啟用：true。停用：false。尚未設定：以政策檔為準。", "Enabled: true. Disabled: false. Not configured: as the policy file has it."))
	} else {
		parts = append(parts, l.say("啟用：取代政策檔的 "+s.Member+"。停用、尚未設定：以政策檔為準。",
			"Enabled: replaces "+s.Member+" of the policy file. Disabled, not configured: as the policy file has it."))
		parts = append(parts, l.say("範例：", "Example:")+"\n"+s.Example)
	}
	parts = append(parts, l.say("登錄檔：", "Registry: ")+s.place(l), l.say("寫錯的值讓所有網站都不能使用卡片；cardbridge policy show 會指出是哪一個值、如何修正。",
		"A value with a mistake permits nothing, to no portal; cardbridge policy show tells which value it is, what to do."))
	return strings.Join(parts, "\n\n")
}

// place is where the value lies.
func (s setting) place(l language) string {
	key, name := s.key()
	key = `HKLM\` + key
	if s.Kind.List() {
		return key + l.say("，值 1、2、3…，REG_SZ", ", values 1, 2, 3 …, REG_SZ")
	}
	return key + l.say("，值 "+name+"，", ", value "+name+", ") + s.typeName()
}
