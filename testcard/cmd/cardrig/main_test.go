//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/deck"
)

// asCommand makes the test binary be cardrig.
const asCommand = "CARDRIG_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// running is a cardrig in a process of its own.
type running struct {
	t     *testing.T
	cmd   *exec.Cmd
	stdin io.Closer
	dir   string
	ready ready
	http  *http.Client
}

func start(t *testing.T, args ...string) *running {
	t.Helper()
	r := &running{t: t, dir: t.TempDir()}
	r.cmd = exec.Command(os.Args[0], append([]string{"-dir", r.dir}, args...)...)
	r.cmd.Env = append(os.Environ(), asCommand+"=1")
	r.cmd.Stderr = os.Stderr
	var err error
	r.stdin, err = r.cmd.StdinPipe()
	require.NoError(t, err)
	out, err := r.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, r.cmd.Start())
	t.Cleanup(func() { _ = r.cmd.Process.Kill() }) // of one that a failed test left
	d := json.NewDecoder(out)
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&r.ready))
	r.http = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", r.ready.Control)
	}}}
	return r
}

// post asks the control API and decodes its answer into out.
func (r *running) post(path, body string, out any) int {
	r.t.Helper()
	a, err := r.http.Post("http://cardrig"+path, "application/json", strings.NewReader(body))
	require.NoError(r.t, err)
	defer a.Body.Close()
	require.NoError(r.t, json.NewDecoder(a.Body).Decode(out))
	return a.StatusCode
}

// do wants the request to succeed and gives the state after it.
func (r *running) do(path string) stateAnswer {
	r.t.Helper()
	var s stateAnswer
	require.Equal(r.t, http.StatusOK, r.post(path, "", &s), path)
	return s
}

func (r *running) refused(path, body, says string) {
	r.t.Helper()
	var e struct{ Error string }
	require.Equal(r.t, http.StatusBadRequest, r.post(path, body, &e), path)
	assert.Contains(r.t, e.Error, says)
}

func (r *running) tool(name string, args ...string) string {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "PCSCLITE_CSOCK_NAME="+r.ready.Socket)
	out, err := cmd.CombinedOutput()
	require.NoError(r.t, err, string(out))
	return string(out)
}

// gone wants the command to have ended by itself, without anything left.
func (r *running) gone() {
	r.t.Helper()
	require.NoError(r.t, r.cmd.Wait())
	left, err := os.ReadDir(r.dir)
	require.NoError(r.t, err)
	assert.Empty(r.t, left)
	assert.Empty(r.t, processes(r.t, r.dir))
}

func processes(t *testing.T, dir string) []string {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	var out []string
	for _, f := range all {
		if b, err := os.ReadFile(f); err == nil && bytes.Contains(b, []byte(dir)) { // others end meanwhile
			out = append(out, string(b))
		}
	}
	return out
}

