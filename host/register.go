package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cardbridge/cardbridge/host/internal/browsers"
	"github.com/cardbridge/cardbridge/host/internal/policy"
	"github.com/cardbridge/cardbridge/protocol"
)

// placeCommand is register or unregister.
func (c *console) placeCommand(name string) *cobra.Command {
	short := c.say("向瀏覽器登記主程式", "tell browsers where the host is")
	long := c.say("在每個瀏覽器讀取的地方放置主程式的登記檔，並印出位置。", "Places the host's manifest where each browser looks for it, and prints each place.")
	if name == "unregister" {
		short = c.say("取消登記", "take it back")
		long = c.say("移除 register 放置的登記檔，並印出位置。", "Removes what register has placed, and prints each place.")
	}
	var system bool
	var only []string
	known := c.knownBrowsers()
	cmd := c.leaf(name+" [--system] [--browser="+strings.Join(known, "|")+"]… [--json]", short, long, 0, func([]string) error {
		return c.place(name, system, only)
	})
	cmd.Flags().BoolVar(&system, "system", false, c.say("整台電腦的所有使用者（需要系統管理員）", "for all users of the computer (administrators only)"))
	cmd.Flags().StringSliceVar(&only, "browser", nil, c.say("只限 `BROWSER`，可以重複：", "only `BROWSER`, may be repeated: ")+strings.Join(known, ", "))
	complete(cmd, "browser", known...)
	return cmd
}

// placed is what --json prints; Error is there when not all was done.
type placed struct {
	Command string         `json:"command"`
	Placed  []placedSpot   `json:"placed"`
	Error   map[string]any `json:"error,omitzero"`
}

type placedSpot struct {
	Browser string `json:"browser"`
	Path    string `json:"path"` // a file, on Windows a registry key
}

// place registers or unregisters the host with browsers.
func (c *console) place(name string, system bool, only []string) error {
	for _, id := range only {
		if !slices.Contains(c.knownBrowsers(), id) {
			return wrongUse("沒有這個瀏覽器：%q（%s）", "no such browser: %q (%s)", id, strings.Join(c.knownBrowsers(), ", "))
		}
	}
	done, err := c.change(name, system, only)
	report := placed{Command: name, Placed: []placedSpot{}}
	for _, p := range done {
		report.Placed = append(report.Placed, placedSpot{p.Browser, p.Path})
		if !c.asJSON {
			fmt.Fprintf(c.out, "%s\t%s\t%s\n", name, p.Browser, printable(p.Path))
		}
	}
	if err != nil {
		err = placeProblem(err)
	}
	if !c.asJSON {
		return err
	}
	if err != nil {
		p := failed(err)
		report.Error = map[string]any{"zh-TW": p.chinese, "en": p.english}
		c.end = p.end
	}
	return writeJSON(c.out, report)
}

// change does it. A policy with a mistake would let nobody in, but must not keep anybody from taking a registration back.
func (c *console) change(name string, system bool, only []string) ([]browsers.Placed, error) {
	doc := c.document()
	executable, err := os.Executable()
	if err != nil {
		return nil, err
	}
	target := browsers.Target{
		System: system, Only: only, Home: c.env.home, Executable: executable, Host: protocol.HostName,
		Extensions: doc.Extensions(), DataDir: c.env.stateDir,
	}
	if system {
		target.DataDir = filepath.Dir(executable)
	}
	if name == "unregister" {
		return browsers.Unregister(target)
	}
	if f := doc.Fault(); f != nil {
		return nil, policyProblem(doc.Source(), f)
	}
	return browsers.Register(target)
}

func policyProblem(source string, f *policy.Fault) *problem {
	zh, en := f.Texts()
	zhPlace, enPlace := f.Place()
	return &problem{fmt.Sprintf("政策檔不能使用（%s）：%s %s %s", f.Code, source, zhPlace, zh),
		fmt.Sprintf("the policy file cannot be used (%s): %s %s %s", f.Code, source, enPlace, en), endFailed}
}

// placeProblem says in both languages what mostly keeps a registration from being written.
func placeProblem(err error) error {
	switch {
	case errors.Is(err, browsers.ErrPackaged):
		return &problem{"登記檔是套件放置的，由套件管理員移除；登記檔不見時，請重新安裝套件。要使用別處的主程式，請先移除套件，或不加 --system，只為自己登記。",
			"a package has registered the host, and its manager takes that back; where a manifest is missing, reinstall the package; for a program elsewhere remove the package first, or register for yourself alone, without --system", endFailed}
	case errors.Is(err, browsers.ErrNoExtension):
		return &problem{"沒有任何擴充功能的識別碼，登記了也沒有人能使用；請在政策檔的 extensions 加入您的擴充功能識別碼。",
			"no extension id is known, so that a manifest would let nobody in; put the id of your extension into extensions in the policy file", endFailed}
	case errors.Is(err, fs.ErrPermission):
		return &problem{"沒有權限，請以系統管理員執行：" + err.Error(), "not permitted; run it as an administrator: " + err.Error(), endFailed}
	}
	return err
}
