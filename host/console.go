package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/pflag"

	"github.com/cardbridge/cardbridge/host/internal/policy"
)

// How a command ends, the same for all of them; docs/administration.md has this table.
const (
	endDone     = 0  // done; nothing to repair; valid
	endFailed   = 1  // not done, not valid; of doctor: the worst finding is a warning
	endError    = 2  // of doctor: the worst finding is an error
	endUsage    = 64 // no such command, option or argument (EX_USAGE of sysexits.h)
	endSoftware = 70 // doctor could not look at all (EX_SOFTWARE)
)

// language is what a person reads; programs get both.
type language string

const (
	chinese language = "zh-TW"
	english language = "en"
)

// say picks the text of the language.
func (l language) say(zh, en string) string {
	if l == chinese {
		return zh
	}
	return en
}

// Set, String, Type make it the value of --lang.
func (l *language) Set(s string) error {
	if s != string(chinese) && s != string(english) {
		return errLanguage
	}
	*l = language(s)
	return nil
}

var errLanguage = errors.New("zh-TW, en")

func (l *language) String() string { return string(*l) }

// Type implements pflag.Value.
func (l *language) Type() string { return "zh-TW|en" }

// languageOf is --lang's, else the locale's. It is needed before the command line is parsed: errors in that speak it too.
func languageOf(args []string, locale string) language {
	l := english
	if strings.HasPrefix(strings.ToLower(locale), "zh") {
		l = chinese
	}
	for i, arg := range args {
		if arg == "--" {
			break
		}
		value, ok := strings.CutPrefix(arg, "--lang=")
		if arg == "--lang" && i+1 < len(args) {
			value, ok = args[i+1], true
		}
		if ok {
			_ = l.Set(value) // one that is unknown is told by the parser, in the locale's language
		}
	}
	return l
}

// console is what a command speaks through: two streams, one language.
type console struct {
	out, problems io.Writer
	language
	env      settings
	document func() *policy.Policy
	asJSON   bool
	end      int
}

// problem is an error in both languages; end is the exit code that it asks for.
type problem struct {
	chinese, english string
	end              int
}

func (p *problem) Error() string { return p.english }

func wrongUse(zh, en string, args ...any) *problem {
	return &problem{fmt.Sprintf(zh, args...), fmt.Sprintf(en, args...), endUsage}
}

// failed is the problem that an error of a room is to the person.
func failed(err error) *problem {
	var known *problem
	if errors.As(err, &known) {
		return known
	}
	return &problem{"無法完成：" + err.Error(), "failed: " + err.Error(), endFailed}
}

// flagProblem says an error of the parser in both languages.
func flagProblem(err error) error {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		name := "--" + unknown.GetSpecifiedName()
		if letters := unknown.GetSpecifiedShortnames(); letters != "" {
			name = "-" + letters
		}
		return wrongUse("沒有這個選項：%q", "no such option: %q", name)
	case errors.As(err, &missing):
		return wrongUse("選項 --%s 需要一個值。", "the option --%s needs a value", missing.GetSpecifiedName())
	case errors.As(err, &invalid):
		return wrongUse("選項 --%s 不能是 %q（%s）。", "the option --%s cannot be %q (%s)", invalid.GetFlag().Name, invalid.GetValue(), invalid.GetFlag().Value.Type())
	}
	return wrongUse("選項的寫法不對：%v", "an option is not written rightly: %v", err)
}

type bothTexts struct {
	Chinese string `json:"zh-TW"`
	English string `json:"en"`
}

// writeJSON prints for programs.
func writeJSON(w io.Writer, v any) error {
	if err := json.MarshalWrite(w, v, json.Deterministic(true), jsontext.WithIndent("  ")); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}

// tell says what went wrong, to a program too if one asked, and how the process ends.
func (c *console) tell(err error) int {
	p := failed(err)
	if c.asJSON {
		if writeJSON(c.out, struct {
			Error bothTexts `json:"error"`
		}{bothTexts{p.chinese, p.english}}) != nil {
			return endFailed
		}
	}
	fmt.Fprintln(c.problems, printable(c.say(p.chinese, p.english)))
	return p.end
}
