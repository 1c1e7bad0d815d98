package web

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/session"
	"github.com/cardbridge/cardbridge/portal/verify"
	"github.com/cardbridge/cardbridge/signature/webeid"
)

func TestLogin(t *testing.T) {
	moica, trust := newMOICA(t)
	s := newSite(t, trust, nil)
	b := s.browser(t)
	require.Equal(t, http.StatusOK, b.get("/").StatusCode)
	require.Equal(t, "/", b.get("/welcome").Header.Get("Location"), "nobody is logged in")

	got := b.login(newCitizen(t, moica, "王小明", nil))
	require.Equal(t, http.StatusOK, got.StatusCode, got.body)
	assert.Contains(t, got.body, `"next":"/welcome"`)
	id := b.cookie("session")
	require.NotEmpty(t, id)
	assert.NotEqual(t, b.cookie("prelogin"), id, "the session's id is a new one")
	assert.NotEmpty(t, b.cookie("prelogin"), "another tab may be about to log in")

	welcome := b.get("/welcome")
	require.Equal(t, http.StatusOK, welcome.StatusCode)
	for _, text := range []string{"王小明", "自然人憑證", "內政部憑證管理中心", "您好"} {
		assert.Contains(t, welcome.body, text)
	}
	assert.NotContains(t, welcome.body, idTail)
	assert.Contains(t, b.get("/welcome?lang=en").body, "Citizen card")
	assert.Contains(t, b.get("/welcome").body, "Citizen card", "the choice is kept")

	token := url.Values{"csrf": {welcome.csrf(t)}}
	require.Equal(t, http.StatusForbidden, b.post("/logout", token.Encode(), map[string]string{"Origin": "https://evil.example"}).StatusCode)
	require.Equal(t, http.StatusForbidden, b.form("/logout", nil).StatusCode, "without the form's token")
	require.Equal(t, http.StatusForbidden, b.form("/logout", url.Values{"csrf": {"x"}}).StatusCode)
	require.Equal(t, http.StatusOK, b.get("/welcome").StatusCode, "another site cannot log anybody out")
	out := b.form("/logout", token)
	require.Equal(t, http.StatusSeeOther, out.StatusCode)
	assert.Empty(t, b.cookie("session"))
	other := s.browser(t)
	request, err := http.NewRequest(http.MethodGet, s.origin+"/welcome", nil)
	require.NoError(t, err)
	request.AddCookie(&http.Cookie{Name: "session", Value: id})
	assert.Equal(t, http.StatusSeeOther, other.do(request).StatusCode, "the old id opens nothing")
}

func TestSessionIDChangesAndEnds(t *testing.T) {
	moica, trust := newMOICA(t)
	s := newSite(t, trust, nil)
	b, c := s.browser(t), newCitizen(t, moica, "王小明", nil)
	require.Equal(t, http.StatusOK, b.login(c).StatusCode)
	first := b.cookie("session")
	require.Equal(t, http.StatusOK, b.login(c).StatusCode)
	assert.NotEqual(t, first, b.cookie("session"))
	_, err := s.store.Find(t.Context(), session.KeyOf(first), s.now())
	require.ErrorIs(t, err, session.ErrNone)
	s.shift.Store(int64(session.Idle - time.Minute))
	require.Equal(t, http.StatusOK, b.get("/welcome").StatusCode)
	s.shift.Add(int64(session.Idle - time.Minute))
	require.Equal(t, http.StatusOK, b.get("/welcome").StatusCode, "used in between")
	s.shift.Add(int64(session.Idle + time.Minute))
	assert.Equal(t, http.StatusSeeOther, b.get("/welcome").StatusCode)
}

