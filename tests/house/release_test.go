package house

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// canary is a policy path that a careless link could give a release too.
const canary = "/canary-of-the-house-test/policy.json"

// devOnly are bytes that a host must have under the build tag dev and must not have without it.
var devOnly = map[string]string{
	"the test extension's id":        "pbjmkmfiabchoodbocfoiebiblhbiijh",
	"the grant for 127.0.0.1":        "http://127.0.0.1:",
	"the grant for localhost":        "http://localhost:",
	"a policy path from link time":   canary,
	"a module's variable (SoftHSM)":  "SOFTHSM2_CONF",
	"a module's variable (OpenSC)":   "OPENSC_CONF",
	"the variable for a policy path": "host/internal/policy.devPath",
}

// build makes the host with the flags of make build, but for the symbols, which are searched too.
func build(t *testing.T, tags string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "cardbridge")
	cmd := exec.Command("go", "build", "-trimpath", "-tags="+tags, "-o", name,
		"-ldflags", "-X main.version=9.9.9 -X "+module+"/host/internal/policy.devPath="+canary, "./host")
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return name
}

func TestAReleaseHoldsNothingOfDevelopment(t *testing.T) {
	release, err := os.ReadFile(build(t, ""))
	require.NoError(t, err)
	dev, err := os.ReadFile(build(t, "dev"))
	require.NoError(t, err)
	require.True(t, bytes.Contains(release, []byte("https://ecpa.dgpa.gov.tw")), "the search finds what is known to be there")
	for what, mark := range devOnly {
		assert.True(t, bytes.Contains(dev, []byte(mark)), "%s (%s) is not in a dev build any more: this test searches for nothing", what, mark)
		assert.False(t, bytes.Contains(release, []byte(mark)), "a release holds %s (%s)", what, mark)
	}
}

// run runs a built host with nothing in its environment but a home.
func run(t *testing.T, home, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = []string{"HOME=" + home}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestARelease(t *testing.T) {
	name, home := build(t, ""), t.TempDir()
	out, err := run(t, home, name, "version")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(out, "cardbridge 9.9.9 (release, protocol "), out)
}
