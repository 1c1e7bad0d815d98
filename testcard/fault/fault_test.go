package fault

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/pki"
	"github.com/cardbridge/cardbridge/tests/softhsm/softtoken"
)

const pin = "S0ft#9pq"

type bench struct {
	t     *testing.T
	store *softtoken.Store
	m     *Module
}

func newBench(t *testing.T) bench {
	t.Helper()
	dir := t.TempDir()
	lib, err := Build(dir)
	require.NoError(t, err)
	p, err := pki.New(pki.Options{})
	require.NoError(t, err)
	b := bench{t: t}
	b.store, err = softtoken.New(dir, p)
	require.NoError(t, err)
	_, err = b.store.Token("card", pin, softtoken.Key{Name: "key", Type: "RSA-2048", Holder: "王小明"})
	require.NoError(t, err)
	b.m, err = lib.At(filepath.Join(dir, "module.so"), softtoken.Module)
	require.NoError(t, err)
	return b
}

// tool runs pkcs11-tool on the module under those rules.
func (b bench) tool(rules []string, args ...string) (string, *exec.Cmd) {
	b.t.Helper()
	require.NoError(b.t, b.m.Set(rules...))
	cmd := exec.Command("pkcs11-tool", append([]string{"--module", b.m.Path}, args...)...)
	cmd.Env = append(os.Environ(), b.store.Env())
	out, _ := cmd.CombinedOutput()
	return string(out), cmd
}

func (b bench) sign(rules ...string) (string, *exec.Cmd) {
	b.t.Helper()
	input := filepath.Join(b.t.TempDir(), "input")
	require.NoError(b.t, os.WriteFile(input, bytes.Repeat([]byte{7}, 32), 0o600))
	return b.tool(rules, "--login", "--pin", pin, "--sign", "--mechanism", "RSA-PKCS", "--input-file", input, "--output-file", os.DevNull)
}

func TestItForwards(t *testing.T) {
	b := newBench(t)
	out, cmd := b.sign()
	require.True(t, cmd.ProcessState.Success(), out)
	for _, name := range []string{"C_GetFunctionList", "C_Initialize", "C_Login", "C_SignInit", "C_Finalize"} {
		n, err := b.m.Count(name, "")
		require.NoError(t, err)
		require.Positive(t, n, name)
	}
	calls, err := b.m.Calls()
	require.NoError(t, err)
	require.Equal(t, cmd.Process.Pid, calls[0].PID)
	require.Equal(t, "--module", calls[0].Role)
	log, err := os.ReadFile(b.m.Path + ".calls")
	require.NoError(t, err)
	require.NotContains(t, string(log), pin)
	require.NoError(t, b.m.Forget())
	require.NoError(t, b.m.Forget())
	calls, err = b.m.Calls()
	require.NoError(t, err)
	require.Empty(t, calls)
	// what the wrappers pass on beyond their own few arguments: this one has eight
	out, cmd = b.tool(nil, "--login", "--pin", pin, "--keypairgen", "--key-type", "EC:prime256v1", "--label", "new")
	require.True(t, cmd.ProcessState.Success(), out)
}

func TestFaults(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		rule   string
		signal syscall.Signal
		exit   int
		says   string
	}{
		{"C_Login crash", syscall.SIGSEGV, 0, ""},
		{"C_Login abort", syscall.SIGABRT, 0, ""},
		{"C_SignInit exit 7", 0, 7, ""},
		{"C_Login return 0x80000002", 0, 1, "0x80000002"},
		{"C_Login return 0xFFFFFFFF80000001", 0, 1, "0x80000001"}, // the tool cuts it
		{"C_SignInit return 0x30", 0, 1, "CKR_DEVICE_ERROR"},
		{"C_Initialize print", 0, 0, "the module talks"},
		{"C_SignInit garbage", 0, 1, "0xbadc0de"},
		{"C_Sign in another-role crash", 0, 0, ""},
		{"C_Sign loggedout crash", 0, 0, ""},
		{"C_Sign loggedin crash", syscall.SIGSEGV, 0, ""},
		{"C_Initialize after 1 crash", 0, 0, ""},
		{"mechanisms refuse 0x1", 0, 1, "CKR_MECHANISM_INVALID"},
		{"slots none", 0, 1, "No slot"},
		{"objects hide private", 0, 1, "not found"},
		{"# C_Sign crash", 0, 0, ""},
	} {
		t.Run(c.rule, func(t *testing.T) {
			out, cmd := b.sign(c.rule)
			status := cmd.ProcessState.Sys().(syscall.WaitStatus)
			if c.signal != 0 {
				require.True(t, status.Signaled(), out)
				require.Equal(t, c.signal, status.Signal())
				return
			}
			require.Equal(t, c.exit, status.ExitStatus(), out)
			require.Contains(t, out, c.says)
		})
	}
	out, cmd := b.tool([]string{"C_Login answer 0x80000002"}, "--login", "--pin", "wr0ng-pin", "--list-objects")
	require.False(t, cmd.ProcessState.Success())
	require.Contains(t, out, "0x80000002")
}

// What it shows of a token.
func TestShows(t *testing.T) {
	b := newBench(t)
	list := func(rules ...string) string {
		out, _ := b.tool(rules, "--list-slots")
		return out
	}
	require.NotContains(t, list(), "final user PIN try")
	require.Contains(t, list("token flags +0x20000"), "final user PIN try")
	require.NotContains(t, list("token flags -0x4"), "login required")
	require.Contains(t, list("token pins 6 8"), "pin min/max        : 6/8")
	require.Equal(t, 2*bytes.Count([]byte(list()), []byte(": card\n")), bytes.Count([]byte(list("slots twin")), []byte(": card\n")))
	objects := func(rules ...string) string {
		out, _ := b.tool(rules, "--list-objects")
		return out
	}
	require.Contains(t, objects(), "Public Key Object")
	require.NotContains(t, objects("objects hide public"), "Public Key Object")
	require.Equal(t, 2, bytes.Count([]byte(objects()), []byte("ID:         01\n")))
	require.Equal(t, 1, bytes.Count([]byte(objects("objects id strip certificate")), []byte("ID:         01\n")))
	require.Contains(t, objects("objects id other certificate"), "ID:         81\n")
}

// The control file is read at each call: a hanging process goes on living, a changed file reaches it.
func TestHangAndChange(t *testing.T) {
	b := newBench(t)
	require.NoError(t, b.m.Set("C_Initialize delay 300", "C_GetSlotList hang"))
	cmd := exec.Command("pkcs11-tool", "--module", b.m.Path, "--list-slots")
	cmd.Env = append(os.Environ(), b.store.Env())
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool { n, err := b.m.Count("C_GetSlotList", ""); return err == nil && n > 0 }, 20*time.Second, time.Millisecond)
	require.NoError(t, syscall.Kill(cmd.Process.Pid, 0))
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	require.NoError(t, b.m.Forget())
	require.NoError(t, b.m.Set("C_Initialize delay 300", "C_GetSlotList hang"))
	cmd = exec.Command("pkcs11-tool", "--module", b.m.Path, "--list-slots")
	cmd.Env = append(os.Environ(), b.store.Env())
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool { n, err := b.m.Count("C_Initialize", ""); return err == nil && n > 0 }, 20*time.Second, time.Millisecond)
	require.NoError(t, b.m.Set()) // before the delay is over
	require.NoError(t, cmd.Wait())
}