// Every refusal, with the code that the page translates.
func TestRefusedCertificates(t *testing.T) {
	moica, trust := newMOICA(t)
	stranger, _ := newMOICA(t)
	s := newSite(t, trust, nil)
	root := newCertificate(t, nil, issuerName("政府測試憑證管理中心"), asCA)
	for code, c := range map[string]*card{
		"untrusted":   newCitizen(t, stranger, "陳大文", nil),
		"testCard":    newCitizen(t, root, "陳大文", nil),
		"expired":     newCitizen(t, moica, "陳大文", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) }),
		"notYetValid": newCitizen(t, moica, "陳大文", func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }),
		"keyUsage":    newCitizen(t, moica, "陳大文", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }),
		"extKeyUsage": newCitizen(t, moica, "陳大文", func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
		}),
		"ca": newCertificate(t, moica, issuerName("某機關"), func(c *x509.Certificate) { asCA(c); c.KeyUsage |= x509.KeyUsageDigitalSignature }),
	} {
		b := s.browser(t)
		got := b.login(c)
		assert.Equal(t, http.StatusUnauthorized, got.StatusCode, code)
		require.Equal(t, code, got.code(t))
		assert.Contains(t, got.body, `"certificate"`)
		assert.Empty(t, b.cookie("session"), code)
		assert.NotContains(t, got.body, idTail)
		assert.NotContains(t, got.body, subjectSerial)
	}
}

func TestUntrustedShowsTheCertificate(t *testing.T) {
	moica, _ := newMOICA(t)
	s := newSite(t, "", nil) // an empty trust folder
	c := newCitizen(t, moica, "陳大文", nil)
	got := s.browser(t).login(c)
	var body struct {
		Error struct {
			Message     map[string]string `json:"message"`
			Certificate struct {
				Holder, CardKind, Issuer string
				NotAfter                 time.Time
			} `json:"certificate"`
		} `json:"error"`
	}
	require.NoError(t, json.Unmarshal([]byte(got.body), &body, json.MatchCaseInsensitiveNames(true)))
	assert.Equal(t, "憑證的簽發機構不受信任。", body.Error.Message["zh-TW"])
	assert.Equal(t, "陳大文", body.Error.Certificate.Holder)
	assert.Equal(t, "citizen", body.Error.Certificate.CardKind)
	assert.Equal(t, "內政部憑證管理中心", body.Error.Certificate.Issuer)
	assert.True(t, c.cert.NotAfter.Equal(body.Error.Certificate.NotAfter))
}

func TestReplays(t *testing.T) {
	moica, trust := newMOICA(t)
	s := newSite(t, trust, nil)
	c := newCitizen(t, moica, "王小明", nil)
	victim, thief := s.browser(t), s.browser(t)

	nonce := victim.challenge()
	body := loginBody(t, nonce, c.sign(t, s.origin, nonce))
	require.Equal(t, http.StatusOK, victim.post("/api/login", body, nil).StatusCode)
	thief.challenge()
	assert.Equal(t, "challengeUsed", thief.post("/api/login", body, nil).code(t), "a recorded login from another browser")
	victim.challenge()
	assert.Equal(t, "challengeUsed", victim.post("/api/login", body, nil).code(t), "a recorded login from the same browser")

	mine, stolen := thief.challenge(), victim.challenge()
	assert.Equal(t, "signature", thief.post("/api/login", loginBody(t, mine, c.sign(t, s.origin, stolen)), nil).code(t),
		"an old token under a fresh nonce")
	stolen = victim.challenge()
	assert.Equal(t, "challengeOtherSession", thief.post("/api/login", loginBody(t, stolen, c.sign(t, s.origin, stolen)), nil).code(t),
		"taken from another browser")
	assert.Equal(t, "challengeUsed", victim.post("/api/login", loginBody(t, stolen, c.sign(t, s.origin, stolen)), nil).code(t),
		"what two browsers have presented is burnt")
	assert.Empty(t, thief.cookie("session"))

	late := victim.challenge()
	s.shift.Store(int64(5*time.Minute + time.Second))
	assert.Equal(t, "challengeExpired", victim.post("/api/login", loginBody(t, late, c.sign(t, s.origin, late)), nil).code(t))
	made := strings.Repeat("A", 44)
	assert.Equal(t, "challengeUnknown", victim.post("/api/login", loginBody(t, made, c.sign(t, s.origin, made)), nil).code(t))

	cookieless := s.browser(t)
	assert.Equal(t, "noCookie", cookieless.post("/api/login", loginBody(t, made, c.sign(t, s.origin, made)), nil).code(t))
}

