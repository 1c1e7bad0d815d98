package web

import (
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/account"
	"github.com/cardbridge/cardbridge/portal/audit"
	"github.com/cardbridge/cardbridge/portal/session"
)

const (
	linSerial = "0000000000000004"
	wuSerial  = "0000000000000006"
)

// outcomes are action and outcome of every line of the trail.
func (s *site) outcomes(t testing.TB) (out []string) {
	t.Helper()
	for _, event := range s.trail(t) {
		out = append(out, string(event.Action)+" "+event.Outcome)
	}
	return out
}

// name types an account into the page that asks for it.
func (b *browser) name(typed string) answer {
	b.t.Helper()
	page := b.get("/account")
	require.Equal(b.t, http.StatusOK, page.StatusCode)
	return b.form("/account", url.Values{"csrf": {page.csrf(b.t)}, "account": {typed}})
}

func TestFirstLoginBindsTheCard(t *testing.T) {
	moica, trust := newMOICA(t)
	for typed, who := range map[string]int{"xiaomei.lin": 1, "ＸiaoMei.Lin ": 1, "F223456786": 1, "e123-456-783": 2} {
		s := newSite(t, trust, nil)
		b := s.browser(t)
		person := people[who]
		tail := map[int]string{1: "6786", 2: "6783"}[who]
		card := newHolder(t, moica, person.Name, linSerial, tail, nil)
		require.Contains(t, b.login(card).body, `"next":"/account"`)
		proof := b.cookie("session")
		assert.Equal(t, "/account", b.get("/welcome").Header.Get("Location"), "a proved card opens nothing else")
		page := b.get("/account")
		assert.Contains(t, page.body, person.Name)
		assert.NotContains(t, page.body, tail, "the page asks; it does not tell")
		in := b.name(typed)
		require.Equal(t, http.StatusSeeOther, in.StatusCode, in.body)
		assert.Equal(t, "/welcome", in.Header.Get("Location"))
		assert.NotEqual(t, proof, b.cookie("session"), "a new id once more")
		assert.Contains(t, b.get("/welcome").body, person.Name)
		assert.NotContains(t, b.get("/welcome").body, `id="replaced"`)

		binding, bound, err := s.store.Bound(t.Context(), account.CardKey{Family: "moica", Serial: linSerial})
		require.NoError(t, err)
		assert.Equal(t, person.ID, bound.ID)
		assert.Equal(t, s.trail(t)[1].Thumbprint, binding.Thumbprint)
		assert.Equal(t, []string{"login proved", "bind ok"}, s.outcomes(t))
		assert.Equal(t, person.ID.String(), s.trail(t)[1].Person)

		renewed := newHolder(t, moica, person.Name, linSerial, tail, nil)
		assert.Contains(t, s.browser(t).login(renewed).body, `"next":"/welcome"`, "a renewed card goes straight in")
		assert.InDelta(t, 1, testutil.ToFloat64(s.portal.metrics.bindings.WithLabelValues("ok")), 0)
	}
}

// Every refusal of a named account: what the person reads, whether 【上一步】 leads back, what is written down.
func TestRefusedAccounts(t *testing.T) {
	moica, trust := newMOICA(t)
	for _, c := range []struct {
		name, serial, tail, typed string
		code, text                string
		back                      bool
	}{
		{"林小美", linSerial, "6786", "nobody", "notInFile", "不存在於公務人力資料庫", true},
		{"林小美", linSerial, "6786", "B100144321", "notInFile", "不存在於公務人力資料庫", true},
		{"林小美", linSerial, "6786", "xiaoming.wang", "otherHolder", "並非同一個使用者", true},
		{"林小美", linSerial, "6789", "xiaomei.lin", "otherHolder", "並非同一個使用者", true}, // name fits, last four do not
		{"林大美", linSerial, "6786", "xiaomei.lin", "otherHolder", "並非同一個使用者", true}, // last four fit, name does not
		{"林小美", linSerial, "6786", "xiaoying.wu", "otherHolder", "並非同一個使用者", true}, // nobody learns that 吳小英 left
		{"吳小英", wuSerial, "6784", "xiaoying.wu", "leftOffice", "卸職", false},
		{"林小美", linSerial, "6786", "F223456785", "malformedAccount", "正確的身分證號", true},
		{"林小美", linSerial, "6786", "", "malformedAccount", "正確的身分證號", true},
		{"林小美", linSerial, "6786", fmt.Sprintf("%0600d", 7), "malformedAccount", "正確的身分證號", true},
	} {
		s := newSite(t, trust, nil)
		b := s.browser(t)
		require.Contains(t, b.login(newHolder(t, moica, c.name, c.serial, c.tail, nil)).body, `"next":"/account"`)
		got := b.name(c.typed)
		assert.Equal(t, http.StatusUnprocessableEntity, got.StatusCode, "%+v", c)
		assert.Contains(t, got.body, c.code)
		assert.Contains(t, got.body, c.text)
		assert.Equal(t, []string{"login proved", "bind " + c.code}, s.outcomes(t), "%+v", c)
		_, _, err := s.store.Bound(t.Context(), account.CardKey{Family: "moica", Serial: c.serial})
		require.ErrorIs(t, err, account.ErrNoBinding)
		assert.Equal(t, "/account", b.get("/welcome").Header.Get("Location"), "still not in")
		if !c.back {
			assert.NotContains(t, got.body, "/account/back")
			continue
		}
		back := b.form("/account/back", url.Values{"csrf": {got.csrf(t)}, "account": {c.typed}})
		require.Equal(t, http.StatusOK, back.StatusCode)
		if len(c.typed) <= maxTyped {
			assert.Contains(t, back.body, `value="`+c.typed+`"`, "what was typed is kept")
		}
	}
}

