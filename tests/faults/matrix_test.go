package faults

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/deck"
	"github.com/cardbridge/cardbridge/tests/hosttest"
)

// phase is where in a login a call is made.
type phase string

// The phases: the scanner reads the card; the signer opens it while the PIN window comes up; it looks again once the PIN is
// there, then logs in; it signs.
const (
	scan    phase = "scan"
	prepare phase = "prepare"
	login   phase = "login"
	sign    phase = "sign"
)

// conditions narrow a rule to a phase. Rules for login and sign are set while the PIN window is open.
var conditions = map[phase]string{
	scan: "in token-scanner", prepare: "in token-signer loggedout", login: "in token-signer loggedout", sign: "in token-signer loggedin",
}

// deadlineOf names the policy's deadline that a hanging call runs into.
func (c cell) deadlineOf() string {
	if c.phase == login && c.call != "C_Login" {
		return "prepare"
	}
	return string(c.phase)
}

// faults are what can happen in a call.
var faults = map[string]string{
	"crash": "crash", "hang": "hang", "general error": "return 0x5", "device removed": "return 0x32", "token not present": "return 0xE0",
	"session invalid": "return 0xB3", "function failed": "return 0x6", "host memory": "return 0x2", "vendor code": "return 0x80001234",
	"garbage": "garbage", "garbage, huge": "garbage huge",
}

// calls are those that the host is known to make; the recording must find no others.
var calls = map[string]struct {
	// with are rules without which the host does not make the call
	with string
	// huge: the call has a length that can lie
	huge bool
}{
	"C_GetFunctionList": {}, "C_Initialize": {}, "C_GetSlotList": {}, "C_GetSlotInfo": {}, "C_GetTokenInfo": {}, "C_OpenSession": {},
	"C_FindObjectsInit": {}, "C_FindObjects": {}, "C_FindObjectsFinal": {}, "C_GetAttributeValue": {huge: true}, "C_CloseSession": {},
	"C_Login": {}, "C_SignInit": {}, "C_Sign": {huge: true},
	"C_Finalize": {with: "sessions readonly"}, // crypto11 gives up a token that it cannot write to
}

type cell struct {
	phase       phase
	call, fault string
}

func (c cell) String() string { return fmt.Sprintf("%s %s: %s", c.phase, c.call, c.fault) }

func (c cell) rules() []string {
	rules := []string{fmt.Sprintf("%s %s %s", c.call, conditions[c.phase], faults[c.fault])}
	if with := calls[c.call].with; with != "" {
		rules = append(rules, with)
	}
	return rules
}

// record logs in once, tells which calls were made in which phase.
func record(t *testing.T, l *lane, the *deck.Card, rules ...string) map[phase][]string {
	t.Helper()
	l.set(t, rules...)
	require.NoError(t, l.module.Forget())
	h := l.start(t)
	defer h.Close()
	_, answer := h.Login(nil)
	p := h.Prompt("pin")
	before, err := l.module.Calls()
	require.NoError(t, err)
	h.PIN(p, the.PIN)
	require.Nil(t, h.Await(answer).Error)
	all, err := l.module.Calls()
	require.NoError(t, err)
	made := map[phase][]string{}
	loggedIn := false
	for i, c := range all {
		in := map[bool]phase{true: login, false: prepare}[i >= len(before)]
		switch {
		case c.Role == "token-scanner":
			in = scan
		case loggedIn:
			in = sign
		}
		if !slices.Contains(made[in], c.Name) {
			made[in] = append(made[in], c.Name)
		}
		loggedIn = loggedIn || c.Name == "C_Login"
	}
	return made
}

// cells are every call of every phase with every fault.
func cells(t *testing.T, made ...map[phase][]string) (list []cell) {
	t.Helper()
	seen := map[cell]bool{}
	for _, m := range made {
		for _, p := range []phase{scan, prepare, login, sign} {
			for _, call := range m[p] {
				about, known := calls[call]
				require.True(t, known, "the host calls %s in %s: the matrix must know it", call, p)
				for name := range faults {
					c := cell{p, call, name}
					if !seen[c] && (name != "garbage, huge" || about.huge) {
						seen[c] = true
						list = append(list, c)
					}
				}
			}
		}
	}
	for call := range calls {
		require.True(t, slices.ContainsFunc(list, func(c cell) bool { return c.call == call }), "the host never calls %s: take it off the matrix", call)
	}
	slices.SortFunc(list, func(a, b cell) int { return strings.Compare(a.String(), b.String()) })
	return list
}

const lanes = 3

