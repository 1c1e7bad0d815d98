package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

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
	for _, path := range []string{"/", "/?lang=en", "/?out=1", "/?ended=1", "/welcome", "/welcome?lang=en"} {
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

// What leads nowhere, and what answers a form, can be read in the other language, too.
func TestLanguageOfEveryAnswer(t *testing.T) {
	moica, trust := newMOICA(t)
	b := newSite(t, trust, nil).browser(t)
	lost := b.get("/no/such/page")
	assert.Equal(t, http.StatusNotFound, lost.StatusCode)
	assert.Contains(t, lost.body, "找不到這個網頁")
	for _, path := range []string{"/no/such/page", "/%2Fevil.example", "/%2f/evil.example"} {
		assert.Contains(t, b.get(path).body, `href="/?lang=en"`, "no link out of a path")
	}
	b.login(newHolder(t, moica, "林小美", linSerial, "6786", nil))
	assert.Contains(t, b.name("nobody").body, `href="/account?lang=en"`)
	assert.Contains(t, b.form("/logout", nil).body, `href="/?lang=en"`)
}

func TestFiles(t *testing.T) {
	s := newSite(t, "", nil)
	b := s.browser(t)
	for path, kind := range map[string]string{
		"/static/login.js": "text/javascript; charset=utf-8", "/static/style.css": "text/css; charset=utf-8",
		"/static/card.svg": "image/svg+xml", "/sdk/cardbridge.js": "text/javascript; charset=utf-8",
		"/examples/": "text/html; charset=utf-8", "/examples/sign.js": "text/javascript; charset=utf-8",
	} {
		got := b.get(path)
		assert.Equal(t, http.StatusOK, got.StatusCode, path)
		assert.Equal(t, kind, got.Header.Get("Content-Type"), path)
	}
	for _, path := range []string{"/static/", "/static/login.html", "/static/none.js", "/sdk/", "/sdk/secret.key", "/sdk/none.js", "/sdk/..%2fportal.js", "/examples/none.html", "/examples/..%2fsecret.key", "/sdk/examples/index.html", "/sdk/%2e%2e/x.js", "/none"} {
		assert.Equal(t, http.StatusNotFound, b.get(path).StatusCode, path)
	}
	bare := newSite(t, "", func(settings *Settings) { settings.SDK = nil }).browser(t)
	assert.Equal(t, http.StatusNotFound, bare.get("/sdk/cardbridge.js").StatusCode)
	assert.Equal(t, http.StatusNotFound, b.get("/api/login").StatusCode)
	assert.Equal(t, "/evil.example/", b.get("//evil.example/").Header.Get("Location"), "no link to another site out of a path")
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
