package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/cardbridge/cardbridge/host/internal/policy"
	"github.com/cardbridge/cardbridge/host/internal/token"
)

// policyCommand shows the policy in effect, or judges a file.
func (c *console) policyCommand() *cobra.Command {
	parent := c.family("policy", c.say("顯示或檢查政策", "show or judge the policy"),
		c.say("政策檔決定哪些網站可以要求卡片做什麼。", "The policy file decides which portal may ask a card for what."))
	check := c.leaf("check FILE [--json]", c.say("檢查政策檔，不安裝", "judge a policy file without installing it"),
		c.say("檢查政策檔，不安裝；有錯時說明在第幾行、是什麼、如何修正。", "Judges a policy file without installing it; tells of a mistake where it is, what it is, what to do."),
		1, func(args []string) error { return c.checkPolicy(args[0]) })
	parent.AddCommand(check, c.leaf("show [--json]", c.say("顯示目前有效的政策，以及每個值的來源", "show the policy in effect, with the source of each value"), "",
		0, func([]string) error { return c.showPolicy(effective(c.document(), c.env.home), c.document().Fault()) }))
	return parent
}

// judged is what policy check --json prints.
type judged struct {
	File  string      `json:"file"`
	Valid bool        `json:"valid"`
	Fault *shownFault `json:"fault,omitzero"`
}

func (c *console) checkPolicy(path string) error {
	f := policy.Check(path)
	if f != nil {
		c.end = endFailed
	}
	switch {
	case c.asJSON:
		return writeJSON(c.out, judged{path, f == nil, faultOf(f)})
	case f != nil:
		c.tellFault(path, f)
		return nil
	}
	_, err := fmt.Fprintf(c.out, "%s%s\n", c.say("有效：", "valid: "), printable(path))
	return err
}

// tellFault prints where the mistake is, what it is, what to do.
func (c *console) tellFault(path string, f *policy.Fault) {
	fmt.Fprintf(c.problems, "%s%s\n", c.say("無效：", "not valid: "), printable(path))
	if place := c.say(f.Place()); place != "" {
		fmt.Fprintf(c.problems, "  %s\n", place)
	}
	fmt.Fprintf(c.problems, "  %s\n  %s%s\n", c.say(f.Texts()), c.say("代碼：", "code: "), f.Code)
}

// shown is the policy in effect as --json prints it: the document's part and what other rooms put in its place.
type shown struct {
	Source     string                          `json:"source"`
	Registry   []string                        `json:"registry,omitempty"` // the members that Group Policy decides
	Valid      bool                            `json:"valid"`
	Fault      *shownFault                     `json:"fault,omitzero"`
	Portals    []policy.EffectivePortal        `json:"portals"`
	Modules    []policy.Value[string]          `json:"modules"`
	Extensions []policy.Value[string]          `json:"extensions"` // beside the released ones
	Unlock     map[string]policy.Value[string] `json:"unlock"`
	Deadlines  map[string]policy.Value[int64]  `json:"deadlines"`
	shownSettings
}

type shownFault struct {
	Code    string `json:"code"`
	Pointer string `json:"pointer,omitzero"`
	Line    int    `json:"line,omitzero"`
	Column  int    `json:"column,omitzero"`
	Place   string `json:"registry,omitzero"` // the registry's value, if it is the mistake
	Chinese string `json:"zh-TW"`
	English string `json:"en"`
}

func faultOf(f *policy.Fault) *shownFault {
	if f == nil {
		return nil
	}
	zh, en := f.Texts()
	return &shownFault{f.Code, f.Pointer, f.Line, f.Column, f.Registry, zh, en}
}

