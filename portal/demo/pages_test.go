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
	"regexp"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHostileNamesAreEscaped(t *testing.T) {
	moica, trust := newMOICA(t)
	s := newSite(t, trust, nil)
	for _, name := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</dd><a href="javascript:alert(1)">x</a>`, `{{.Holder}}`, "王\u202e小\u0007明",
	} {
		b := s.browser(t)
		require.Equal(t, http.StatusOK, b.login(newCitizen(t, moica, name, nil)).StatusCode)
		body := b.get("/welcome").body
		for _, raw := range []string{"<script", "<img src=x", `<a href="java`, "\u202e", "\u0007"} {
			assert.NotContains(t, body, raw, name)
		}
		assert.Contains(t, body, "</html>")
	}
	b := newSite(t, "", nil).browser(t)
	refused := b.login(newCitizen(t, moica, `<script>alert(1)</script>`, nil))
	assert.Equal(t, "application/json", refused.Header.Get("Content-Type"))
	assert.Equal(t, "nosniff", refused.Header.Get("X-Content-Type-Options"))
}

var (
	inlineScript = regexp.MustCompile(`(?i)<script(?:[^>]*)>`)
	outside      = regexp.MustCompile(`(?i)(?:src|action|srcset)="(?:https?:)?//`)
	handler      = regexp.MustCompile(`(?i)\son[a-z]+=|\sstyle=|javascript:`)
)

func TestPagesBearTheirPolicy(t *testing.T) {
	moica, trust := newMOICA(t)
	s := newSite(t, trust, func(settings *Settings) { settings.PINInPage = true })
	b := s.browser(t)
	require.Equal(t, http.StatusOK, b.login(newCitizen(t, moica, "王小明", nil)).StatusCode)
	for _, path := range []string{"/", "/?lang=en", "/?out=1", "/welcome", "/welcome?lang=en"} {
		got := b.get(path)
		require.Equal(t, http.StatusOK, got.StatusCode, path)
		policy := got.Header.Get("Content-Security-Policy")
		assert.Contains(t, policy, "default-src 'none'; script-src 'self';")
		assert.NotContains(t, policy, "unsafe")
		assert.Equal(t, "no-store", got.Header.Get("Cache-Control"))
		for _, tag := range inlineScript.FindAllString(got.body, -1) {
			assert.True(t, strings.Contains(tag, `src="/static/`) || strings.Contains(tag, `type="application/json"`), tag)
		}
		assert.NotRegexp(t, outside, got.body, path)
		assert.NotRegexp(t, handler, got.body, path)
		assert.NotContains(t, got.body, "no value", path)
		assert.Contains(t, got.body, "</html>", path)
	}
}

func TestPINFieldStaysInThePage(t *testing.T) {
	with := newSite(t, "", func(settings *Settings) { settings.PINInPage = true }).browser(t).get("/")
	field := regexp.MustCompile(`<input[^>]*>`).FindAllString(with.body, -1)
	require.Len(t, field, 1)
	assert.NotContains(t, field[0], "name=", "a field without a name is never sent")
	assert.Contains(t, field[0], `type="password"`)
	assert.Contains(t, with.body, "密碼（Pin Code）")
	without := newSite(t, "", nil).browser(t).get("/")
	assert.NotContains(t, without.body, "<input")
}

func TestLanguages(t *testing.T) {
	s := newSite(t, "", nil)
	b := s.browser(t)
	assert.Contains(t, b.get("/").body, `<html lang="zh-TW">`)
	assert.Contains(t, b.get("/?lang=en").body, `<html lang="en">`)
	assert.Contains(t, b.get("/").body, `<html lang="en">`, "kept by the cookie")
	assert.Contains(t, b.get("/?lang=zh-TW").body, `<html lang="zh-TW">`)
	assert.Contains(t, b.get(`/?lang="><script>`).body, `<html lang="zh-TW">`)
	assert.Contains(t, newSite(t, "", func(settings *Settings) { settings.Lang = "en" }).browser(t).get("/").body, `<html lang="en">`)
}

