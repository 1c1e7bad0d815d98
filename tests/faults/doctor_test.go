package faults

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// finding is one line of doctor's report.
type finding struct {
	Check, Code, Level, Where string
	English                   struct{ Finding, Fix string } `json:"en"`
}

// doctor examines this desk, gives what it says of modules.
func (l *lane) doctor(t *testing.T) (modules []finding) {
	t.Helper()
	cmd := exec.Command(world.binary, "doctor", "--json")
	cmd.Dir = l.home
	cmd.Env = append([]string{"HOME=" + l.home, "XDG_STATE_HOME=" + l.home + "/state", "XDG_RUNTIME_DIR=" + l.home, "PATH=" + os.Getenv("PATH")}, l.env...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		var ended *exec.ExitError
		require.ErrorAs(t, err, &ended)
		require.Contains(t, []int{1, 2}, ended.ExitCode(), problems.String())
	}
	var report struct{ Findings []finding }
	require.NoError(t, json.Unmarshal(out.Bytes(), &report), "%s%s", out.String(), problems.String())
	for _, f := range report.Findings {
		if f.Check == "modules" && f.Code != "moduleOwner" { // ours lies below a temporary folder
			modules = append(modules, f)
		}
	}
	return modules
}

// Without any card doctor says which module is at fault, and how.
func TestDoctorNamesTheModuleWithoutACard(t *testing.T) {
	t.Parallel()
	l := newLane(t)
	l.policy(t, map[string]any{"modules": []string{l.module.Path, world.opensc}, "deadlines": map[string]int{"scan": 20000}})
	for _, c := range []struct{ rule, code, says string }{
		{"", "module", "OpenSC smartcard framework 0."},
		{"C_Initialize crash", "moduleFailed", "C_Initialize"},
		{"C_Initialize exit 0", "moduleFailed", "C_Initialize"},
		{"C_Initialize return 0x5", "moduleFailed", "(C_Initialize, CKR 0x5)"},
		{"C_GetInfo return 0x6", "moduleFailed", "(C_GetInfo, CKR 0x6)"},
		{"C_Finalize return 0x5", "moduleFailed", "(C_Finalize, CKR 0x5)"},
		{"C_GetFunctionList return 0x5", "moduleFailed", "C_Initialize"}, // its functions are then called where there are none
	} {
		l.set(t, c.rule)
		require.NoError(t, l.module.Forget())
		list := l.doctor(t)
		require.Len(t, list, 2, c.rule)
		for _, f := range list {
			if f.Where == world.opensc {
				require.Equal(t, "module", f.Code, "%s: the other one is well", c.rule)
				continue
			}
			require.Equal(t, c.code, f.Code, "%s: %+v", c.rule, f)
			require.Contains(t, f.English.Finding, c.says)
		}
		calls, err := l.module.Calls()
		require.NoError(t, err)
		for _, call := range calls {
			require.NotEqual(t, "C_GetSlotList", call.Name, "%s: no card is looked at where there is none", c.rule)
		}
	}
	l.policy(t, map[string]any{"deadlines": map[string]int{"scan": 1500}})
	l.set(t, "C_Initialize hang")
	list := l.doctor(t)
	require.Equal(t, []any{1, "moduleTimeout", "error"}, []any{len(list), list[0].Code, list[0].Level})
}