func TestMatrix(t *testing.T) {
	begun := time.Now()
	var m matrix
	t.Run("desks", func(t *testing.T) {
		first := newLane(t)
		the := first.insert(t, "citizen")
		list := cells(t, record(t, first, the), record(t, first, the, "sessions readonly"))
		m.todo = make(chan cell, len(list))
		for _, c := range list {
			m.todo <- c
		}
		close(m.todo)
		for i := range lanes {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				m.work(t)
			})
		}
	})
	require.Greater(t, m.count, 300)
	summary(t, "matrix: %d cells, slowest %s %d ms, %d s in all", m.count, m.slowest, m.longest.Milliseconds(), int(time.Since(begun).Seconds()))
}

type matrix struct {
	todo    chan cell
	mu      sync.Mutex
	count   int
	slowest cell
	longest time.Duration
}

func (m *matrix) work(t *testing.T) {
	l := newLane(t)
	the := l.insert(t, "citizen")
	h := l.start(t)
	for c := range m.todo {
		host := h
		if c.fault == "hang" {
			// a host of its own with one short deadline: the others' must not depend on how busy the machine is
			l.policy(t, map[string]any{"deadlines": map[string]int{c.deadlineOf(): 300}})
			host = l.start(t)
		}
		took := l.run(t, host, the, c)
		if c.fault == "hang" {
			host.Close()
		}
		m.mu.Lock()
		m.count++
		if took > m.longest {
			m.longest, m.slowest = took, c
		}
		m.mu.Unlock()
	}
}

// run has one fault happen in one login, then demands that the next login on the same host works.
func (l *lane) run(t *testing.T, h *hosttest.Host, the *deck.Card, c cell) time.Duration {
	t.Helper()
	before := the.State()
	require.NoError(t, l.module.Forget())
	outcome, took := l.suffer(t, h, the, c)
	after := the.State()
	assert.Equal(t, before.PINTries, after.PINTries, "%s: tries", c)
	assert.LessOrEqual(t, l.count(t, "C_Login", ""), 1, "%s: one PIN was given", c)
	assert.Equal(t, c.expected(), outcome, c)
	assert.Less(t, took, hosttest.Patience, "%s: a deadline of 300 ms, with whatever else the machine does", c)
	assert.Equal(t, before.Verifies+c.verifies(outcome), after.Verifies, "%s: how often the card was asked", c)
	assert.False(t, after.Verified, "%s: the card is still VERIFIED", c)
	require.Eventually(t, func() bool { return len(hosttest.Processes(world.binary, h.Cmd.Process.Pid)) == 0 }, hosttest.Patience, 5*time.Millisecond,
		"%s: a child is left", c)

	l.set(t)
	p, answer := window(t, h, c)
	h.PIN(p, the.PIN)
	require.Nil(t, h.Await(answer).Error, "%s: the next login", c)
	now := the.State()
	assert.Equal(t, after.Verifies+1, now.Verifies, "%s: the next login", c)
	assert.False(t, now.Verified, "%s: the next login", c)
	return took
}

// window begins a login without any fault, up to the PIN window. Only a busy machine that misses the short deadline of a hanging
// call may need more than one.
func window(t *testing.T, h *hosttest.Host, c cell) (hosttest.Prompt, <-chan hosttest.Message) {
	t.Helper()
	for end := time.Now().Add(hosttest.Patience); ; {
		_, answer := h.Login(nil)
		p, m := h.Next(answer)
		if m == nil && p.State == "pin" {
			return p, answer
		}
		late := m != nil && m.Error != nil && m.Error.Data.Code == "moduleTimeout"
		if m == nil && p.Reason == "moduleTimeout" {
			h.Answer(p, map[string]any{"action": "cancel"})
			h.Await(answer)
			late = true
		}
		require.True(t, late && c.fault == "hang" && time.Now().Before(end), "%s: a login without a fault: %s %+v", c, p.Reason, m)
	}
}

// suffer logs in with that fault; outcome is ok, an error's code, or the state and reason of what the person sees.
func (l *lane) suffer(t *testing.T, h *hosttest.Host, the *deck.Card, c cell) (outcome string, took time.Duration) {
	t.Helper()
	var answer <-chan hosttest.Message
	var p hosttest.Prompt
	var m *hosttest.Message
	begun := time.Now()
	if c.phase == login || c.phase == sign {
		l.set(t)
		p, answer = window(t, h, c)
		begun = time.Now()
		l.set(t, c.rules()...)
	} else {
		l.set(t, c.rules()...)
		_, answer = h.Login(nil)
		p, m = h.Next(answer)
	}
	if m == nil && p.State == "pin" {
		h.PIN(p, the.PIN)
		p, m = h.Next(answer)
	}
	took = time.Since(begun)
	if m == nil {
		h.Answer(p, map[string]any{"action": "cancel"})
		end := h.Await(answer)
		require.NotNil(t, end.Error)
		return strings.TrimSpace(fmt.Sprintf("%s %s%s", p.State, p.Reason, p.Notice)), took
	}
	if m.Error != nil {
		return m.Error.Data.Code, took
	}
	return "ok", took
}
