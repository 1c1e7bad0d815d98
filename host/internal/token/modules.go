package token

import (
	"os"
	"path/filepath"
	"strings"
)

// Module is a PKCS#11 library by its absolute path.
type Module struct {
	Path string
	// Vendor modules know their own cards only, so they are asked first; others see what is left.
	Vendor bool
	// Soft modules have no readers, so PC/SC's events say nothing about them.
	Soft bool
}

// findModules gives the modules that IT named, else those known to exist on such a system that are there, each file once.
func findModules(named []string, home string) []Module {
	if len(named) > 0 {
		list := make([]Module, 0, len(named))
		for _, path := range named {
			list = append(list, describe(path))
		}
		return list
	}
	var list []Module
	var seen []os.FileInfo
	for _, path := range knownModules {
		if rest, ok := strings.CutPrefix(path, "~/"); ok {
			if home == "" {
				continue
			}
			path = filepath.Join(home, rest)
		}
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() || contains(seen, info) {
			continue
		}
		seen = append(seen, info)
		list = append(list, describe(path))
	}
	return list
}

// Found are the modules that a host asks to which IT named none.
func Found(home string) []Module { return findModules(nil, home) }

// Installed counts the modules whose files are there; those that IT named may not be.
func Installed(modules []Module) (n int) {
	for _, m := range modules {
		if _, err := os.Stat(m.Path); err == nil {
			n++
		}
	}
	return n
}

func contains(seen []os.FileInfo, info os.FileInfo) bool {
	for _, s := range seen {
		if os.SameFile(s, info) {
			return true
		}
	}
	return false
}

func describe(path string) Module {
	name := strings.ToLower(filepath.Base(path))
	return Module{
		Path:   path,
		Vendor: strings.Contains(name, "hicos") || strings.Contains(name, "gpki"),
		Soft:   strings.Contains(name, "softhsm"),
	}
}
