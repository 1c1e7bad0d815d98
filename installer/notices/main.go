// Command notices writes the licences of everything that is linked into programs.
//
//	notices -out FILE PROGRAM...
//
// Which modules those are, the programs themselves say (debug/buildinfo); their texts lie in the module cache. A module without a
// licence is an error: nobody may pass it on. Run it in the module that the programs were built from.
package main

import (
	"bytes"
	"debug/buildinfo"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|copyright|notice|patents)([.-].*)?$`)

func main() {
	out := flag.String("out", "", "the file to write")
	flag.Parse()
	if err := run(*out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "notices:", err)
		os.Exit(1)
	}
}

func run(out string, programs []string) error {
	if out == "" || len(programs) == 0 {
		return errors.New("-out names the file, arguments the programs")
	}
	folders, err := moduleFolders()
	if err != nil {
		return err
	}
	linked, err := modules(programs)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	fmt.Fprint(&text, "CardBridge 憑證通 contains the following software of others. / 本軟體包含以下第三方軟體。\n")
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return err
	}
	folders["Go"] = strings.TrimSpace(string(goroot))
	for _, module := range append([]string{"Go"}, linked...) {
		if err := licences(&text, module, folders[module]); err != nil {
			return err
		}
	}
	return os.WriteFile(out, text.Bytes(), 0o644)
}

// modules are those that any of the programs contains, as path@version.
func modules(programs []string) (list []string, err error) {
	for _, program := range programs {
		info, err := buildinfo.ReadFile(program)
		if err != nil {
			return nil, err
		}
		for _, m := range info.Deps {
			if m.Replace != nil {
				m = m.Replace
			}
			list = append(list, m.Path+"@"+m.Version)
		}
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// moduleFolders are where the texts of the module's dependencies lie, by path@version.
func moduleFolders() (map[string]string, error) {
	raw, err := exec.Command("go", "list", "-m", "-json", "all").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	folders := map[string]string{}
	for decoder := jsontext.NewDecoder(bytes.NewReader(raw)); ; {
		var m struct{ Path, Version, Dir string }
		if err := json.UnmarshalDecode(decoder, &m); errors.Is(err, io.EOF) {
			return folders, nil
		} else if err != nil {
			return nil, err
		}
		folders[m.Path+"@"+m.Version] = m.Dir
	}
}

func licences(text *bytes.Buffer, module, folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("%s: its source is not there (go mod download): %w", module, err)
	}
	found := false
	for _, e := range entries {
		if e.IsDir() || !licenceFile.MatchString(e.Name()) {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			return err
		}
		found = true
		fmt.Fprintf(text, "\n%s\n%s: %s\n%s\n\n%s\n", strings.Repeat("=", 80), module, e.Name(), strings.Repeat("=", 80), bytes.TrimSpace(raw))
	}
	if !found {
		return fmt.Errorf("%s: no licence lies in its source", module)
	}
	return nil
}
