//go:build man

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// A build with the tag man has one command more, which writes the man pages: the host itself must not draw in the writer.
func init() {
	moreCommands = append(moreCommands, func(c *console) *cobra.Command {
		return &cobra.Command{Use: "man FOLDER", Hidden: true, Args: cobra.ExactArgs(1), RunE: func(_ *cobra.Command, args []string) error {
			for l, folder := range map[language]string{english: "man1", chinese: "zh_TW/man1"} {
				if err := manPages(l, c.env, filepath.Join(args[0], folder)); err != nil {
					return err
				}
			}
			return nil
		}}
	})
}

// headings of pages, in the words that Chinese pages have.
var headings = map[string]string{
	"NAME": "名稱", "SYNOPSIS": "語法", "DESCRIPTION": "說明", "OPTIONS": "選項", "OPTIONS INHERITED FROM PARENT COMMANDS": "所有指令共用的選項",
	"EXAMPLE": "範例", "SEE ALSO": "參見",
}

var heading1 = regexp.MustCompile(`(?m)^\.SH "?([A-Z ]+?)"?$`)

func manPages(l language, env settings, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	c := &console{env: env, language: l}
	root := c.root()
	return eachCommand(root, func(cmd *cobra.Command) error {
		var page bytes.Buffer
		// the date is SOURCE_DATE_EPOCH's, so that the same tree gives the same pages
		header := &doc.GenManHeader{Section: "1", Source: "CardBridge " + version, Manual: c.say("憑證通", "CardBridge")}
		if err := doc.GenMan(cmd, header, &page); err != nil {
			return err
		}
		text := page.String()
		if l == chinese {
			for _, m := range heading1.FindAllStringSubmatch(text, -1) {
				if headings[m[1]] == "" {
					return fmt.Errorf("no Chinese word for the heading %q", m[1])
				}
			}
			text = heading1.ReplaceAllStringFunc(text, func(line string) string { return ".SH " + headings[heading1.FindStringSubmatch(line)[1]] })
		}
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
		return os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644)
	})
}

func eachCommand(cmd *cobra.Command, do func(*cobra.Command) error) error {
	if err := do(cmd); err != nil {
		return err
	}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			if err := eachCommand(sub, do); err != nil {
				return err
			}
		}
	}
	return nil
}
