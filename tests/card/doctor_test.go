package card

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Doctor meets the real PC/SC, the real module and a card: it tells of each, and nothing of the person.
func TestDoctorTellsOfTheCardButNotOfItsHolder(t *testing.T) {
	the := insert(t, "letters")
	dir := home(t)
	cmd := exec.Command(world.binary, "doctor", "--json")
	cmd.Env = []string{"HOME=" + dir, "XDG_STATE_HOME=" + dir + "/state", "XDG_RUNTIME_DIR=" + dir, "PATH=" + os.Getenv("PATH"), world.rig.Env()}
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	err := cmd.Run()
	t.Cleanup(func() { world.printed.Write(out.Bytes()); world.printed.Write(problems.Bytes()) })
	var ended *exec.ExitError
	if err != nil {
		require.ErrorAs(t, err, &ended, "no browser knows this host, so that it may end with an error")
	}
	require.Empty(t, problems.String())
	var report struct {
		Findings []struct{ Check, Code, Level, Where string }
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &report))
	told := map[string]int{}
	for _, f := range report.Findings {
		told[f.Code]++
		require.False(t, strings.HasPrefix(f.Check, "modules") && f.Level == "error", "%+v", f)
	}
	for _, code := range []string{"pcsc", "reader", "module", "cards", "certificate"} {
		require.Positive(t, told[code], "%s: %s", code, out.String())
	}
	for _, secret := range []string{the.Certificate.Subject.CommonName, the.Certificate.Subject.SerialNumber, the.Certificate.SerialNumber.String(), dir} {
		require.NotEmpty(t, secret)
		require.NotContains(t, out.String(), secret)
	}
	require.Zero(t, the.State().Verifies, "no PIN")
}