func TestForgedTokens(t *testing.T) {
	moica, trust := newMOICA(t)
	s := newSite(t, trust, nil)
	c, other := newCitizen(t, moica, "王小明", nil), newCitizen(t, moica, "陳大文", nil)
	flip := func(text string) string {
		raw, err := base64.StdEncoding.DecodeString(text)
		require.NoError(t, err)
		raw[len(raw)/2] ^= 1
		return base64.StdEncoding.EncodeToString(raw)
	}
	for name, forge := range map[string]struct {
		make func(nonce string) webeid.Token
		want string
	}{
		"other origin": {func(nonce string) webeid.Token { return c.sign(t, "https://evil.example", nonce) }, "signature"},
		"other key": {func(nonce string) webeid.Token {
			token := c.sign(t, s.origin, nonce)
			token.UnverifiedCertificate = base64.StdEncoding.EncodeToString(other.cert.Raw)
			return token
		}, "signature"},
		"bit of the signature": {func(nonce string) webeid.Token {
			token := c.sign(t, s.origin, nonce)
			token.Signature = flip(token.Signature)
			return token
		}, "signature"},
		"bit of the certificate": {func(nonce string) webeid.Token {
			token := c.sign(t, s.origin, nonce)
			raw := []byte(c.cert.Raw)
			changed := append([]byte(nil), raw...)
			changed[len(changed)-10] ^= 1 // in the issuer's signature
			token.UnverifiedCertificate = base64.StdEncoding.EncodeToString(changed)
			return token
		}, "untrusted"},
		"algorithm": {func(nonce string) webeid.Token {
			token := c.sign(t, s.origin, nonce)
			token.Algorithm = "none"
			return token
		}, "token"},
		"format": {func(nonce string) webeid.Token {
			token := c.sign(t, s.origin, nonce)
			token.Format = "web-eid:2.0"
			return token
		}, "token"},
	} {
		b := s.browser(t)
		nonce := b.challenge()
		got := b.post("/api/login", loginBody(t, nonce, forge.make(nonce)), nil)
		assert.Equal(t, http.StatusUnauthorized, got.StatusCode, name)
		assert.Equal(t, forge.want, got.code(t), name)
		assert.Empty(t, b.cookie("session"), name)
		assert.Equal(t, "challengeUsed", b.post("/api/login", loginBody(t, nonce, c.sign(t, s.origin, nonce)), nil).code(t),
			"%s: a failed try spends the nonce", name)
	}
}

