package house

import (
	"fmt"
	"go/doc"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

const mostLines = 350

// A package's doc is the sign on its door: one sentence. A room whose sign needs "and" is two rooms.
func againstDoc(name, dir, text string) string {
	first := new(doc.Package).Synopsis(text)
	switch {
	case name == "main" && !strings.HasPrefix(first, "Command "):
		return fmt.Sprintf("%s: begin with: Command <name>", dir)
	case name != "main" && !strings.HasPrefix(first, "Package "+name+" "):
		return fmt.Sprintf("%s: begin with: Package %s", dir, name)
	case !strings.HasSuffix(first, "."):
		return fmt.Sprintf("%s: %q is no sentence", dir, first)
	case strings.Contains(first, " and "):
		return fmt.Sprintf("%s: %q needs an \"and\"; divide the package", dir, first)
	}
	return ""
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	docs, names := map[string][]string{}, map[string]string{}
	for _, s := range tree(t) {
		if name := s.file.Name.Name; !strings.HasSuffix(name, "_test") {
			names[s.dir] = name
		}
		if s.file.Doc != nil {
			docs[s.dir] = append(docs[s.dir], s.path)
			assert.Empty(t, againstDoc(s.file.Name.Name, s.dir, s.file.Doc.Text()))
		}
	}
	assert.Greater(t, len(names), 20)
	for dir := range names {
		assert.Len(t, docs[dir], 1, "%s needs its doc in exactly one file", dir)
	}
}

func TestABadDocIsSeen(t *testing.T) {
	for _, text := range []string{"", "Token is a card.", "Package token", "Package token is a card and a reader.", "Package tokens is a card."} {
		assert.NotEmpty(t, againstDoc("token", "token", text), text)
	}
	assert.NotEmpty(t, againstDoc("main", "host", "Package main is the host."))
	assert.Empty(t, againstDoc("token", "token", "Package token is the card as PKCS#11 shows it.\n\nThis and that."))
}

func TestNoRoomForLeftovers(t *testing.T) {
	leftover := []string{"util", "utils", "common", "helper", "helpers", "misc", "lib", "base", "shared"}
	checked := map[string]bool{}
	for _, s := range tree(t) {
		checked[s.dir] = true
		for _, name := range []string{path.Base(s.dir), strings.TrimSuffix(s.file.Name.Name, "_test")} {
			assert.False(t, slices.Contains(leftover, name), "%s: a package is named after what it is", s.dir)
		}
	}
	assert.Greater(t, len(checked), 20)
}

func TestFilesAreShort(t *testing.T) {
	all, err := files()
	assert.NoError(t, err)
	checked := map[string]int{}
	for name, text := range all {
		ext := path.Ext(name)
		if !slices.Contains([]string{".go", ".js", ".mjs", ".css", ".html"}, ext) || strings.Contains(name, "_test.") || strings.Contains(name, ".test.") {
			continue
		}
		checked[ext]++
		assert.LessOrEqual(t, strings.Count(text, "\n"), mostLines, "%s: divide it", name)
	}
	assert.Greater(t, checked[".go"], 80)
	assert.Greater(t, checked[".js"], 20)
}

// place is where a path begins.
const place = `(^|[\s"'` + "`" + `=(:])`

// foreign are marks of the one machine on which something was written: a reader of the tree has neither its folders nor its
// mirrors.
var foreign = []*regexp.Regexp{
	regexp.MustCompile(place + `/(home|Users)/[A-Za-z0-9._-]{3,}`), // shorter ones are examples
	regexp.MustCompile(place + `/(root|work|workspace|builds)/[A-Za-z0-9._-]+`),
	regexp.MustCompile(`[A-Za-z]:\\+Users\\`),
	regexp.MustCompile(`//[A-Za-z0-9.-]*(registry|goproxy|artifactory|nexus|verdaccio|mirror)[A-Za-z0-9-]*[.][A-Za-z0-9.-]+`),
	regexp.MustCompile(`\b(registry[.][a-z0-9-]+|proxy[.]golang)[.](org|com|net|io)\b`),
	regexp.MustCompile(`\b(GOPROXY|GONOSUMDB|NPM_CONFIG_REGISTRY)=`),
}

func TestNothingOfOneMachine(t *testing.T) {
	all, err := files()
	assert.NoError(t, err)
	assert.Greater(t, len(all), 200)
	for name, text := range all {
		for _, mark := range foreign {
			assert.Empty(t, mark.FindString(text), "%s names a place of one machine", name)
		}
	}
}

func TestAMarkOfOneMachineIsSeen(t *testing.T) {
	for _, text := range []string{
		"cd /" + "home/someone/cardbridge", `"path": "/` + `Users/someone"`, `C:\` + `Users\someone`, "https:/" + "/npm-registr" + "y.example.org/x",
		"registry" + ".npmjs.org", "GOPROXY" + "=direct",
	} {
		found := false
		for _, mark := range foreign {
			found = found || mark.MatchString(text)
		}
		assert.True(t, found, text)
	}
}

// Skipped tests look like passed ones.
func TestNoTestIsSkipped(t *testing.T) {
	skip := regexp.MustCompile(`\b[tbf]\.Skip(f|Now)?\(`)
	checked := 0
	for _, s := range tree(t) {
		if !s.test && !within(s.dir, "tests") {
			continue
		}
		checked++
		assert.False(t, skip.MatchString(s.text), "%s skips; a test that cannot run must fail", s.path)
	}
	assert.Greater(t, checked, 40)
}
