package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/cardbridge/cardbridge/host/internal/policy"
	"github.com/cardbridge/cardbridge/host/internal/token"
)

// policyCommand shows the policy in effect, or judges a file.
func policyCommand(args []string, doc *policy.Policy, home string, out, problems io.Writer) int {
	switch {
	case len(args) == 1 && args[0] == "show":
		return showPolicy(effective(doc, home), doc.Fault(), out, problems)
	case len(args) == 2 && args[0] == "show" && args[1] == "--json":
		return showPolicyJSON(effective(doc, home), out, problems)
	case len(args) == 2 && args[0] == "check":
		if f := policy.Check(args[1]); f != nil {
			tellFault(args[1], f, problems)
			return 1
		}
		fmt.Fprintf(out, "有效 / valid: %s\n", printable(args[1]))
		return 0
	}
	usage(problems)
	return 2
}

// tellFault prints in both languages where the mistake is, what it is, what to do.
func tellFault(path string, f *policy.Fault, w io.Writer) {
	fmt.Fprintf(w, "無效 / not valid: %s\n", printable(path))
	if chinese, english := f.Place(); english != "" {
		fmt.Fprintf(w, "  %s / %s\n", chinese, english)
	}
	chinese, english := f.Texts()
	fmt.Fprintf(w, "  %s\n  %s\n  代碼 / code: %s\n", chinese, english, f.Code)
}

// shown is the policy in effect as --json prints it: the document's part and what other rooms put in its place.
type shown struct {
	Source     string                          `json:"source"`
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
	Chinese string `json:"zh-TW"`
	English string `json:"en"`
}

func effective(doc *policy.Policy, home string) shown {
	e := doc.Effective()
	s := shown{
		Source: doc.Source(), Valid: doc.Fault() == nil, Portals: e.Portals, Modules: e.Modules, Extensions: e.Extensions,
		Unlock: e.Unlock, Deadlines: map[string]policy.Value[int64]{}, shownSettings: settingsOf(e, doc.Source()),
	}
	if f := doc.Fault(); f != nil {
		chinese, english := f.Texts()
		s.Fault = &shownFault{f.Code, f.Pointer, f.Line, f.Column, chinese, english}
	}
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
			s.Deadlines[d.name] = policy.Value[int64]{Value: int64(d.named), Source: doc.Source()}
		}
	}
	return s
}

// showPolicyJSON prints for programs; what they need of a fault is in it.
func showPolicyJSON(s shown, out, problems io.Writer) int {
	if err := json.MarshalWrite(out, s, json.Deterministic(true), jsontext.WithIndent("  ")); err != nil {
		fmt.Fprintf(problems, "無法完成 / failed: %v\n", err)
		return 1
	}
	fmt.Fprintln(out)
	if !s.Valid {
		return 1
	}
	return 0
}

func showPolicy(s shown, fault *policy.Fault, out, problems io.Writer) int {
	fmt.Fprintf(out, "政策來源 / policy from: %s\n", s.Source)
	if fault != nil {
		tellFault(s.Source, fault, problems)
		fmt.Fprintln(out, "不允許任何網站 / no portal is permitted anything")
		return 1
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
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
	w.Flush()
	return 0
}

func heading(w io.Writer, chinese, english string, n int) {
	fmt.Fprintf(w, "\n%s / %s\n", chinese, english)
	if n == 0 {
		fmt.Fprintln(w, "  沒有 / none")
	}
}

func showPortals(portals []policy.EffectivePortal, w io.Writer) {
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
			fmt.Fprintf(w, "\t\t發證單位 / issuer %s\t%s\n", printable(issuer), p.Source)
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