func TestControl(t *testing.T) {
	r := start(t, "-in", "citizen,agency")
	assert.Equal(t, []string{"Virtual PCD 00 00", "Second PCD 00 00"}, r.ready.Readers)
	s := r.do("/state")
	assert.Equal(t, []string{"citizen", "agency"}, []string{s.Readers[0].Card, s.Readers[1].Card})
	assert.True(t, s.Daemon && s.Readers[0].Present && s.Readers[0].Noticed)
	assert.Equal(t, CardState{PINTries: 3, PUKTries: 3}, s.Cards["agency"])
	list := r.tool("pkcs11-tool", "-L")
	assert.Contains(t, list, "王小明")

	in := filepath.Join(t.TempDir(), "in")
	require.NoError(t, os.WriteFile(in, []byte("x"), 0o600))
	r.tool("pkcs11-tool", "--slot", "0", "--login", "--pin", "123456", "--sign", "--mechanism", "SHA256-RSA-PKCS", "--id", "01", "--input-file", in)
	s = r.do("/state")
	assert.Equal(t, []int{1, 1}, []int{s.Readers[0].Verifies, s.Readers[0].Signatures})

	s = r.do("/set?card=citizen&pinTries=1&signDelayMs=5&apduDelayMs=1&pullOnSign=true")
	assert.Equal(t, CardState{PINTries: 1, PUKTries: 3, Verified: s.Cards["citizen"].Verified, Verifies: 1, Signatures: 1, SignDelayMS: 5, APDUDelayMS: 1}, s.Cards["citizen"])
	var viaJSON stateAnswer
	require.Equal(t, http.StatusOK, r.post("/set", `{"card": "citizen", "pinTries": 2, "pullOnSign": false}`, &viaJSON))
	assert.Equal(t, 2, viaJSON.Cards["citizen"].PINTries)
	s = r.do("/reset-card?card=citizen")
	assert.Equal(t, CardState{PINTries: 3, PUKTries: 3}, s.Cards["citizen"])

	s = r.do("/swap?reader=0&card=dumb")
	assert.Equal(t, "dumb", s.Readers[0].Card)
	s = r.do("/remove?reader=0")
	assert.False(t, s.Readers[0].Present || s.Readers[0].Noticed)
	s = r.do("/insert?reader=0&card=citizen&wait=0")
	assert.True(t, s.Readers[0].Present)
	s = r.do("/remove?reader=0&wait=0")
	assert.False(t, s.Readers[0].Present)

	s = r.do("/daemon?up=0")
	assert.False(t, s.Daemon || s.Readers[1].Present)
	r.refused("/insert?reader=0&card=citizen", "", "start it again")
	s = r.do("/daemon?up=1")
	assert.True(t, s.Daemon)
	s = r.do("/insert?reader=1&card=citizen2")
	assert.Equal(t, "citizen2", s.Readers[1].Card)

	s = r.do("/ocsp?mode=revoked")
	assert.Equal(t, "revoked", string(s.OCSP))
	s = r.do("/crl?mode=stale")
	assert.Equal(t, "stale", string(s.CRL))

	require.NoError(t, r.cmd.Process.Signal(syscall.SIGTERM))
	r.gone()
}

func TestReadersAndHolders(t *testing.T) {
	r := start(t, "-unplugged", "-product", "Yubico Test")
	s := r.do("/state")
	assert.Equal(t, []bool{false, false}, []bool{s.Readers[0].Plugged, s.Readers[1].Plugged})
	r.refused("/insert?reader=0&card=citizen", "", "plug it in")
	s = r.do("/plug?reader=0")
	assert.Equal(t, []bool{true, false}, []bool{s.Readers[0].Plugged, s.Readers[1].Plugged})
	assert.Equal(t, "Yubico Test 00 00", s.Readers[0].Name)
	var n noticeAnswer
	before := float64(time.Now().UnixMilli())
	require.Equal(t, http.StatusOK, r.post("/notice?reader=0&card=citizen", "", &n))
	assert.GreaterOrEqual(t, n.At, before)
	require.Equal(t, http.StatusOK, r.post("/notice?reader=0", "", &n))
	assert.False(t, r.do("/state").Readers[0].Present)
	r.do("/insert?reader=0&card=citizen")
	s = r.do("/hold?reader=0")
	assert.Equal(t, int32(-1), s.Readers[0].Clients)
	r.refused("/hold?reader=0", "", "held already")
	s = r.do("/release?reader=0")
	assert.Zero(t, s.Readers[0].Clients)
	r.refused("/release?reader=0", "", "not held")
	s = r.do("/hold?reader=0&shared=1")
	assert.Equal(t, int32(1), s.Readers[0].Clients)
	r.do("/release?reader=0")
	s = r.do("/unplug?reader=0")
	assert.False(t, s.Readers[0].Plugged || s.Readers[0].Present)
	r.do("/plug?reader=0")
	s = r.do("/daemon?up=0&kill=1")
	assert.False(t, s.Daemon)
	s = r.do("/daemon?up=1")
	assert.True(t, s.Readers[0].Plugged)
	require.NoError(t, r.stdin.Close())
	r.gone()
}

