package house

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// room says what of ours a package may import. A package without a row is refused: whoever adds a room draws its arrows.
type room struct {
	dir     string
	may     []string
	because string
}

var rooms = []room{
	{"protocol", nil, "the contract is a leaf: whoever speaks it must not get anything else with it"},
	{"manifests", nil, "data is a leaf"},
	{"manifests/fleet", []string{"manifests"}, "policies name what the data names"},
	{"installer/notices", nil, "licences are read from the outside"},
	{"manifests/render", []string{"manifests", "manifests/fleet", "protocol"}, "it writes what packages take"},
	{"manifests/admx", []string{"manifests"}, "templates follow from the table; nothing of the host is in them"},
	{"installer/windows", []string{"manifests", "manifests/fleet", "protocol"}, "a package is data about what was built"},
	{"signature/ecdsasig", nil, "host and portal both stand on it"},
	{"signature/webeid", []string{"signature/ecdsasig"}, "host builds, portal verifies, so it knows neither"},
	{"signature/cms", []string{"signature/ecdsasig"}, "host builds, portal verifies, so it knows neither"},
	{"host", []string{"host/internal/session", "host/internal/operation", "host/internal/policy", "host/internal/token", "host/internal/browsers",
		"host/internal/agent", "host/internal/service", "host/internal/doctor", "host/internal/logs", "host/internal/setup", "manifests", "protocol"}, "the map: it builds every room, hands each what it needs"},
	{"host/internal/frame", nil, "bytes to messages, whatever they mean"},
	{"host/internal/logs", nil, "a log knows no cards"},
	{"host/internal/agent", []string{"host/internal/frame"}, "it carries frames between two processes; what they mean, what a session does, is main's to hand in"},
	{"host/internal/owner", nil, "who owns a file is no other room's business"},
	{"host/internal/service", []string{"manifests", "host/internal/owner"}, "it speaks to the service manager, whatever the service does"},
	{"host/internal/setup", nil, "files in their places, whatever stands in them"},
	{"host/internal/browsers", []string{"manifests"}, "places of browsers are data"},
	{"host/internal/policy", []string{"manifests", "protocol"}, "a grant names card kinds in the protocol's words; which values the registry may have is data"},
	{"host/internal/token", []string{"host/internal/frame", "host/internal/owner", "signature/ecdsasig"},
		"it meets vendors' code and PINs: what asks for a card, or who may, is not its business"},
	{"host/internal/operation", []string{"host/internal/token", "host/internal/policy", "protocol", "signature/cms", "signature/webeid"},
		"a grant and a card become a statement"},
	{"host/internal/session", []string{"host/internal/operation", "host/internal/policy", "host/internal/frame", "protocol",
		"host/internal/token", "signature/webeid"}, "it cuts PINs out of frames with token.CutPIN, maps errors of all rooms to the protocol's"},
	{"host/internal/doctor", []string{"host/internal/browsers", "host/internal/owner", "host/internal/operation", "host/internal/policy", "host/internal/token", "protocol"},
		"it looks at what those rooms use, in their own words; nothing asks it but main"},
	{"portal/challenge", nil, "a portal may use it with another verifier"},
	{"portal/verify", []string{"signature/cms", "signature/webeid"}, "a verifier for portals: nothing of the host may come along"},
	{"portal/verify/revocation", []string{"portal/verify"}, "it speaks the verifier's errors"},
	{"portal/audit", nil, "a line of the trail is data"},
	{"portal/secret", nil, "a key knows no purpose"},
	{"portal/session", []string{"portal/audit", "portal/verify"}, "it remembers what the verifier said"},
	{"portal/account", []string{"portal/audit", "portal/session", "portal/verify"}, "it decides; cookies, databases, pages are others'"},
	{"portal/roster", []string{"portal/account"}, "files become rows, wherever they are kept"},
	{"portal/store", []string{"portal/account", "portal/audit", "portal/challenge", "portal/session", "portal/verify"}, "it implements what those rooms ask of a database"},
	{"portal/demo/web", []string{"portal/account", "portal/audit", "portal/challenge", "portal/session", "portal/verify", "signature/webeid"},
		"pages on the library; which database it stands on is main's choice"},
	{"portal/demo", []string{"portal/account", "portal/audit", "portal/challenge", "portal/demo/web", "portal/roster", "portal/secret", "portal/session",
		"portal/store", "portal/verify", "portal/verify/revocation", "signature/webeid"}, "what a portal outside this tree could import too"},
	{"installer/linux/stage", []string{"manifests", "protocol"}, "packages put data where browsers look for it; the program itself is packed, not imported"},
	{"testcard", []string{"testcard"}, "the card under test must not share code with what it tests"},
	{"tests", []string{"tests", "testcard"}, "tests of the whole use what was built, from the outside"},
	{"tests/verdicts", []string{"signature/cms", "signature/webeid"}, "the verifiers are what is compared there"},
	{"tests/docs", []string{"signature/cms", "signature/webeid"}, "a document's sample is shown a token of ours"},
}

