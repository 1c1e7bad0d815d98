package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/cardbridge/cardbridge/host/internal/doctor"
	"github.com/cardbridge/cardbridge/host/internal/policy"
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

// wrongUse is doctor's own end for a command line that it does not know: 2 says that an error was found.
const wrongUse = 3

// doctorCommand examines the computer; how it ends tells how bad the worst finding is.
func doctorCommand(args []string) int {
	if len(args) > 1 || (len(args) == 1 && args[0] != "--json") {
		usage(os.Stderr)
		return wrongUse
	}
	env, doc := readSettings(), policy.Load(policy.Path())
	cards, err := newCards(env, doc)
	if err != nil {
		fmt.Fprintf(os.Stderr, "無法完成 / failed: %v\n", err)
		return wrongUse
	}
	defer cards.Close()
	executable, _ := os.Executable() // newCards had it
	now := time.Now()
	list := doctor.Examine(context.Background(), doctor.Machine{
		System: runtime.GOOS, Arch: runtime.GOARCH, Home: env.home, Host: protocol.HostName, Executable: executable,
		Version: version, Remote: env.remote, Now: now, Policy: doc, Cards: cards,
	})
	r := report{version, build, protocol.Version, runtime.GOOS + "/" + runtime.GOARCH, now.UTC().Truncate(time.Second), doctor.Worst(list), list}
	if len(args) == 1 {
		err = json.MarshalWrite(os.Stdout, r, json.Deterministic(true), jsontext.WithIndent("  "))
		fmt.Println()
	} else {
		err = r.write(os.Stdout)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "無法完成 / failed: %v\n", err)
		return wrongUse
	}
	return endOf(r.Level)
}

// endOf is the exit code: 0 nothing to repair, 1 a warning, 2 an error.
func endOf(worst doctor.Level) int {
	switch worst {
	case doctor.Error:
		return 2
	case doctor.Warning:
		return 1
	}
	return 0
}

var levelWords = map[doctor.Level]string{
	doctor.Error: "錯誤 / error", doctor.Warning: "警告 / warning", doctor.Info: "說明 / info", doctor.OK: "正常 / ok",
}

// write is the report for people. Names of files, readers and issuers are others': a terminal must not obey them.
func (r report) write(w io.Writer) error {
	_, err := fmt.Fprintf(w, "CardBridge %s (%s, %s)\n", r.Version, r.Build, r.System)
	for _, f := range r.Findings {
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "\n%s: %s\n", levelWords[f.Level], f.Check)
		if f.Where != "" {
			fmt.Fprintf(w, "  %s\n", printable(f.Where))
		}
		for _, text := range []doctor.Text{f.Chinese, f.English} {
			fmt.Fprintf(w, "  %s\n", printable(text.Finding))
			if text.Fix != "" {
				fmt.Fprintf(w, "    → %s\n", printable(text.Fix))
			}
		}
		if f.Level.Bad() {
			fmt.Fprintf(w, "  代碼 / code: %s\n", f.Code)
		}
	}
	return err
}
