package main

import (
	"bufio"
	"context"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func noEnvironment(string) string { return "" }

var quiet = streams{strings.NewReader(""), io.Discard, io.Discard, noEnvironment}

func TestOriginOf(t *testing.T) {
	for want, addr := range map[string]*net.TCPAddr{
		"http://127.0.0.1:8080": {IP: net.IPv4(127, 0, 0, 1), Port: 8080},
		"http://127.0.0.1":      {IP: net.IPv4(127, 0, 0, 1), Port: 80},
		"http://[::1]:8080":     {IP: net.IPv6loopback, Port: 8080},
		"http://[::1]":          {IP: net.IPv6loopback, Port: 80},
		"http://localhost:8080": {IP: net.IPv6zero, Port: 8080},
		"http://localhost":      {IP: net.IPv4zero, Port: 80},
	} {
		assert.Equal(t, want, originOf(addr, false))
	}
}

func TestRun(t *testing.T) {
	sdk, database := t.TempDir(), filepath.Join(t.TempDir(), "portal.db")
	require.NoError(t, os.WriteFile(filepath.Join(sdk, "cardbridge.js"), []byte("export {};"), 0o600))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"serve", "-sdk", sdk, "-pin-in-page", "-lang", "en", "-database", database}, streams{strings.NewReader(""), writer, io.Discard, noEnvironment})
		writer.CloseWithError(io.EOF)
		ended <- err
	}()
	line, err := bufio.NewReader(reader).ReadBytes('\n')
	require.NoError(t, err)
	var ready struct {
		Origin string `json:"origin"`
		Listen string `json:"listen"`
	}
	require.NoError(t, json.Unmarshal(line, &ready, json.RejectUnknownMembers(true)))
	response, err := http.Get(ready.Origin + "/")
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Contains(t, string(body), "PIN code")
	cancel()
	assert.NoError(t, <-ended, "ends cleanly")
}

func TestRunRefusesBadFlags(t *testing.T) {
	bad := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(bad, "a.pem"), []byte("x"), 0o600))
	for name, args := range map[string][]string{
		"language":     {"-lang", "fr"},
		"origin":       {"-origin", "https://portal.example/"},
		"listen":       {"-listen", "127.0.0.1:99999"},
		"trust file":   {"-trust", bad},
		"trust folder": {"-trust", filepath.Join(bad, "none")},
		"no root":      {"-trust", t.TempDir()},
		"http origin":  {"-origin", "http://portal.example"},
		"sdk":          {"-sdk", filepath.Join(bad, "none")},
		"revocation":   {"-revocation", "maybe"},
		"command":      {"more"},
		"plain http":   {"-listen", "0.0.0.0:0"},
		"half of TLS":  {"-tls-cert", "x"},
		"proxy":        {"-trusted-proxy", "everybody"},
		"limit":        {"-limit-card", "-1"},
		"links":        {"-links", filepath.Join(bad, "none")},
		"secret":       {"-secret", filepath.Join(bad, "a.pem")},
		"unknown flag": {"-none"},
	} {
		assert.Error(t, run(t.Context(), append(args, "-database", filepath.Join(t.TempDir(), "p.db")), quiet), name)
	}
	assert.ErrorIs(t, run(t.Context(), []string{"-none"}, quiet), flag.ErrHelp)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.NoError(t, run(ctx, []string{"-database", filepath.Join(t.TempDir(), "p.db")}, quiet), "no trust folder: nobody is trusted, which is said")
}
