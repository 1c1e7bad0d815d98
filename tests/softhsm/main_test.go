// Package softhsm tests the built host with the real SoftHSM module on a machine without PC/SC.
package softhsm

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/pki"
	"github.com/cardbridge/cardbridge/tests/hosttest"
	"github.com/cardbridge/cardbridge/tests/softhsm/softtoken"
)

const (
	pin      = "S0ft#9pq"
	wrongPIN = "Wr0ng#xq"
)

// keys are those of the one token that most tests use.
var keys = []softtoken.Key{
	{Name: "RSA-2048", Type: "RSA-2048", Holder: "王小明"},
	{Name: "RSA-3072", Type: "RSA-3072", Holder: "王小明"},
	{Name: "RSA-4096", Type: "RSA-4096", Holder: "王小明"},
	{Name: "P-256", Type: "P-256", Holder: "王小明"},
	{Name: "P-384", Type: "P-384", Holder: "王小明"},
	{Name: "P-521", Type: "P-521", Holder: "王小明"},
	{Name: "RSA-2048 private", Type: "RSA-2048", Holder: "王小明", Private: true},
	{Name: "P-256 private", Type: "P-256", Holder: "王小明", Private: true},
	{Name: "RSA-2048 always", Type: "RSA-2048", Holder: "王小明", Always: true},
	{Name: "P-256 always", Type: "P-256", Holder: "王小明", Always: true},
}

var world struct {
	dir, binary string
	pki         *pki.PKI
	store       *softtoken.Store
	token       *softtoken.Token
}

func TestMain(m *testing.M) {
	code, err := setUp(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func setUp(m *testing.M) (code int, err error) {
	if world.dir, err = os.MkdirTemp("", "softhsm"); err != nil {
		return 1, err
	}
	defer os.RemoveAll(world.dir)
	policy := filepath.Join(world.dir, "policy.json")
	if err = os.WriteFile(policy, fmt.Appendf(nil, `{"modules": [%q]}`, softtoken.Module), 0o644); err != nil {
		return 1, err
	}
	if world.binary, err = hosttest.Build(world.dir, policy); err != nil {
		return 1, err
	}
	if world.pki, err = pki.New(pki.Options{}); err != nil {
		return 1, err
	}
	if world.store, err = softtoken.New(world.dir, world.pki); err != nil {
		return 1, err
	}
	if world.token, err = world.store.Token("card", pin, keys...); err != nil {
		return 1, err
	}
	code = m.Run()
	if left := hosttest.Processes(world.binary, 0); len(left) > 0 {
		return 1, fmt.Errorf("processes were left: %v", left)
	}
	return code, nil
}

// start starts a host that sees that store and no PC/SC.
func start(t *testing.T, s *softtoken.Store) *hosttest.Host {
	t.Helper()
	home := filepath.Join(world.dir, strings.NewReplacer("/", "_", " ", "_").Replace(t.Name()))
	require.NoError(t, os.MkdirAll(home, 0o700))
	return hosttest.Start(t, world.binary, home, s.Env(), "PCSCLITE_CSOCK_NAME="+filepath.Join(home, "nothing")).Greet()
}

type certificate struct {
	ID, Holder, KeyType, Reader, Reason string
	Usable                              bool
}

type listing struct {
	Certificates []certificate
	Readers      []any
	Problems     []struct{ Code string }
}

func list(t *testing.T, h *hosttest.Host) (l listing) {
	t.Helper()
	m := h.Call("certificates", map[string]any{"origin": hosttest.Origin})
	require.Nil(t, m.Error)
	require.NoError(t, json.Unmarshal(m.Result, &l))
	return l
}