func TestMalformedLogins(t *testing.T) {
	moica, trust := newMOICA(t)
	s := newSite(t, trust, nil)
	b := s.browser(t)
	nonce := b.challenge()
	good := loginBody(t, nonce, newCitizen(t, moica, "王小明", nil).sign(t, s.origin, nonce))
	for name, c := range map[string]struct {
		body    string
		headers map[string]string
		status  int
		code    string
	}{
		"oversized":         {good + strings.Repeat(" ", 70<<10), nil, http.StatusRequestEntityTooLarge, "tooLarge"},
		"form":              {good, map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, http.StatusUnsupportedMediaType, "notJSON"},
		"text":              {good, map[string]string{"Content-Type": "text/plain"}, http.StatusUnsupportedMediaType, "notJSON"},
		"no content type":   {good, map[string]string{"Content-Type": ""}, http.StatusUnsupportedMediaType, "notJSON"},
		"empty":             {"", nil, http.StatusBadRequest, "badRequest"},
		"array":             {"[]", nil, http.StatusBadRequest, "badRequest"},
		"unknown member":    {strings.Replace(good, "{", `{"a":1,`, 1), nil, http.StatusBadRequest, "badRequest"},
		"two nonces":        {strings.Replace(good, "{", `{"challengeNonce":"a",`, 1), nil, http.StatusBadRequest, "badRequest"},
		"two tokens":        {strings.Replace(good, "{", `{"token":{},`, 1), nil, http.StatusBadRequest, "badRequest"},
		"no token":          {`{"challengeNonce":"` + nonce + `"}`, nil, http.StatusBadRequest, "token"},
		"token of nothing":  {`{"challengeNonce":"` + nonce + `","token":{}}`, nil, http.StatusBadRequest, "token"},
		"token with more":   {strings.Replace(good, `"algorithm"`, `"x":1,"algorithm"`, 1), nil, http.StatusBadRequest, "token"},
		"another site":      {good, map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, http.StatusForbidden, "crossSite"},
		"sandboxed frame":   {good, map[string]string{"Origin": "null"}, http.StatusForbidden, "crossSite"},
		"neighbouring site": {good, map[string]string{"Sec-Fetch-Site": "same-site"}, http.StatusForbidden, "crossSite"},
		"no browser":        {good, map[string]string{"Origin": "", "Sec-Fetch-Site": ""}, http.StatusForbidden, "crossSite"},
	} {
		got := b.post("/api/login", c.body, c.headers)
		assert.Equal(t, c.status, got.StatusCode, name)
		assert.Equal(t, c.code, got.code(t), name)
		assert.Empty(t, b.cookie("session"), name)
	}
	assert.Equal(t, http.StatusForbidden, b.post("/api/challenge", "", map[string]string{"Origin": "https://evil.example"}).StatusCode)
	got := b.post("/api/login", good, map[string]string{"Content-Type": "application/json; charset=utf-8", "Sec-Fetch-Site": ""})
	assert.Equal(t, http.StatusOK, got.StatusCode, "none of these spent the nonce: %s", got.body)
}

type verifierFunc func() (verify.Identity, error)

func (f verifierFunc) Token(context.Context, webeid.Token, string, string) (verify.Identity, error) {
	return f()
}

// "Could not check" is the server's trouble and may pass: it has its own status, and admits nobody.
func TestUncheckedIsNotInvalid(t *testing.T) {
	moica, _ := newMOICA(t)
	c := newCitizen(t, moica, "王小明", nil)
	for code, want := range map[string]struct {
		err    error
		status int
	}{
		"revocation": {&verify.Unchecked{Reason: verify.ErrRevocation, Certificate: c.cert}, http.StatusServiceUnavailable},
		"revoked":    {&verify.Invalid{Reason: verify.ErrRevoked, Certificate: c.cert}, http.StatusUnauthorized},
		"policy":     {&verify.Invalid{Reason: verify.ErrPolicy}, http.StatusUnauthorized},
		"internal":   {errors.New("disk"), http.StatusInternalServerError},
	} {
		s := newSite(t, "", func(settings *Settings) {
			settings.Verifier = verifierFunc(func() (verify.Identity, error) { return verify.Identity{}, want.err })
		})
		b := s.browser(t)
		got := b.login(c)
		assert.Equal(t, want.status, got.StatusCode, code)
		assert.Equal(t, code, got.code(t))
		assert.Empty(t, b.cookie("session"))
	}
}

// The log tells outcome and thumbprint, and nothing by which a person could be named.
func TestLogHoldsNobody(t *testing.T) {
	moica, trust := newMOICA(t)
	stranger, _ := newMOICA(t)
	s := newSite(t, trust, nil)
	good, bad := newCitizen(t, moica, "王小明", nil), newCitizen(t, stranger, "陳大文", nil)
	b := s.browser(t)
	b.login(bad)
	require.Equal(t, http.StatusOK, b.login(good).StatusCode)
	id := b.cookie("session")
	b.post("/logout", "", nil)
	log := s.log.String()
	for _, wanted := range []string{verify.Thumbprint(good.cert), verify.Thumbprint(bad.cert), `"outcome":"ok"`, `"outcome":"untrusted"`} {
		assert.Contains(t, log, wanted)
	}
	for _, secret := range []string{"王小明", "陳大文", idTail + `"`, subjectSerial, id} {
		assert.NotContains(t, log, secret)
	}
}
