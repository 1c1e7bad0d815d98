package wine

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const policies = `HKLM\SOFTWARE\Policies\CardBridge`

// reg writes the registry with the system's own tool.
func reg(t *testing.T, args ...string) {
	t.Helper()
	printed, err := program("reg", args...)
	require.NoError(t, err, printed)
}

// sourced is a value as policy show prints it.
type sourced struct{ Value, Source string }

func TestGroupPolicyStandsOnTop(t *testing.T) {
	defer reg(t, "delete", policies, "/f")
	reg(t, "add", policies+`\portals`, "/v", "1", "/t", "REG_SZ", "/d", "https://hr.example.gov.tw", "/f")
	reg(t, "add", policies+`\helpDesk`, "/v", "phone", "/t", "REG_SZ", "/d", "02-2345-6789", "/f")
	reg(t, "add", policies+`\log`, "/v", "maxMegabytes", "/t", "REG_DWORD", "/d", "9", "/f")

	printed, err := program(installed, "policy", "show", "--json")
	require.NoError(t, err, printed)
	var shown struct {
		Source   string
		Registry []string
		Valid    bool
		Portals  []struct {
			Origin, Source string
			Operations     []string
		}
		HelpDesk map[string]sourced
		Log      struct {
			MaxMegabytes struct {
				Value  int
				Source string
			}
			Level sourced
		}
	}
	require.NoError(t, json.Unmarshal([]byte(printed), &shown), printed)
	assert.Equal(t, []any{"built-in", true, []string{"helpDesk.phone", "log.maxMegabytes", "portals"}}, []any{shown.Source, shown.Valid, shown.Registry})
	require.Len(t, shown.Portals, 1)
	assert.Equal(t, []any{"https://hr.example.gov.tw", []string{"authenticate", "certificates"}, policies + `\portals`},
		[]any{shown.Portals[0].Origin, shown.Portals[0].Operations, shown.Portals[0].Source})
	assert.Equal(t, sourced{"02-2345-6789", policies + `\helpDesk\phone`}, shown.HelpDesk["phone"])
	assert.Equal(t, []any{9, policies + `\log\maxMegabytes`, "built-in"}, []any{shown.Log.MaxMegabytes.Value, shown.Log.MaxMegabytes.Source, shown.Log.Level.Source})
	printed, err = program(installed, "policy", "show", "--lang", "en")
	require.NoError(t, err, printed)
	assert.Contains(t, printed, "Group Policy on top: "+policies+" (helpDesk.phone log.maxMegabytes portals)")
	assert.Equal(t, "built-in + "+policies, policyFinding(t, "policy").Where)
}

func TestABadValueOfGroupPolicyIsShown(t *testing.T) {
	defer reg(t, "delete", policies, "/f")
	reg(t, "add", policies+`\portals`, "/v", "1", "/t", "REG_SZ", "/d", "https://hr.example.gov.tw/login", "/f")
	printed, err := program(installed, "policy", "show", "--lang", "en")
	require.Error(t, err)
	for _, text := range []string{"policy from: " + policies + "\n", "  registry, " + policies + `\portals\1` + "\n", "is not an origin", "no portal is permitted anything"} {
		assert.Contains(t, printed, text)
	}
	finding := policyFinding(t, "policyInvalid")
	assert.Equal(t, policies, finding.Where)
	assert.Contains(t, finding.English.Finding, policies+`\portals\1: "https://hr.example.gov.tw/login" is not an origin`)
	assert.Contains(t, finding.English.Fix, "cardbridge policy show", "policy check does not look at the registry")
}

type finding struct {
	Check, Code, Where string
	English            struct{ Finding, Fix string } `json:"en"`
}

// policyFinding is what doctor says of the policy.
func policyFinding(t *testing.T, code string) finding {
	t.Helper()
	printed, _ := program(installed, "doctor", "--json") // its end tells of other findings too
	var report struct{ Findings []finding }
	require.NoError(t, json.Unmarshal([]byte(printed), &report), printed)
	for _, f := range report.Findings {
		if f.Code == code {
			return f
		}
	}
	require.Fail(t, "no such finding", "%s: %s", code, printed)
	return finding{}
}

// What an installation left that was cut off is not what a later one puts back when it fails.
func TestALeftoverOfThePolicy(t *testing.T) {
	withInstaller(t)
	const now, folder = `{"portals": []}`, `C:\ProgramData\CardBridge`
	install(t, "1.0.0", "INSTALL_SERVICE=0", "POLICY="+file(t, "now.json", now))
	put := func(path, text string) {
		t.Helper()
		require.NoError(t, os.WriteFile(inWindows(path), []byte(text), 0o644))
	}
	put(policyFile+".before", `{"portals": [], "extensions": []}`)
	notInstalled(t, `cannot be "lynx"`, "1.0.0", "REINSTALL=ALL", "BROWSERS=lynx")
	require.Equal(t, []string{"log", "policy.json"}, names(t, folder))

	put(policyFile+".absent", "")
	require.NoError(t, os.RemoveAll(inWindows(folder+`\log`)))
	put(folder+`\log`, "no folder") // so that the last step fails, and all are taken back
	notInstalled(t, "is a link or no folder", "1.0.0", "REINSTALL=ALL")
	require.Equal(t, now, contents(t, policyFile))
	require.Equal(t, []string{"log", "policy.json"}, names(t, folder))
}
