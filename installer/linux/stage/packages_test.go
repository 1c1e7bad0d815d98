package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	tree = "../../.."
	id   = "abcdefghijklmnopabcdefghijklmnop"
)

// build has make build all packages, with its intermediate files in a folder of their own; sums are the packages' by name.
func build(t *testing.T, umask, zone string) (dist string, sums map[string][32]byte) {
	t.Helper()
	dist = t.TempDir()
	cmd := exec.Command("bash", "-c", "umask "+umask+` && exec "$@"`, "build", "make", "--no-print-directory", "packages-linux", "DIST="+dist, "BUILD="+t.TempDir(), "EXTENSION_IDS="+id, "SOURCE_DATE_EPOCH=1795000000",
		"RENDER_FLAGS=-own "+id+" -update-url https://it.example.gov.tw/updates.xml -firefox-url https://it.example.gov.tw/cardbridge.xpi")
	cmd.Dir = tree
	cmd.Env = append(os.Environ(), "TZ="+zone)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	files, err := filepath.Glob(filepath.Join(dist, "*"))
	require.NoError(t, err)
	sums = map[string][32]byte{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		sums[filepath.Base(file)] = sha256.Sum256(content)
	}
	return dist, sums
}

// judges has lintian look at each package while the test goes on; it takes longer than the build. Most of its time goes into the man
// pages: it reads them once, those of the other processor are the same (requireArchitectures).
func judges(t *testing.T, debs []string) (verdict func()) {
	t.Helper()
	var said []*bytes.Buffer
	var running []*exec.Cmd
	for _, deb := range debs {
		words := []string{"--allow-root", "--fail-on", "error,warning"}
		if strings.Contains(deb, "arm64") {
			words = append(words, "--dont-check-part", "documentation/manual")
		}
		out := &bytes.Buffer{}
		cmd := exec.CommandContext(t.Context(), "lintian", append(words, deb)...)
		cmd.Stdout, cmd.Stderr = out, out
		require.NoError(t, cmd.Start())
		said, running = append(said, out), append(running, cmd)
	}
	return func() {
		for n, cmd := range running {
			assert.NoError(t, cmd.Wait(), "%s: %s", debs[n], said[n])
		}
	}
}

// What is built twice, in other folders, with other rights, in another time zone, is the same; lintian and rpm have nothing to say against it.
func TestPackages(t *testing.T) {
	dist, sums := build(t, "022", "UTC")
	require.Len(t, sums, 6, "deb and rpm, of the program for two architectures, of the policies for all")
	var debs, rpms []string
	for name := range sums {
		if strings.HasSuffix(name, ".deb") {
			debs = append(debs, filepath.Join(dist, name))
		} else {
			rpms = append(rpms, filepath.Join(dist, name))
		}
	}
	verdict := judges(t, debs)
	_, again := build(t, "077", "Asia/Taipei")
	assert.Equal(t, sums, again)
	verdict()
	out, err := exec.Command("rpm", append([]string{"-K", "--nosignature"}, rpms...)...).CombinedOutput()
	assert.NoError(t, err, "%s", out)
	for _, rpm := range rpms {
		out, err := exec.Command("rpm", "-qp", "--queryformat", "%{NAME} %{LICENSE} %{ARCH}", rpm).CombinedOutput()
		require.NoError(t, err, "%s", out)
		assert.Regexp(t, `^cardbridge(-browser-policy)? Apache-2.0 (x86_64|aarch64|noarch)$`, string(out))
	}
	requireArchitectures(t, debs)
}

// requireArchitectures demands that each package has the program for its processor, at a place in memory that nobody foresees, and the
// same man pages.
func requireArchitectures(t *testing.T, debs []string) {
	t.Helper()
	var pages string
	seen := map[elf.Machine]bool{}
	for _, deb := range debs {
		if strings.Contains(deb, "browser-policy") {
			continue
		}
		into := t.TempDir()
		out, err := exec.Command("dpkg-deb", "--extract", deb, into).CombinedOutput()
		require.NoError(t, err, "%s", out)
		sums, err := exec.Command("bash", "-c", `cd "$1" && find usr/share/man -type f | sort | xargs sha256sum`, "sums", into).CombinedOutput()
		require.NoError(t, err, "%s", sums)
		assert.Contains(t, string(sums), "man1/cardbridge-doctor.1.gz")
		assert.Equal(t, cmp.Or(pages, string(sums)), string(sums), deb)
		pages = string(sums)
		program, err := elf.Open(filepath.Join(into, "usr/bin/cardbridge"))
		require.NoError(t, err)
		defer program.Close()
		assert.Equal(t, elf.ET_DYN, program.Type, deb)
		seen[program.Machine] = true
	}
	assert.Equal(t, map[elf.Machine]bool{elf.EM_X86_64: true, elf.EM_AARCH64: true}, seen)
}

// A change of one item becomes one item of Debian's, without headings, in lines that are not too long.
func TestTheChangelogInDebiansForm(t *testing.T) {
	s := stage{version: "1.2.3", date: time.Unix(1795000000, 0).UTC()}
	text := s.changelog("cardbridge", "# Changelog\n\nWords.\n\n## [1.2.3]\n\n### Added\n\n- One thing\n  in two lines.\n- "+strings.Repeat("word ", 40)+"\n\n### Fixed\n\n- Last.\n\n## [1.2.2]\n\n- Old.\n")
	lines := strings.Split(text, "\n")
	assert.Equal(t, "cardbridge (1.2.3) unstable; urgency=medium", lines[0])
	assert.Contains(t, lines, "  * One thing in two lines.")
	assert.Contains(t, lines, "  * Last.")
	assert.NotContains(t, text, "Old")
	assert.NotContains(t, text, "#")
	for _, line := range lines[:len(lines)-2] { // without the last line, the maintainer's
		assert.LessOrEqual(t, len(line), 80)
	}
	assert.Contains(t, text, "\n -- "+maintainer+"  Wed, 18 Nov 2026 ")
}
