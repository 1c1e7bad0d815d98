// Package doctor finds what keeps a computer's cards from working.
//
// It looks at the machine alone: it changes nothing, asks no PIN, loads no module into this process. What it says may be handed
// to a help desk, so it holds no holder's name, no serial number, no home folder.
package doctor

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/cardbridge/cardbridge/host/internal/policy"
	"github.com/cardbridge/cardbridge/host/internal/token"
)

// Level is how bad a finding is.
type Level string

// The levels, from best to worst. Info: worth knowing at a help desk; nothing to repair by itself.
const (
	OK      Level = "ok"
	Info    Level = "info"
	Warning Level = "warning"
	Error   Level = "error"
)

var levels = []Level{OK, Info, Warning, Error}

func (l Level) rank() int { return slices.Index(levels, l) }

// Text is what was found, then what to do about it; Fix is empty if there is nothing to do.
type Text struct {
	Finding string `json:"finding"`
	Fix     string `json:"fix,omitzero"`
}

// Finding is what one check says of one place.
type Finding struct {
	Check   string `json:"check"` // a check's name, for a browser with its id behind: manifest.chrome
	Code    string `json:"code"`
	Level   Level  `json:"level"`
	Where   string `json:"where,omitzero"`
	Chinese Text   `json:"zh-TW"`
	English Text   `json:"en"`
}

// Cards is what the token room tells; *token.Service is one.
type Cards interface {
	Modules() []token.Module
	Look(ctx context.Context) (token.View, error)
	Scan(ctx context.Context, spare *token.Spare) (token.Inventory, error)
	Probe(ctx context.Context, m token.Module) (token.Library, error)
}

// Machine is what is looked at.
type Machine struct {
	Root       string // the folder that stands for the file system's root; "": the real one
	System     string // runtime.GOOS
	Arch       string // runtime.GOARCH
	Home       string // "": not known
	Host       string // the host's name in manifests
	Executable string
	Version    string
	Remote     string // how the person is connected from elsewhere, "" if not at all
	Now        time.Time
	Policy     *policy.Policy
	Cards      Cards
	// Agent asks the OS service how it is; nil: there is none on this system.
	Agent func(context.Context) AgentState
	// Owner is the owner's number of a file; nil: the file system's word.
	Owner func(path string) (uid int, known bool)
}

// mostTime ends an examination: each module has its own deadline in the token room, this one is for all together.
const mostTime = 90 * time.Second

// checks in the order of what stands on what.
var checks = []struct {
	name string
	look func(*visit)
}{
	{"binary", binary}, {"clock", clock}, {"policy", policyFile}, {"browsers", installed}, {"manifest", registered},
	{"browserPolicy", browserPolicies}, {"extension", extensions}, {"agent", agent}, {"pcsc", service}, {"readers", readers}, {"modules", modules},
	{"cards", cards}, {"certificates", certificates}, {"rivals", rivals}, {"session", session},
}

// visit is one examination.
type visit struct {
	Machine
	check    string
	found    []Finding
	here     []browser // those installed
	view     token.View
	inv      token.Inventory
	scanFail error
	agent    AgentState
	probes   map[string]probe // by the module's path
	homes    []*regexp.Regexp
}

// Examine runs every check; the worst findings come first. It takes bounded time, whatever a module does.
func Examine(ctx context.Context, m Machine) []Finding {
	ctx, cancel := context.WithTimeout(ctx, mostTime)
	defer cancel()
	v := &visit{Machine: m, probes: probeAll(ctx, m.Cards)}
	v.here = v.installedBrowsers()
	if m.Agent != nil {
		v.agent = m.Agent(ctx)
	}
	if v.view, v.scanFail = m.Cards.Look(ctx); v.scanFail == nil {
		if v.inv, v.scanFail = m.Cards.Scan(ctx, nil); v.scanFail == nil {
			v.view = v.inv.View
		}
	}
	for _, c := range checks {
		v.check = c.name
		c.look(v)
	}
	slices.SortStableFunc(v.found, func(a, b Finding) int { return cmp.Compare(b.Level.rank(), a.Level.rank()) })
	return v.found
}

// Worst is the level of the worst finding.
func Worst(list []Finding) Level {
	worst := OK
	for _, f := range list {
		if f.Level.rank() > worst.rank() {
			worst = f.Level
		}
	}
	return worst
}

// tell adds a finding; values are what {name} in its texts stands for, in pairs.
func (v *visit) tell(code, where string, values ...string) { v.tellOf("", code, where, values...) }

// tellOf is tell of one browser.
func (v *visit) tellOf(browser, code, where string, values ...string) {
	t := catalogue[code]
	f := Finding{Check: v.check, Code: code, Level: t.level, Where: v.shown(where)}
	if browser != "" {
		f.Check += "." + browser
	}
	for i := 1; i < len(values); i += 2 {
		values[i] = v.shown(values[i])
	}
	with := strings.NewReplacer(values...)
	f.Chinese = Text{with.Replace(t.chinese.Finding), with.Replace(t.chinese.Fix)}
	f.English = Text{with.Replace(t.english.Finding), with.Replace(t.english.Fix)}
	v.found = append(v.found, f)
}

// Bad tells of a level that wants something repaired.
func (l Level) Bad() bool { return l == Warning || l == Error }
