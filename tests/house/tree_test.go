// Package house tests the rules that the code itself keeps.
package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	module = "github.com/cardbridge/cardbridge"
	root   = "../.."
)

// source is one Go file. Files of every OS and build tag are read: a rule that holds on Linux alone is none.
type source struct {
	path    string // from the root, with slashes
	dir     string
	test    bool
	text    string
	file    *ast.File
	imports []string
}

// files are all text files of the tree, Go or not: path from the root -> content.
var files = sync.OnceValues(func() (map[string]string, error) {
	all := map[string]string{}
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			switch base := entry.Name(); {
			case base == "node_modules", base == ".git", name == filepath.Join(root, "build"), name == filepath.Join(root, "dist"):
				return fs.SkipDir
			}
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil || strings.IndexByte(string(text), 0) >= 0 {
			return err // pictures are no text
		}
		rel, err := filepath.Rel(root, name)
		all[filepath.ToSlash(rel)] = string(text)
		return err
	})
	return all, err
})

// tree gives every Go file, in both kinds at least as many as there have ever been.
func tree(t *testing.T) []source {
	t.Helper()
	all, err := files()
	require.NoError(t, err)
	var list []source
	tests := 0
	for name, text := range all {
		if !strings.HasSuffix(name, ".go") {
			continue
		}
		s := parse(t, name, text)
		if s.test {
			tests++
		}
		list = append(list, s)
	}
	require.Greater(t, tests, 40, "the tests of the tree were not found")
	require.Greater(t, len(list)-tests, 80, "the code of the tree was not found")
	return list
}

func parse(t *testing.T, name, text string) source {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments|parser.SkipObjectResolution)
	require.NoError(t, err)
	s := source{path: name, dir: path.Dir(name), test: strings.HasSuffix(name, "_test.go"), text: text, file: file}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		require.NoError(t, err)
		s.imports = append(s.imports, imported)
	}
	return s
}

// within says that a folder or import path is another or lies below it.
func within(name, above string) bool { return name == above || strings.HasPrefix(name, above+"/") }

// withinAny is within for a list.
func withinAny(name string, above []string) bool {
	for _, a := range above {
		if within(name, a) {
			return true
		}
	}
	return false
}
