package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// writePair makes a server certificate of that name for loopback.
func writePair(t *testing.T, dir, name string, at time.Time) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
	require.NoError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.Chtimes(cert, at, at))
	return cert, key
}

// started runs the portal until the test ends; ended gives what serve gave.
func started(t *testing.T, args ...string) (ready map[string]string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"serve", "-database", filepath.Join(t.TempDir(), "portal.db")}, args...), streams{strings.NewReader(""), writer, io.Discard, noEnvironment})
		writer.CloseWithError(io.EOF)
		ended <- err
	}()
	line, err := bufio.NewReader(reader).ReadBytes('\n')
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(line, &ready))
	stop = func() error { cancel(); return <-ended }
	return ready, stop
}

func body(t *testing.T, client *http.Client, url string) (string, *http.Response) {
	t.Helper()
	response, err := client.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(data), response
}

func TestTLSFromFilesThatAreRenewed(t *testing.T) {
	dir := t.TempDir()
	cert, key := writePair(t, dir, "old", time.Now().Add(-time.Minute))
	ready, stop := started(t, "-tls-cert", cert, "-tls-key", key)
	assert.Regexp(t, `^https://127\.0\.0\.1:`, ready["origin"])
	name := func() string {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
		_, response := body(t, client, ready["origin"]+"/")
		assert.NotEmpty(t, response.Header.Get("Strict-Transport-Security"))
		return response.TLS.PeerCertificates[0].Subject.CommonName
	}
	assert.Equal(t, "old", name())
	writePair(t, dir, "new", time.Now())
	assert.Equal(t, "new", name())
	require.NoError(t, os.WriteFile(cert, []byte("half a"), 0o600))
	assert.Equal(t, "new", name(), "a file that is being written does not stop the portal")
	require.NoError(t, stop())
}

func TestMonitoringHasAPlaceOfItsOwn(t *testing.T) {
	ready, stop := started(t, "-admin-listen", "127.0.0.1:0")
	health, _ := body(t, http.DefaultClient, ready["admin"]+"/healthz")
	assert.Equal(t, "ok\n", health)
	body(t, http.DefaultClient, ready["origin"]+"/")
	metrics, _ := body(t, http.DefaultClient, ready["admin"]+"/metrics")
	for _, name := range []string{"cardbridge_portal_request_seconds_count", "cardbridge_portal_logouts_total", "go_sql_open_connections", "process_resident_memory_bytes"} {
		assert.Contains(t, metrics, name)
	}
	_, response := body(t, http.DefaultClient, ready["origin"]+"/metrics")
	assert.Equal(t, http.StatusNotFound, response.StatusCode, "not for the public")
	require.NoError(t, stop())
}

// A request in flight is answered before the portal ends.
func TestGracefulStop(t *testing.T) {
	ready, stop := started(t)
	address := ready["origin"][len("http://"):]
	connection, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer connection.Close()
	// The server asks for the body when the handler reads it: from then on the request is in flight.
	_, err = io.WriteString(connection, "POST /api/card HTTP/1.1\r\nHost: "+address+"\r\nOrigin: "+ready["origin"]+
		"\r\nContent-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
	require.NoError(t, err)
	answers := bufio.NewReader(connection)
	line, err := answers.ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "100 Continue")
	_, err = answers.ReadString('\n')
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- stop() }()
	for { // the listener is gone: the portal has been told
		probe, err := net.Dial("tcp", address)
		if err != nil {
			break
		}
		require.NoError(t, probe.Close())
	}
	_, err = io.WriteString(connection, "{}")
	require.NoError(t, err)
	response, err := http.ReadResponse(answers, nil)
	require.NoError(t, err)
	assert.Equal(t, http.StatusBadRequest, response.StatusCode)
	require.NoError(t, response.Body.Close())
	require.NoError(t, <-ended)
}
