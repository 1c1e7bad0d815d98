//go:build linux

// Package portal tests several portal processes on one database as a crowd of people meets them.
package portal

import (
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	people = 300
	atOnce = 24
	replay = 1000
)

// crowd has every card's holder do something, so many at once; when a third is through, one portal is killed.
func (h *hall) crowd(do func(i int, v *visitor)) {
	turns := make(chan int)
	var through atomic.Int64
	var workers sync.WaitGroup
	for range atOnce {
		workers.Go(func() {
			for i := range turns {
				do(i, h.visitor(h.cards[i]))
				if through.Add(1) == people/3 {
					h.portals[1].kill()
				}
			}
		})
	}
	for i := range h.cards {
		turns <- i
	}
	close(turns)
	workers.Wait()
	// What the dead one had begun is the database server's to end.
	require.Eventually(h.t, func() bool {
		return h.count(`pg_stat_activity WHERE application_name = 'cardbridge-portal' AND state <> 'idle'`) == 0
	}, 20*time.Second, 20*time.Millisecond)
	require.Positive(h.t, h.lost.Load(), "the portal died at work")
	h.t.Logf("%d requests got no answer", h.lost.Load())
}

// outcome is what one challenge led to.
type outcome struct {
	session        []byte // of the answer that came
	lost, replayed bool   // the answer did not come; the same token sent again was refused
}

// A portal dies in the middle of logins: no challenge opens two sessions, no session is without its line in the trail, nobody
// who was told that they are in is out, whoever was told nothing logs in again at once.
func TestOnePortalDiesDuringLogins(t *testing.T) {
	h := newHall(t, built(t), 3, people, true)
	outcomes := make([]outcome, people)
	second := make([]*visitor, people)
	h.crowd(func(i int, v *visitor) {
		body := v.ticket()
		answer, text, ok := v.post("/api/login", "application/json", body)
		o := &outcomes[i]
		for o.lost = !ok; !ok; { // the same token once more, as an impatient proxy would send it
			answer, text, ok = v.post("/api/login", "application/json", body)
		}
		switch answer.StatusCode {
		case http.StatusOK:
			o.session = v.session()
		case http.StatusUnauthorized:
			assert.Contains(t, string(text), `"challengeUsed"`)
			assert.True(t, o.lost, "only what was sent twice is refused")
			o.replayed = true
			second[i] = h.visitor(v.card)
			second[i].mustLogIn(t, "/welcome")
		default:
			assert.Fail(t, answer.Status, "%s", text)
		}
	})
	answered, refused := 0, 0
	for i, o := range outcomes {
		if o.session != nil {
			answered++
			assert.Equal(t, 1, h.count(`sessions WHERE key = $1 AND state = 'person'`, o.session), "who was told that they are in is in")
		}
		if o.replayed {
			refused++
			assert.Equal(t, 1, h.count(`sessions WHERE key = $1 AND state = 'person'`, second[i].session()))
		}
	}
	assert.Equal(t, people, answered+refused, "nobody was left outside")
	sessions := h.count(`sessions`)
	assert.Equal(t, sessions, h.count(`events WHERE action = 'login' AND outcome = 'ok'`), "a session and its line in the trail, both or neither")
	assert.Equal(t, sessions, h.count(`events`)-h.count(`events WHERE action = 'import'`), "and no other line")
	// Beside the answered ones and the second logins there are only those whose answer was lost: each at most once.
	assert.GreaterOrEqual(t, sessions, answered+refused)
	assert.LessOrEqual(t, sessions, answered+2*refused)
	assert.Equal(t, people+refused, h.count(`challenges WHERE taken`), "each challenge was taken once")
	assert.Zero(t, h.count(`(SELECT 1 FROM events WHERE action = 'login' GROUP BY request HAVING count(*) > 1) AS twice`))
	assert.Equal(t, people, h.count(`bindings`))
}

// mustLogIn goes on until a portal answers; that answer must be good.
func (v *visitor) mustLogIn(t *testing.T, next string) {
	for {
		answer, text, ok := v.post("/api/login", "application/json", v.ticket())
		if !ok {
			continue
		}
		var told struct{ Next string }
		assert.NoError(t, json.Unmarshal(text, &told))
		assert.Equal(t, http.StatusOK, answer.StatusCode, "%s", text)
		assert.Equal(t, next, told.Next)
		return
	}
}

// A portal dies in the middle of first logins: in the end everybody is bound, each exactly once.
func TestOnePortalDiesDuringBindings(t *testing.T) {
	h := newHall(t, built(t), 3, people, false)
	sessions := make([][]byte, people)
	h.crowd(func(i int, v *visitor) { sessions[i] = h.visitor(v.card).firstLogin(t) })
	assert.Equal(t, people, h.count(`bindings`))
	assert.Equal(t, people, h.count(`(SELECT DISTINCT person FROM bindings) AS persons`))
	assert.Equal(t, people, h.count(`events WHERE action = 'bind' AND outcome = 'ok'`), "bound once, written down once")
	assert.Zero(t, h.count(`events WHERE outcome NOT IN ('ok', 'proved')`), "nobody was refused")
	assert.Zero(t, h.count(`counters WHERE bucket LIKE 'bind %' AND tries > 0`), "nobody's tries were used up")
	for i, key := range sessions {
		assert.Equal(t, 1, h.count(`sessions s JOIN bindings b ON b.person = s.person WHERE s.key = $1 AND b.serial = $2`, key, serial(i)),
			"everybody is in with the own card")
	}
}

// firstLogin starts over whenever an answer is lost; it gives the session.
func (v *visitor) firstLogin(t *testing.T) []byte {
	for {
		_, text, ok := v.post("/api/login", "application/json", v.ticket())
		if !ok {
			continue
		}
		var told struct{ Next, CSRF string }
		assert.NoError(t, json.Unmarshal(text, &told))
		if told.Next == "/welcome" { // bound before its answer was lost
			return v.session()
		}
		assert.Equal(t, "/account", told.Next, "%s", text)
		form := url.Values{"csrf": {told.CSRF}, "account": {v.card.id}}
		answer, _, ok := v.post("/account", "application/x-www-form-urlencoded", []byte(form.Encode()))
		if !ok {
			continue
		}
		assert.Equal(t, "/welcome", answer.Header.Get("Location"))
		return v.session()
	}
}

// One token, sent a thousand times at once to three portals, is one login.
func TestThousandReplays(t *testing.T) {
	h := newHall(t, built(t), 3, 1, true)
	first := h.visitor(h.cards[0])
	body := first.ticket()
	var in, used atomic.Int64
	var together sync.WaitGroup
	gate := make(chan struct{})
	for range replay {
		together.Go(func() {
			v := &visitor{h, first.card, first.cookies}
			<-gate
			answer, text, ok := v.post("/api/login", "application/json", body)
			switch {
			case !ok:
			case answer.StatusCode == http.StatusOK:
				in.Add(1)
			default:
				var refusal struct{ Error struct{ Code string } }
				assert.NoError(t, json.Unmarshal(text, &refusal))
				assert.Equal(t, "challengeUsed", refusal.Error.Code)
				used.Add(1)
			}
		})
	}
	close(gate)
	together.Wait()
	assert.EqualValues(t, 1, in.Load())
	assert.EqualValues(t, replay-1, used.Load())
	assert.Equal(t, 1, h.count(`sessions`))
	assert.Equal(t, 1, h.count(`events WHERE action = 'login'`))
	assert.Equal(t, 1, h.count(`challenges WHERE taken`))
}
