package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cardbridge/cardbridge/host/internal/doctor"
	"github.com/cardbridge/cardbridge/host/internal/policy"
	"github.com/cardbridge/cardbridge/host/internal/token"
	"github.com/cardbridge/cardbridge/protocol"
)

// report is what a help desk asks for.
type report struct {
	Version  string           `json:"version"`
	Build    string           `json:"build"`
	Protocol int              `json:"protocol"`
	System   string           `json:"system"`
	At       time.Time        `json:"at"`
	Level    doctor.Level     `json:"level"` // the worst finding's
	Findings []doctor.Finding `json:"findings"`
}

func (c *console) doctorCommand() *cobra.Command {
	return c.leaf("doctor [--json]", c.say("檢查這台電腦，說明問題與修正方法", "examine this computer: what is wrong, where, what to do"),
		c.say("檢查這台電腦，最嚴重的問題先說明；不更改任何東西，也不要求 PIN 碼。結束代碼：0 沒有要修正的，1 有警告，2 有錯誤，70 無法檢查。",
			"Examines this computer, tells the worst first; changes nothing, asks no PIN. Ends with 0 (nothing to repair), 1 (a warning), 2 (an error), 70 (it could not look)."),
		0, func([]string) error { return c.doctor() })
}

// doctor examines the computer; how it ends tells how bad the worst finding is.
func (c *console) doctor() error {
	doc := c.document()
	cards, err := newCards(c.env, doc)
	if err != nil {
		p := failed(err)
		return &problem{p.chinese, p.english, endSoftware}
	}
	defer cards.Close()
	r := examine(context.Background(), c.env, doc, cards)
	c.end = endOf(r.Level)
	if c.asJSON {
		return writeJSON(c.out, r)
	}
	return r.write(c.out, c.language)
}

// examine looks at this computer; the session's cards may be given, since looking ends no operation.
func examine(ctx context.Context, env settings, doc *policy.Policy, cards *token.Service) report {
	executable, _ := os.Executable() // newCards had it
	now := time.Now()
	list := doctor.Examine(ctx, doctor.Machine{
		System: runtime.GOOS, Arch: runtime.GOARCH, Home: env.home, Host: protocol.HostName, Executable: executable,
		Version: version, Remote: env.remote, Now: now, Policy: doc, Cards: cards,
		Agent: func(ctx context.Context) doctor.AgentState { return askAgent(ctx, env, cards) },
	})
	return report{version, build, protocol.Version, system, now.UTC().Truncate(time.Second), doctor.Worst(list), list}
}

// What the extension takes of a report.
const (
	mostFindings = 256
	mostText     = 1000 // characters
)

// result is the report in the protocol's words.
func (r report) result() protocol.DoctorResult {
	result := protocol.DoctorResult{Version: r.Version, Build: r.Build, System: r.System, Level: string(r.Level), Findings: []protocol.DoctorFinding{}}
	for _, f := range r.Findings[:min(len(r.Findings), mostFindings)] {
		text := func(t doctor.Text) protocol.DoctorText {
			return protocol.DoctorText{Finding: cut(t.Finding), Fix: cut(t.Fix)}
		}
		result.Findings = append(result.Findings, protocol.DoctorFinding{
			Check: f.Check, Code: f.Code, Level: string(f.Level), Where: cut(f.Where), Chinese: text(f.Chinese), English: text(f.English),
		})
	}
	return result
}

// cut ends what somebody else's file made too long, and has it be UTF-8, which a file's name need not be.
func cut(s string) string {
	r := []rune(strings.ToValidUTF8(s, "\uFFFD"))
	if len(r) <= mostText {
		return string(r)
	}
	return string(r[:mostText-1]) + "…"
}

// endOf is the exit code.
func endOf(worst doctor.Level) int {
	switch worst {
	case doctor.Error:
		return endError
	case doctor.Warning:
		return endFailed
	}
	return endDone
}

var levelWords = map[doctor.Level][2]string{
	doctor.Error: {"錯誤", "error"}, doctor.Warning: {"警告", "warning"}, doctor.Info: {"說明", "info"}, doctor.OK: {"正常", "ok"},
}

// write is the report for people. Names of files, readers and issuers are others': a terminal must not obey them.
func (r report) write(w io.Writer, l language) error {
	_, err := fmt.Fprintf(w, "CardBridge %s (%s, %s)\n", r.Version, r.Build, r.System)
	for _, f := range r.Findings {
		if err != nil {
			return err
		}
		word, text := levelWords[f.Level], f.English
		if l == chinese {
			text = f.Chinese
		}
		_, err = fmt.Fprintf(w, "\n%s%s%s\n", l.say(word[0], word[1]), l.say("：", ": "), f.Check)
		if f.Where != "" {
			fmt.Fprintf(w, "  %s\n", printable(f.Where))
		}
		fmt.Fprintf(w, "  %s\n", printable(text.Finding))
		if text.Fix != "" {
			fmt.Fprintf(w, "    → %s\n", printable(text.Fix))
		}
		if f.Level.Bad() {
			fmt.Fprintf(w, "  %s%s\n", l.say("代碼：", "code: "), f.Code)
		}
	}
	return err
}