func effective(doc *policy.Policy, home string) shown {
	e := doc.Effective()
	s := shown{
		Source: doc.Source(), Registry: doc.FromRegistry(), Valid: doc.Fault() == nil, Portals: e.Portals, Modules: e.Modules, Extensions: e.Extensions,
		Unlock: e.Unlock, Deadlines: map[string]policy.Value[int64]{}, shownSettings: settingsOf(e, doc),
	}
	s.Fault = faultOf(doc.Fault())
	if len(s.Modules) == 0 {
		for _, m := range token.Found(home) {
			s.Modules = append(s.Modules, policy.Value[string]{Value: m.Path, Source: policy.BuiltIn})
		}
	}
	known := token.DefaultDeadlines()
	for _, d := range []struct {
		name  string
		named int
		known time.Duration
	}{
		{"scan", e.Deadlines.Scan, known.Scan}, {"prepare", e.Deadlines.Prepare, known.Prepare}, {"login", e.Deadlines.Login, known.Login},
		{"sign", e.Deadlines.Sign, known.Sign}, {"reset", e.Deadlines.Reset, known.Reset},
	} {
		s.Deadlines[d.name] = policy.Value[int64]{Value: d.known.Milliseconds(), Source: policy.BuiltIn}
		if d.named != 0 {
			s.Deadlines[d.name] = policy.Value[int64]{Value: int64(d.named), Source: doc.SourceOf("deadlines." + d.name)}
		}
	}
	return s
}

// sheet is a table in one language.
type sheet struct {
	*tabwriter.Writer
	language
}

func (c *console) showPolicy(s shown, fault *policy.Fault) error {
	if !s.Valid {
		c.end = endFailed
	}
	if c.asJSON {
		return writeJSON(c.out, s)
	}
	fmt.Fprintf(c.out, "%s%s\n", c.say("政策來源：", "policy from: "), s.Source)
	if fault != nil {
		c.tellFault(s.Source, fault)
		_, err := fmt.Fprintln(c.out, c.say("不允許任何網站", "no portal is permitted anything"))
		return err
	}
	if len(s.Registry) > 0 {
		fmt.Fprintf(c.out, "%s%s (%s)\n", c.say("群組原則：", "Group Policy on top: "), policy.Registry, strings.Join(s.Registry, " "))
	}
	w := sheet{tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0), c.language}
	showPortals(s.Portals, w)
	heading(w, "模組", "modules", len(s.Modules))
	for _, m := range s.Modules {
		fmt.Fprintf(w, "  %s\t%s\n", printable(m.Value), m.Source)
	}
	heading(w, "擴充功能（正式發行的以外）", "extensions beside the released ones", len(s.Extensions))
	for _, id := range s.Extensions {
		fmt.Fprintf(w, "  %s\t%s\n", id.Value, id.Source)
	}
	heading(w, "解鎖網頁", "unlock", len(s.Unlock))
	for _, kind := range slices.Sorted(maps.Keys(s.Unlock)) {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", kind, printable(s.Unlock[kind].Value), s.Unlock[kind].Source)
	}
	heading(w, "時限（毫秒）", "deadlines (milliseconds)", len(s.Deadlines))
	for _, name := range []string{"scan", "prepare", "login", "sign", "reset"} {
		fmt.Fprintf(w, "  %s\t%d\t%s\n", name, s.Deadlines[name].Value, s.Deadlines[name].Source)
	}
	s.shownSettings.print(w)
	return w.Flush()
}

func heading(w sheet, zh, en string, n int) {
	fmt.Fprintf(w, "\n%s\n", w.say(zh, en))
	if n == 0 {
		fmt.Fprintln(w, w.say("  沒有", "  none"))
	}
}

func showPortals(portals []policy.EffectivePortal, w sheet) {
	heading(w, "入口網站", "portals", len(portals))
	for _, p := range portals {
		what := strings.Join(p.Operations, " ")
		if p.PINFromPage {
			what += " +pinFromPage"
		}
		if p.WebEID {
			what += " +webEID"
		}
		if p.PINSource == policy.SourcePad {
			what += " +pinSource=pad"
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", p.Origin, what, strings.Join(p.CardKinds, " "), p.Source)
		for _, issuer := range p.Issuers {
			fmt.Fprintf(w, "\t\t%s %s\t%s\n", w.say("發證單位", "issuer"), printable(issuer), p.Source)
		}
	}
}

// printable is the text with what a terminal would obey escaped: a path may hold anything.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}