func TestFiles(t *testing.T) {
	s := newSite(t, "", nil)
	b := s.browser(t)
	for path, kind := range map[string]string{
		"/static/login.js": "text/javascript; charset=utf-8", "/static/style.css": "text/css; charset=utf-8",
		"/static/card.svg": "image/svg+xml", "/sdk/cardbridge.js": "text/javascript; charset=utf-8",
	} {
		got := b.get(path)
		assert.Equal(t, http.StatusOK, got.StatusCode, path)
		assert.Equal(t, kind, got.Header.Get("Content-Type"), path)
	}
	for _, path := range []string{"/static/", "/static/login.html", "/static/none.js", "/sdk/", "/sdk/secret.key", "/sdk/none.js", "/sdk/..%2fportal.js", "/sdk/%2e%2e/x.js", "/none"} {
		assert.Equal(t, http.StatusNotFound, b.get(path).StatusCode, path)
	}
	bare := newSite(t, "", func(settings *Settings) { settings.SDK = nil }).browser(t)
	assert.Equal(t, http.StatusNotFound, bare.get("/sdk/cardbridge.js").StatusCode)
	assert.Equal(t, http.StatusMethodNotAllowed, b.get("/api/login").StatusCode)
}

func TestOtherHostIsRefused(t *testing.T) {
	s := newSite(t, "", nil)
	request, err := http.NewRequest(http.MethodGet, s.origin+"/", nil)
	require.NoError(t, err)
	request.Host = "rebound.example"
	assert.Equal(t, http.StatusMisdirectedRequest, s.browser(t).do(request).StatusCode)
}

func TestCookiesOnHTTPS(t *testing.T) {
	s := newSite(t, "", func(settings *Settings) { settings.Origin = "https://portal.example" })
	request, err := http.NewRequest(http.MethodPost, s.origin+"/api/challenge", nil)
	require.NoError(t, err)
	request.Host = "portal.example"
	request.Header.Set("Origin", "https://portal.example")
	got := s.browser(t).do(request)
	require.Equal(t, http.StatusOK, got.StatusCode, got.body)
	cookie := got.Header.Get("Set-Cookie")
	for _, part := range []string{"__Host-prelogin=", "; Path=/", "; HttpOnly", "; Secure", "; SameSite=Strict"} {
		assert.Contains(t, cookie, part)
	}
	assert.NotEmpty(t, got.Header.Get("Strict-Transport-Security"))
}

func TestOriginOf(t *testing.T) {
	for want, addr := range map[string]*net.TCPAddr{
		"http://127.0.0.1:8080": {IP: net.IPv4(127, 0, 0, 1), Port: 8080},
		"http://127.0.0.1":      {IP: net.IPv4(127, 0, 0, 1), Port: 80},
		"http://[::1]:8080":     {IP: net.IPv6loopback, Port: 8080},
		"http://[::1]":          {IP: net.IPv6loopback, Port: 80},
		"http://localhost:8080": {IP: net.IPv6zero, Port: 8080},
		"http://localhost":      {IP: net.IPv4zero, Port: 80},
	} {
		assert.Equal(t, want, originOf(addr))
	}
}

func TestRun(t *testing.T) {
	_, trust := newMOICA(t)
	sdk := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(sdk, "cardbridge.js"), []byte("export {};"), 0o600))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"-trust", trust, "-sdk", sdk, "-pin-in-page", "-lang", "en"}, writer, io.Discard)
		writer.CloseWithError(io.EOF)
		ended <- err
	}()
	line, err := bufio.NewReader(reader).ReadBytes('\n')
	require.NoError(t, err)
	var ready struct {
		Origin string `json:"origin"`
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
		"sdk":          {"-sdk", filepath.Join(bad, "none")},
		"revocation":   {"-revocation", "maybe"},
		"left over":    {"more"},
		"unknown flag": {"-none"},
	} {
		assert.Error(t, run(t.Context(), args, io.Discard, io.Discard), name)
	}
	assert.ErrorIs(t, run(t.Context(), []string{"-none"}, io.Discard, io.Discard), flag.ErrHelp)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.NoError(t, run(ctx, []string{"-trust", filepath.Join(bad, "none")}, io.Discard, io.Discard), "no trust folder: nobody is trusted")
}