func TestFiveWrongAccountsADay(t *testing.T) {
	moica, trust := newMOICA(t)
	s := newSite(t, trust, nil)
	card := newHolder(t, moica, "林小美", linSerial, "6786", nil)
	b := s.browser(t)
	b.login(card)
	for left := 4; left >= 0; left-- {
		got := b.name(fmt.Sprintf("wrong%d", left))
		assert.Contains(t, got.body, fmt.Sprintf("<strong>%d</strong>", left))
		assert.Equal(t, left > 0, len(csrfField.FindAllString(got.body, -1)) == 2, "【上一步】 as long as there is a try")
	}
	assert.Contains(t, b.name("xiaomei.lin").body, "tooManyTries", "also the right one")
	b = s.browser(t)
	b.login(newHolder(t, moica, "林小美", linSerial, "6786", nil))
	assert.Contains(t, b.name("xiaomei.lin").body, "tooManyTries", "the card counts, not the browser or certificate")
	s.shift.Store(int64(24 * time.Hour))
	b = s.browser(t)
	b.login(card)
	assert.Equal(t, http.StatusSeeOther, b.name("xiaomei.lin").StatusCode, "tomorrow")
}

func TestManyGuessesAtOnceAreFive(t *testing.T) {
	moica, trust := newMOICA(t)
	s := newSite(t, trust, nil)
	b := s.browser(t)
	b.login(newHolder(t, moica, "林小美", linSerial, "6786", nil))
	token := b.get("/account").csrf(t)
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() { b.form("/account", url.Values{"csrf": {token}, "account": {fmt.Sprintf("guess%d", i)}}) })
	}
	all.Wait()
	counts := map[string]int{}
	for _, outcome := range s.outcomes(t) {
		counts[outcome]++
	}
	assert.Equal(t, map[string]int{"login proved": 1, "bind notInFile": account.FailuresADay, "bind tooManyTries": 40 - account.FailuresADay}, counts)
}

func TestANewCardOfTheSamePersonProvesTheAccountAgain(t *testing.T) {
	moica, trust := newMOICA(t)
	s := newSite(t, trust, nil)
	old, other := s.browser(t), s.browser(t)
	require.Contains(t, old.login(newCitizen(t, moica, "王小明", nil)).body, `"next":"/welcome"`)
	require.Contains(t, other.login(newHolder(t, moica, "王小明", "0000000000000011", "6789", nil)).body, `"next":"/account"`, "never silently")
	require.Equal(t, http.StatusSeeOther, other.name("xiaoming.wang").StatusCode)
	assert.Contains(t, other.get("/welcome").body, `id="replaced"`, "the person is told")
	assert.Equal(t, http.StatusSeeOther, old.get("/welcome").StatusCode, "the old card's sessions have ended")
	assert.Equal(t, []string{"login ok", "login proved", "bind rebound"}, s.outcomes(t))
	assert.Contains(t, old.login(newCitizen(t, moica, "王小明", nil)).body, `"next":"/account"`, "the old card is bound no more")
}

func TestAFormNeedsItsToken(t *testing.T) {
	moica, trust := newMOICA(t)
	s := newSite(t, trust, nil)
	b, other := s.browser(t), s.browser(t)
	b.login(newHolder(t, moica, "林小美", linSerial, "6786", nil))
	other.login(newHolder(t, moica, "林小美", linSerial, "6786", nil))
	foreign := other.get("/account").csrf(t)
	for _, token := range []string{"", "x", foreign} {
		for _, path := range []string{"/account", "/account/back", "/logout"} {
			got := b.form(path, url.Values{"csrf": {token}, "account": {"xiaomei.lin"}})
			assert.Equal(t, http.StatusForbidden, got.StatusCode, path)
			assert.Contains(t, got.body, "</html>")
		}
	}
	large := b.form("/account", url.Values{"csrf": {b.get("/account").csrf(t)}, "account": {fmt.Sprintf("%05000d", 1)}})
	assert.Equal(t, http.StatusBadRequest, large.StatusCode)
	assert.Equal(t, []string{"login proved", "login proved"}, s.outcomes(t), "nothing was tried")
}