// testsMay is what a room's tests may import besides: a real database, a real issuer's word, rather than made-up ones.
var testsMay = map[string][]string{
	"portal/account":  {"portal/store"},
	"portal/demo/web": {"portal/store", "portal/verify/revocation"},
	"portal/verify":   {"portal/challenge"}, // the example is a whole login
}

// roomOf gives the most special row.
func roomOf(dir string) (best room, ok bool) {
	for _, r := range rooms {
		if within(dir, r.dir) && (!ok || len(r.dir) > len(best.dir)) && (r.dir == dir || r.dir == "testcard" || r.dir == "tests") {
			best, ok = r, true
		}
	}
	return best, ok
}

// arrowsAgainst are the imports of ours that a file's room does not allow. A test may also use the virtual card and the tests' own packages.
func arrowsAgainst(s source) []string {
	r, ok := roomOf(s.dir)
	if !ok {
		return []string{fmt.Sprintf("%s: %s is a new room; add its row to rooms", s.path, s.dir)}
	}
	may := r.may
	if s.test {
		may = slices.Concat([]string{"testcard", "tests"}, testsMay[r.dir], may)
	}
	var wrong []string
	for _, imported := range s.imports {
		ours, ok := strings.CutPrefix(imported, module+"/")
		// a test is at home in its folder and below: an example uses what stands on its package
		if ok && !slices.Contains(may, ours) && !(s.test && within(ours, s.dir)) &&
			!(within(ours, "testcard") && slices.Contains(may, "testcard")) && !(within(ours, "tests") && slices.Contains(may, "tests")) {
			wrong = append(wrong, fmt.Sprintf("%s imports %s; %s may not: %s", s.path, ours, r.dir, r.because))
		}
	}
	return wrong
}

func TestArrows(t *testing.T) {
	seen, arrows := map[string]int{}, 0
	for _, s := range tree(t) {
		assert.Empty(t, arrowsAgainst(s))
		r, _ := roomOf(s.dir)
		seen[r.dir]++
		for _, imported := range s.imports {
			if strings.HasPrefix(imported, module+"/") {
				arrows++
			}
		}
	}
	for _, r := range rooms {
		assert.Positive(t, seen[r.dir], "the row of %s fits no file; remove it", r.dir)
		assert.NotEmpty(t, r.because, r.dir)
	}
	assert.Greater(t, arrows, 60)
}

func TestAForbiddenArrowIsSeen(t *testing.T) {
	for name, imported := range map[string]string{
		"host/internal/token/x.go":         "host/internal/session",
		"host/internal/token/x_windows.go": "host/internal/policy",
		"host/internal/token/y.go":         "protocol",
		"portal/verify/x.go":               "host/internal/frame",
		"signature/webeid/x.go":            "protocol",
		"protocol/x_test.go":               "host/internal/frame",
		"portal/new/x.go":                  "protocol",
		"testcard/piv/x.go":                "signature/ecdsasig",
	} {
		s := parse(t, name, "//go:build never\n\npackage x\n\nimport _ \""+module+"/"+imported+"\"\n")
		assert.Len(t, arrowsAgainst(s), 1, name)
	}
}