func TestCertificateChainsToTheTrustFolder(t *testing.T) {
	r := start(t)
	for card, holder := range map[string]string{"citizen": "王小明", "citizen2": "陳大文", "agency": "範例機關"} {
		var c certificateAnswer
		require.Equal(t, http.StatusOK, r.post("/certificate?card="+card, "", &c))
		assert.Equal(t, holder, c.Holder)
		f := filepath.Join(t.TempDir(), card+".pem")
		require.NoError(t, os.WriteFile(f, []byte(c.PEM), 0o600))
		issuer := strings.TrimSuffix(card, "2")
		r.tool("openssl", "verify", "-CAfile", filepath.Join(r.ready.Trust, "root.pem"),
			"-untrusted", filepath.Join(r.ready.Trust, issuer+".pem"), "-crl_check", "-crl_download", f)
	}
	r.refused("/certificate?card=dumb", "", "has no certificate")
	require.NoError(t, r.stdin.Close())
	r.gone()
}

func TestCards(t *testing.T) {
	r := start(t)
	var a cardsAnswer
	require.Equal(t, http.StatusOK, r.post("/cards", "", &a))
	found := map[string]cardAnswer{}
	for _, c := range a.Cards {
		found[c.Name] = c
	}
	assert.Len(t, found, len(deck.Names()))
	assert.Equal(t, cardAnswer{Name: "newcomer", Kind: deck.Citizen, Holder: "林小美", SerialNumber: "0000000000000004",
		IDNumber: "F223456786", IDTail: "6786", PIN: "123456"}, found["newcomer"])
	assert.Equal(t, cardAnswer{Name: "agency-unit", Kind: deck.Agency, Holder: "範例機關", Unit: "範例單位",
		OID: "2.16.886.101.20003.29999.1", PIN: "123456"}, found["agency-unit"])
	assert.True(t, found["locked"].Locked)
	assert.Empty(t, r.do("/state").Cards, "asking for the list makes no card")
	s := r.do("/insert?reader=0&card=locked")
	assert.Zero(t, s.Readers[0].PINTries)
	s = r.do("/reset-card?card=locked")
	assert.Equal(t, 3, s.Readers[0].PINTries)
	require.NoError(t, r.stdin.Close())
	r.gone()
}

func TestControlRefuses(t *testing.T) {
	r := start(t)
	r.refused("/insert?reader=0&card=nobody", "", "there is no card of this name")
	r.refused("/insert?reader=2&card=citizen", "", "two readers")
	r.refused("/insert?card=citizen", "", "reader is a number")
	r.refused("/remove", "", "reader is a number")
	r.refused("/set?card=citizen&pinTries=many", "", "pinTries is a number")
	r.refused("/set?card=citizen&pullOnSign=perhaps", "", "true or false")
	r.refused("/set", "[1]", "not one JSON object")
	r.refused("/set", `{"card": ["citizen"]}`, "neither string")
	r.refused("/daemon", "", "up=0 or up=1")
	r.refused("/ocsp?mode=maybe", "", "no mode")
	a, err := r.http.Get("http://cardrig/remove?reader=0")
	require.NoError(t, err)
	require.NoError(t, a.Body.Close())
	assert.Equal(t, http.StatusMethodNotAllowed, a.StatusCode)
	require.NoError(t, r.cmd.Process.Signal(syscall.SIGINT))
	r.gone()
}

func TestKilledLeavesNoProcess(t *testing.T) {
	r := start(t, "-in", "citizen")
	require.NotEmpty(t, processes(t, r.dir), "the search must be able to find something")
	require.NoError(t, r.cmd.Process.Kill())
	_ = r.cmd.Wait() // "signal: killed"
	require.Eventually(t, func() bool { return len(processes(t, r.dir)) == 0 }, 20*time.Second, 5*time.Millisecond)
}

func TestWrongCardAtTheStart(t *testing.T) {
	for _, in := range []string{"nobody", "citizen,citizen2,agency", "citizen,citizen"} {
		dir := t.TempDir()
		cmd := exec.Command(os.Args[0], "-dir", dir, "-in", in)
		cmd.Env = append(os.Environ(), asCommand+"=1")
		stdin, err := cmd.StdinPipe()
		require.NoError(t, err)
		out, err := cmd.CombinedOutput()
		require.Error(t, err, in)
		assert.Contains(t, string(out), "cardrig: ")
		_ = stdin.Close() // it may be closed already
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		assert.Empty(t, left)
	}
}
