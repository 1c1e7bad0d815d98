package web

import (
	"bytes"
	"crypto/x509"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/account"
	"github.com/cardbridge/cardbridge/portal/audit"
	"github.com/cardbridge/cardbridge/portal/store"
	"github.com/cardbridge/cardbridge/portal/verify"
)

// site is a portal that runs, with its log and a clock that only the test moves.
type site struct {
	origin  string
	log     *lockedBuffer
	shift   atomic.Int64
	portal  *Portal
	store   *store.Store
	metrics *prometheus.Registry
}

type lockedBuffer struct {
	mu   sync.Mutex
	data bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data.String()
}

func (s *site) now() time.Time { return time.Now().Add(time.Duration(s.shift.Load())) }

var hasher = account.NewHasher([]byte("32 bytes of the tests' hash key.."))

// people of the tests: the first is bound to the card of newCitizen.
var people = []account.Person{
	{ID: hasher.ID("A123456789"), Tail: hasher.Tail("6789"), Account: "xiaoming.wang", Name: "王小明", InOffice: true},
	{ID: hasher.ID("F223456786"), Tail: hasher.Tail("6786"), Account: "xiaomei.lin", Name: "林小美", InOffice: true},
	{ID: hasher.ID("E123456783"), Tail: hasher.Tail("6783"), Name: "黃大華", InOffice: true},
	{ID: hasher.ID("D223456784"), Tail: hasher.Tail("6784"), Account: "xiaoying.wu", Name: "吳小英"},
}

// newStore is a database with these people, one agency, one bound card.
func newStore(t testing.TB) *store.Store {
	t.Helper()
	opened, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "portal.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })
	require.NoError(t, opened.Migrate(t.Context()))
	event := audit.Event{At: time.Now(), Action: audit.Import, Outcome: audit.OK}
	_, err = opened.ImportPersonnel(t.Context(), rows(people), store.ImportOptions{}, event)
	require.NoError(t, err)
	_, err = opened.ImportAgencies(t.Context(), rows([]account.Agency{{OID: agencyOID, Code: "399990000A", Name: "範例機關"}}), store.ImportOptions{}, event)
	require.NoError(t, err)
	_, err = opened.ImportBindings(t.Context(), rows([]account.Binding{{Card: account.CardKey{Family: "moica", Serial: subjectSerial}, Person: people[0].ID, At: time.Now()}}), event)
	require.NoError(t, err)
	return opened
}

func rows[T any](all []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, row := range all {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// trail gives the outcomes that were written since the site began, imports apart, oldest first.
func (s *site) trail(t testing.TB) (out []audit.Event) {
	t.Helper()
	for event, err := range s.store.Events(t.Context(), time.Time{}) {
		require.NoError(t, err)
		if event.Action != audit.Import {
			out = append(out, event)
		}
	}
	return out
}

// newSite serves a portal with this trust folder; change may alter its settings.
func newSite(t testing.TB, trust string, change func(*Settings)) *site {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &site{origin: "http://" + listener.Addr().String(), log: &lockedBuffer{}, metrics: prometheus.NewRegistry()}
	s.store = newStore(t)
	config := verify.Config{Clock: s.now}
	if trust != "" {
		config.Roots, config.Intermediates, err = verify.LoadTrust(trust)
		require.NoError(t, err)
	}
	verifier, err := verify.New(config)
	require.NoError(t, err)
	settings := Settings{
		Origin: s.origin, Lang: "zh-TW", Verifier: verifier, Clock: s.now,
		Store: s.store, Hasher: hasher, CSRFKey: []byte("32 bytes of the tests' CSRF key."), Metrics: s.metrics,
		Log: slog.New(slog.NewJSONHandler(s.log, nil)),
		SDK: fstest.MapFS{"cardbridge.js": {Data: []byte("export {};")}, "secret.key": {Data: []byte("no")},
			"examples/index.html": {Data: []byte("<!doctype html>")}, "examples/sign.js": {Data: []byte("export {};")}},
	}
	if change != nil {
		change(&settings)
	}
	s.portal, err = New(settings)
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(s.portal.Handler())
	require.NoError(t, server.Listener.Close())
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return s
}

// browser keeps cookies as one browser does, and follows no redirect.
type browser struct {
	t      testing.TB
	site   *site
	client *http.Client
}

func (s *site) browser(t testing.TB) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &browser{t, s, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// answer is a response whose body has been read.
type answer struct {
	*http.Response
	body string
}

// code is the error code of a JSON answer.
func (a answer) code(t testing.TB) string {
	t.Helper()
	var body struct {
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &body), a.body)
	return body.Error.Code
}

func (b *browser) do(request *http.Request) answer {
	b.t.Helper()
	response, err := b.client.Do(request)
	require.NoError(b.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(b.t, err)
	return answer{response, string(body)}
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	request, err := http.NewRequest(http.MethodGet, b.site.origin+path, nil)
	require.NoError(b.t, err)
	return b.do(request)
}

// post sends what a page of the portal would send; headers replace or, when empty, remove the browser's own.
func (b *browser) post(path, body string, headers map[string]string) answer {
	b.t.Helper()
	request, err := http.NewRequest(http.MethodPost, b.site.origin+path, strings.NewReader(body))
	require.NoError(b.t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Origin", b.site.origin)
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	for name, value := range headers {
		if value == "" {
			request.Header.Del(name)
		} else {
			request.Header.Set(name, value)
		}
	}
	return b.do(request)
}

func (b *browser) challenge() string {
	b.t.Helper()
	got := b.post("/api/challenge", "", nil)
	require.Equal(b.t, http.StatusOK, got.StatusCode, got.body)
	var body struct {
		ChallengeNonce string `json:"challengeNonce"`
		Expires        string `json:"expires"`
	}
	require.NoError(b.t, json.Unmarshal([]byte(got.body), &body, json.RejectUnknownMembers(true)))
	require.Len(b.t, body.ChallengeNonce, 44)
	return body.ChallengeNonce
}

func loginBody(t testing.TB, nonce string, token any) string {
	t.Helper()
	data, err := json.Marshal(map[string]any{"challengeNonce": nonce, "token": token})
	require.NoError(t, err)
	return string(data)
}

// login goes the whole way with the card.
func (b *browser) login(c *card) answer {
	b.t.Helper()
	nonce := b.challenge()
	return b.post("/api/login", loginBody(b.t, nonce, c.sign(b.t, b.site.origin, nonce)), nil)
}

// form sends a form of the page that was shown last, as the browser would.
func (b *browser) form(path string, fields url.Values) answer {
	b.t.Helper()
	return b.post(path, fields.Encode(), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// csrf reads the token out of a page.
func (a answer) csrf(t testing.TB) string {
	t.Helper()
	found := csrfField.FindStringSubmatch(a.body)
	require.NotNil(t, found, a.body)
	return found[1]
}

func (b *browser) cookie(name string) string {
	b.t.Helper()
	at, err := url.Parse(b.site.origin)
	require.NoError(b.t, err)
	for _, cookie := range b.client.Jar.Cookies(at) {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	return ""
}

var importOptions = store.ImportOptions{AllowShrink: true}

// trusting is a verifier with one root.
func trusting(t testing.TB, root *card) Verifier {
	t.Helper()
	verifier, err := verify.New(verify.Config{Roots: []*x509.Certificate{root.cert}})
	require.NoError(t, err)
	return verifier
}