// owned are packages of others that belong to few places.
var owned = []struct {
	prefix  string
	by      []string
	because string
}{
	{"github.com/miekg/pkcs11", []string{"host/internal/token", "testcard", "tests"}, "vendors' code is met in the token room alone"},
	{"github.com/ThalesIgnite/crypto11", []string{"host/internal/token", "testcard", "tests"}, "vendors' code is met in the token room alone"},
	{"github.com/ebitengine/purego", []string{"host/internal/token"}, "PC/SC is loaded there, at run time"},
	{"C", []string{"host/internal/token", "tests"}, "C is met in the token room alone"},
	{"plugin", nil, "code is not loaded at run time"},
	{"database/sql", []string{"portal", "tests"}, "database drivers never enter the host"},
	{"modernc.org/sqlite", []string{"portal", "tests"}, "database drivers never enter the host"},
	{"github.com/mattn/go-sqlite3", []string{"portal"}, "database drivers never enter the host"},
	{"github.com/jackc/pgx", []string{"portal", "tests"}, "database drivers never enter the host"},
	{"github.com/lib/pq", []string{"portal"}, "database drivers never enter the host"},
	{"net/http", []string{"portal", "testcard", "tests"}, "the host opens no port, asks no server"},
	{"encoding/json", []string{"testcard", "tests"}, "it takes duplicate names, other letter cases, invalid UTF-8 (go-json-experiment/json does not)"},
	{"github.com/spf13/cobra/doc", []string{"host"}, "man pages are written by a build of their own (tag man), never by the host"},
	{"github.com/spf13/cobra", []string{"host"}, "a command line is main's: no room has one"},
	{"github.com/stretchr/testify", []string{"tests"}, "tests alone assert"},
	{"github.com/santhosh-tekuri/jsonschema", []string{"tests"}, "the host judges a policy by its own code; the schema is for editors"},
}

func TestForeignPackagesHaveTheirPlace(t *testing.T) {
	checked := 0
	for _, s := range tree(t) {
		for _, imported := range s.imports {
			for _, o := range owned {
				if !within(imported, o.prefix) {
					continue
				}
				checked++
				if s.test && slices.Contains([]string{"encoding/json", "github.com/stretchr/testify", "net/http", "github.com/santhosh-tekuri/jsonschema"}, o.prefix) {
					continue
				}
				assert.True(t, withinAny(s.dir, o.by), "%s imports %s: %s", s.path, imported, o.because)
			}
		}
	}
	assert.Greater(t, checked, 50)
}

// deps asks the go tool for everything that a package draws in.
func deps(t *testing.T, goos, tags, pattern string) []string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-tags="+tags, pattern)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS="+goos)
	if goos == "windows" {
		cmd.Env = append(cmd.Env, "CGO_ENABLED=1", "CC=x86_64-w64-mingw32-gcc")
	}
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	require.NoError(t, err, problems.String())
	return strings.Fields(string(out))
}

// A binary holds what its packages import at whatever distance.
func TestWhatTheBinariesDrawIn(t *testing.T) {
	for _, goos := range []string{"linux", "windows"} {
		for _, tags := range []string{"", "dev"} {
			host := deps(t, goos, tags, "./host")
			require.Contains(t, host, module+"/host/internal/token")
			require.Contains(t, host, "github.com/miekg/pkcs11")
			for _, never := range []string{"database/sql", "net/http", "plugin", "github.com/stretchr/testify/assert", "testing",
				"github.com/spf13/cobra/doc", "github.com/cpuguy83/go-md2man/v2/md2man"} {
				assert.NotContains(t, host, never, "%s, tags %q", goos, tags)
			}
			for _, name := range host {
				assert.False(t, withinAny(name, []string{module + "/portal", module + "/testcard", module + "/tests"}), "host draws in %s", name)
			}
		}
	}
	for _, pattern := range []string{"./portal/verify/...", "./portal/challenge", "./portal/demo"} {
		list := deps(t, "linux", "", pattern)
		require.Contains(t, list, module+"/"+strings.TrimSuffix(strings.TrimPrefix(pattern, "./"), "/..."))
		for _, name := range list {
			assert.False(t, withinAny(name, []string{module + "/host", module + "/testcard", "github.com/miekg/pkcs11", "github.com/ThalesIgnite/crypto11"}),
				"%s draws in %s", pattern, name)
		}
	}
}