func TestAProofIsSpentOnce(t *testing.T) {
	moica, trust := newMOICA(t)
	s := newSite(t, trust, nil)
	b := s.browser(t)
	b.login(newHolder(t, moica, "林小美", linSerial, "6786", nil))
	id, token := b.cookie("session"), b.get("/account").csrf(t)
	require.Equal(t, http.StatusSeeOther, b.form("/account", url.Values{"csrf": {token}, "account": {"xiaomei.lin"}}).StatusCode)
	thief := s.browser(t)
	request, err := http.NewRequest(http.MethodGet, s.origin+"/account", nil)
	require.NoError(t, err)
	request.AddCookie(&http.Cookie{Name: "session", Value: id})
	assert.Equal(t, "/?ended=1", thief.do(request).Header.Get("Location"))

	late := s.browser(t)
	late.login(newHolder(t, moica, "黃大華", "0000000000000005", "6783", nil))
	token = late.get("/account").csrf(t)
	s.shift.Store(int64(session.ProvedLife + time.Second))
	assert.Equal(t, "/?ended=1", late.form("/account", url.Values{"csrf": {token}, "account": {"E123456783"}}).Header.Get("Location"))
	assert.Contains(t, late.get("/?ended=1").body, "逾時")
}

func TestAPersonOutOfOfficeIsRefusedAlsoWhenBound(t *testing.T) {
	moica, trust := newMOICA(t)
	s := newSite(t, trust, nil)
	b := s.browser(t)
	c := newCitizen(t, moica, "王小明", nil)
	require.Contains(t, b.login(c).body, `"next":"/welcome"`)
	left := append([]account.Person(nil), people...)
	left[0].InOffice = false
	event := audit.Event{At: time.Now(), Action: audit.Import, Outcome: audit.OK}
	_, err := s.store.ImportPersonnel(t.Context(), rows(left), importOptions, event)
	require.NoError(t, err)
	assert.Equal(t, http.StatusSeeOther, b.get("/welcome").StatusCode, "the import ended the session")
	got := b.login(c)
	assert.Equal(t, http.StatusForbidden, got.StatusCode)
	assert.Equal(t, "leftOffice", got.code(t))
	_, err = s.store.ImportPersonnel(t.Context(), rows(people[1:]), importOptions, event)
	require.NoError(t, err)
	assert.Equal(t, "vanished", b.login(c).code(t))
	_, err = s.store.ImportPersonnel(t.Context(), rows(people), importOptions, event)
	require.NoError(t, err)
	assert.Contains(t, b.login(c).body, `"next":"/welcome"`, "the binding was kept")
}

func TestIncompleteCertificates(t *testing.T) {
	moica, gca, trust := newAuthorities(t)
	s := newSite(t, trust, nil)
	for name, c := range map[string]*card{
		"no serial": newHolder(t, moica, "林小美", "", "6786", nil),
		"no tail":   newHolder(t, moica, "林小美", linSerial, "", nil),
		"no OID":    newCertificate(t, gca, issuerName("範例機關"), nil),
	} {
		assert.Equal(t, "incompleteCertificate", s.browser(t).login(c).code(t), name)
	}
	bound := newHolder(t, moica, "王小明", subjectSerial, "", nil)
	assert.Contains(t, s.browser(t).login(bound).body, `"next":"/welcome"`, "a bound card needs no comparison")
}

func TestAgencies(t *testing.T) {
	_, gca, trust := newAuthorities(t)
	s := newSite(t, trust, nil)
	b := s.browser(t)
	require.Contains(t, b.login(newAgency(t, gca, agencyOID)).body, `"next":"/agency"`)
	page := b.get("/agency")
	for _, text := range []string{"機關登入", "範例機關", "399990000A", agencyOID} {
		assert.Contains(t, page.body, text)
	}
	assert.Equal(t, "/agency", b.get("/account").Header.Get("Location"))
	assert.Equal(t, http.StatusSeeOther, b.form("/logout", url.Values{"csrf": {page.csrf(t)}}).StatusCode)
	unknown := b.login(newAgency(t, gca, "2.16.886.101.20003.1"))
	assert.Equal(t, "unknownAgency", unknown.code(t))
	assert.Contains(t, unknown.body, "機關憑證驗證回傳之代碼不存在於本總處機關代碼檔中")
	assert.Contains(t, unknown.body, "本總處客服中心")
	assert.Equal(t, []string{"login ok", "logout ok", "login unknownAgency"}, s.outcomes(t))
	assert.Equal(t, agencyOID, s.trail(t)[0].Agency)
}

func TestOtherCardKindsAreRefused(t *testing.T) {
	root := newCertificate(t, nil, issuerName("工商憑證管理中心"), asCA)
	s := newSite(t, "", func(settings *Settings) { settings.Verifier = trusting(t, root) })
	assert.Equal(t, "wrongCardKind", s.browser(t).login(newHolder(t, root, "範例公司", "1", "", nil)).code(t))
}
