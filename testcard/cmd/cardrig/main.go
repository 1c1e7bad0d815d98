//go:build linux

// Command cardrig runs the virtual card rig for other programs: browser tests, the demo, a person who tries things.
//
//	cardrig [-dir DIR] [-in CARD[,CARD]] [-unplugged] [-product NAME] [-cards]
//
// It starts a PC/SC daemon with two virtual readers, a test PKI with its OCSP responder and CRLs on
// the loopback interface, and a control API (see control.go) on a unix socket. When all is up it
// prints one line of JSON on stdout:
//
//	{"pcscSocket": "…", "control": "…", "trust": "…", "responder": "http://127.0.0.1:PORT", "readers": ["…", "…"]}
//
// pcscSocket is for PCSCLITE_CSOCK_NAME. It ends at SIGINT, SIGTERM or the end of stdin, which the
// caller must therefore keep open, and then removes all that it wrote.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/cardbridge/cardbridge/testcard/deck"
	"github.com/cardbridge/cardbridge/testcard/pki"
	"github.com/cardbridge/cardbridge/testcard/rig"
)

// ready is the line that tells the caller where everything is.
type ready struct {
	Socket    string   `json:"pcscSocket"`
	Control   string   `json:"control"`
	Trust     string   `json:"trust"`
	Responder string   `json:"responder"`
	Readers   []string `json:"readers"`
}

func main() {
	dir := flag.String("dir", "", "folder for all that is written; the system's for temporary files if empty")
	var o rig.Options
	flag.StringVar(&o.Products[0], "product", "", "product name of reader 0; ykcs11 wants Yubico in it")
	flag.BoolVar(&o.Unplugged, "unplugged", false, "begin without any reader")
	in := flag.String("in", "", "cards that are in at the start, for reader 0 and reader 1: citizen,agency")
	list := flag.Bool("cards", false, "print the names of the cards and end")
	flag.Parse()
	if *list {
		fmt.Println(strings.Join(deck.Names(), "\n"))
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // its end is what counts
		cancel()
	}()
	if err := run(ctx, *dir, *in, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "cardrig:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, dir, in string, o rig.Options, out io.Writer) (err error) {
	own, err := folder(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(own)) }()
	p, err := pki.Listen(pki.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	trust := filepath.Join(own, "trust")
	if err := p.WriteTrust(trust); err != nil {
		return err
	}
	r, err := rig.StartWith(own, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	c := &control{rig: r, pki: p, deck: deck.New(p)}
	if err := c.insertAll(in); err != nil {
		return err
	}
	socket := filepath.Join(own, "control.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		return fmt.Errorf("listen for control: %w", err)
	}
	names := r.Names()
	return serve(ctx, l, c.handler(), func() error {
		return json.NewEncoder(out).Encode(ready{r.Socket(), socket, trust, p.URL(), names[:]})
	})
}

// folder makes a fresh folder below dir. Where a socket in it would have too long a name for a
// socket address it lies in the system's folder for temporary files instead.
func folder(dir string) (string, error) {
	const longest = 107 - len("/rig0123456789/run/pcscd.comm")
	if dir != "" {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return "", fmt.Errorf("make the folder: %w", err)
		}
		abs, err := filepath.Abs(dir)
		if err != nil {
			return "", fmt.Errorf("find the folder: %w", err)
		}
		dir = abs
	}
	own, err := os.MkdirTemp(dir, "cardrig")
	if err != nil {
		return "", fmt.Errorf("make the folder: %w", err)
	}
	if dir != "" && len(own) > longest {
		return folderInstead(own)
	}
	return own, os.Chmod(own, 0o755) // the socket inside is for other users too
}

func folderInstead(unused string) (string, error) {
	if err := os.Remove(unused); err != nil {
		return "", fmt.Errorf("remove an unused folder: %w", err)
	}
	return folder("")
}

// serve answers on l until ctx ends; up is called once it does.
func serve(ctx context.Context, l net.Listener, h http.Handler, up func() error) error {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	if err := up(); err != nil {
		return errors.Join(fmt.Errorf("say that all is ready: %w", err), s.Close())
	}
	select {
	case err := <-failed:
		return fmt.Errorf("serve control: %w", err)
	case <-ctx.Done():
		return s.Close()
	}
}
