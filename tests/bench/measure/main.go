//go:build linux

// Command measure times the host against bare programs that do the same work, one after the other in each round.
//
//	measure -host FILE -relay FILE -agent SOCKET -policy FILE -echo FILE -floor FILE [-rounds N]
//	measure -token DIR
//
// The first prints {"rows": […]} in the form of build/bench/host.json. The host's policy is written at -policy. The second
// only makes a SoftHSM token in DIR, for who measures in a browser, and prints its {"module", "variable", "pin"}.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync/atomic"

	"github.com/cardbridge/cardbridge/testcard/deck"
	"github.com/cardbridge/cardbridge/testcard/pki"
	"github.com/cardbridge/cardbridge/testcard/rig"
	"github.com/cardbridge/cardbridge/tests/softhsm/softtoken"
)

func main() {
	var b bench
	flag.StringVar(&b.host, "host", "", "the host, built with the tag dev")
	flag.StringVar(&b.relay, "relay", "", "the same, linked to meet an agent")
	flag.StringVar(&b.socket, "agent", "", "where that meets it")
	flag.StringVar(&b.policy, "policy", "", "where that host looks for its policy")
	flag.StringVar(&b.echo, "echo", "", "the bare Go program")
	flag.StringVar(&b.floor, "floor", "", "the bare C program")
	token := flag.String("token", "", "make a token in this folder, end")
	rounds := flag.Int("rounds", 200, "rounds of the shortest measurement")
	flag.Parse()
	debug.SetGCPercent(800) // the virtual card runs in this process
	run := func() error { return b.run(*rounds) }
	if *token != "" {
		run = func() error { return makeToken(*token) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

// bench is the world that is measured in.
type bench struct {
	host, policy, echo, floor string
	relay, socket             string
	activator                 *activator
	agentLog                  *os.File
	dir                       string
	rig                       *rig.Rig
	card                      *deck.Card
	other                     *deck.Card // for reader 1
	modules                   []module
	peaks                     map[string]float64 // MiB, by row
	lists, disturbed          atomic.Int64       // of busy browsers; those that found nothing
}

// module is a PKCS#11 module with a token behind it.
type module struct {
	name, path, pin string
	env             []string
	policy          string
}

func (b *bench) run(rounds int) (err error) {
	if b.dir, err = os.MkdirTemp("", "bench"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	p, err := pki.Listen(pki.Options{})
	if err != nil {
		return err
	}
	defer p.Close()
	if b.rig, err = rig.Start(b.dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.rig.Close()) }()
	if err := b.prepare(p); err != nil {
		return err
	}
	defer os.Remove(b.policy)
	if b.agentLog, err = os.Create(filepath.Join(b.dir, "agent.log")); err != nil {
		return err
	}
	defer b.agentLog.Close()
	if b.activator, err = listen(b.socket, b.service); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.activator.close()) }()
	rows, err := b.measure(rounds)
	if err = errors.Join(err, b.relays()); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "measure: busy browsers listed certificates %d times, %d times in vain\n", b.lists.Load(), b.disturbed.Load())
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"rows": rows})
}

// prepare makes one token for each module: an RSA-2048 key with CKA_ID 01 and its certificate, on the card beside others.
func (b *bench) prepare(p *pki.PKI) error {
	store, token, err := newToken(b.dir, p)
	if err != nil {
		return err
	}
	opensc, err := rig.OpenSC()
	if err != nil {
		return err
	}
	cards := deck.New(p)
	if b.card, err = cards.Card("citizen"); err != nil {
		return err
	}
	if b.other, err = cards.Card("agency"); err != nil {
		return err
	}
	if err := b.rig.Insert(0, b.card.Card); err != nil {
		return err
	}
	env := []string{"HOME=" + b.dir, "XDG_STATE_HOME=" + filepath.Join(b.dir, "state"), "XDG_RUNTIME_DIR=" + b.dir, b.rig.Env(), store.Env()}
	b.modules = []module{
		{"SoftHSM", softtoken.Module, token.PIN, env, fmt.Sprintf(`{"modules": [%q]}`, softtoken.Module)},
		{"virtual card", opensc, b.card.PIN, env, fmt.Sprintf(`{"modules": [%q]}`, opensc)},
	}
	return os.MkdirAll(filepath.Dir(b.policy), 0o755)
}

// use has the next host load that module.
func (b *bench) use(m module) error { return os.WriteFile(b.policy, []byte(m.policy), 0o644) }

func newToken(dir string, p *pki.PKI) (*softtoken.Store, *softtoken.Token, error) {
	store, err := softtoken.New(dir, p)
	if err != nil {
		return nil, nil, err
	}
	token, err := store.Token("card", "123456", softtoken.Key{Name: "key", Type: "RSA-2048", Holder: "王小明"})
	return store, token, err
}

func makeToken(dir string) error {
	p, err := pki.New(pki.Options{})
	if err != nil {
		return err
	}
	store, token, err := newToken(dir, p)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]string{"module": softtoken.Module, "variable": store.Env(), "pin": token.PIN})
}
