package house

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// uses lists what a file takes from a package of the standard library, by the package's name in that file.
func uses(s source, imported string) []string {
	name := path.Base(imported)
	there := false
	for _, spec := range s.file.Imports {
		if strings.Trim(spec.Path.Value, `"`) == imported {
			there = true
			if spec.Name != nil {
				name = spec.Name.Name
			}
		}
	}
	if !there {
		return nil
	}
	if name == "." {
		return []string{"."}
	}
	var list []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := selector.X.(*ast.Ident); ok && x.Name == name {
				list = append(list, selector.Sel.Name)
			}
		}
		return true
	})
	return list
}

// mains end, read and print; elsewhere streams come as arguments, and an end would lose a reset of the card.
var mains = map[string][]string{
	"os":      {"Exit", "Stdin", "Stdout", "."},
	"fmt":     {"Print", "Printf", "Println", "Scan", "Scanf", "Scanln", "."},
	"log":     {"Fatal", "Fatalf", "Fatalln", "."},
	"syscall": {"Exit", "Kill", "."},
}

// environment are the ways to the environment, also those that read a variable behind the caller's back.
var environment = map[string][]string{
	"os":      {"Getenv", "LookupEnv", "Environ", "ExpandEnv", "Setenv", "Unsetenv", "UserHomeDir", "UserConfigDir", "UserCacheDir", "TempDir", "."},
	"syscall": {"Getenv", "Environ", "Setenv"},
}

const settings = "host/settings.go"

// againstMains are a file's uses of what belongs to a main package, or to the one file that reads the environment.
func againstMains(s source) (wrong []string, right int) {
	look := func(table map[string][]string, allowed bool, who string) {
		for imported, names := range table {
			for _, used := range uses(s, imported) {
				switch {
				case !slices.Contains(names, used):
				case allowed:
					right++
				default:
					wrong = append(wrong, fmt.Sprintf("%s uses %s.%s; %s alone may", s.path, imported, used, who))
				}
			}
		}
	}
	if s.test {
		return nil, 0 // TestMain ends, a test prepares the environment of what it starts
	}
	look(mains, s.file.Name.Name == "main", "package main")
	if within(s.dir, "host") {
		look(environment, s.path == settings, settings)
	}
	return wrong, right
}

func TestStreamsAndEnvironment(t *testing.T) {
	right, found := 0, false
	for _, s := range tree(t) {
		wrong, n := againstMains(s)
		assert.Empty(t, wrong)
		right += n
		found = found || s.path == settings
	}
	assert.True(t, found, "%s is gone; name the file that reads the environment now", settings)
	assert.Greater(t, right, 15, "the uses in main packages were not found")
}

func TestAForbiddenUseIsSeen(t *testing.T) {
	for name, text := range map[string]string{
		"host/internal/token/a.go":  `package token; import "os"; func f() { os.Exit(1) }`,
		"host/internal/token/b.go":  `package token; import o "os"; var w = o.Stdout`,
		"host/internal/token/c.go":  `package token; import . "os"; func f() { Exit(1) }`,
		"host/internal/token/d.go":  `package token; import "fmt"; func f() { fmt.Println() }`,
		"host/internal/policy/a.go": `package policy; import "os"; var home = os.Getenv("HOME")`,
		"host/certificates.go":      `package main; import "os"; var home, _ = os.UserHomeDir()`,
		"portal/verify/a.go":        `package verify; import "log"; func f() { log.Fatal() }`,
	} {
		wrong, _ := againstMains(parse(t, name, text))
		assert.NotEmpty(t, wrong, name)
	}
}
