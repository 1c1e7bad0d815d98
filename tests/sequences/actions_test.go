package sequences

import (
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/tests/hosttest"
)

const wrongPIN = "Wr0ng#xq"

// action is one thing that happens; can tells whether it may happen now.
type action struct {
	name   string
	weight int
	can    func(*desk) bool
	do     func(*desk)
}

func at(states ...string) func(*desk) bool {
	return func(d *desk) bool { return d.login != nil && slices.Contains(states, d.login.prompt.State) }
}

func both(a, b func(*desk) bool) func(*desk) bool { return func(d *desk) bool { return a(d) && b(d) } }

func idle(d *desk) bool    { return d.login == nil }
func open(d *desk) bool    { return d.login != nil }
func running(d *desk) bool { return !d.down }
func empty(d *desk) bool   { return !d.down && d.in == nil }
func holding(d *desk) bool { return d.in != nil }
func always(*desk) bool    { return true }

func actions() []action {
	return []action{
		{"log in", 12, idle, func(d *desk) { d.begin(); d.settle() }},
		{"log in, a child dies", 2, both(idle, holding), killAChildThatReads},
		{"insert", 14, empty, insert},
		{"pull", 1, holding, pull},
		{"swap", 2, holding, swap},
		{"out and in within a poll", 1, holding, outAndIn},
		{"right PIN", 8, at("pin"), func(d *desk) { d.pin(true, nil) }},
		{"wrong PIN", 12, at("pin"), func(d *desk) { d.pin(false, nil) }},
		{"PIN too short", 2, at("pin"), tooShort},
		{"PIN, pulled meanwhile", 2, at("pin"), func(d *desk) { d.pin(d.coin(), func() { d.removed(); require.NoError(d, d.rig.Remove(0)) }) }},
		{"PIN, a child dies meanwhile", 2, at("pin"), func(d *desk) { d.pin(d.coin(), func() { d.killAChild(); d.weaken() }) }},
		{"PIN, cancelled meanwhile", 2, at("pin"), func(d *desk) { d.pin(d.coin(), d.cancel) }},
		{"PIN, daemon dies meanwhile", 1, at("pin"), func(d *desk) { d.pin(d.coin(), d.daemonGoes) }},
		{"PIN, host dies meanwhile", 1, at("pin"), func(d *desk) { d.pin(d.coin(), d.killHost) }},
		{"confirm the last try", 12, at("lastTry"), confirm},
		{"close at locked", 6, at("locked"), func(d *desk) { d.endsBy("close", "pinLocked") }},
		{"cancel in the window", 1, at("wait", "pin", "lastTry"), func(d *desk) { d.endsBy("cancel", "userCancelled") }},
		{"cancel from the page", 1, open, func(d *desk) { d.cancel(); d.login.want = "cancelled"; d.settle() }},
		{"close the tab", 1, open, closeTab},
		{"kill the host", 1, always, func(d *desk) { d.killHost() }},
		{"kill the signer", 1, at("pin", "lastTry"), func(d *desk) { d.killAChild(); d.weaken() }},
		{"daemon down", 1, running, func(d *desk) { d.daemonGoes(); d.settle() }},
		{"daemon up", 8, func(d *desk) bool { return d.down }, daemonUp},
	}
}

func (d *desk) coin() bool { return d.rand.IntN(2) == 0 }

// pin gives a PIN to the window, with something happening soon after if disturb is not nil.
func (d *desk) pin(right bool, disturb func()) {
	p := d.newest()
	if p.State != "pin" {
		return // replaced since: there is no field to type into
	}
	c, pin := d.named(p), wrongPIN
	if right {
		pin = c.PIN
	}
	sure := disturb == nil && !d.unseen && !d.login.weak
	d.say("  right %v sure %v", right, sure)
	c.spend(right, sure)
	d.done.pin()
	d.login.disturbed, d.login.confirmed = !sure, false
	d.host.PIN(p, pin)
	if disturb != nil {
		time.Sleep(time.Duration(d.rand.IntN(80)) * time.Millisecond) // anywhere between the answer and the signature
		disturb()
	}
	d.settle()
	require.False(d, right && sure && d.login != nil, "the right PIN did not end it\n%s", d.story())
}

func tooShort(d *desk) {
	d.login.disturbed = d.unseen
	d.host.PIN(d.newest(), "1")
	d.settle()
}

func confirm(d *desk) {
	d.login.confirmed, d.login.disturbed = true, d.unseen
	d.host.Answer(d.newest(), map[string]any{"action": "confirm"})
	d.settle()
}

// endsBy answers the window so that the login ends with that code, unless the window has been replaced meanwhile.
func (d *desk) endsBy(answer, code string) {
	d.login.disturbed = d.unseen
	if !d.unseen {
		d.login.want = code
	}
	d.host.Answer(d.newest(), map[string]any{"action": answer})
	d.settle()
}

func (d *desk) cancel() {
	d.login.cancelled = true
	d.host.Notify("cancel", map[string]any{"id": d.login.id})
}

// removed: whatever went unseen before, from here on the daemon and the model agree.
func (d *desk) removed() {
	d.in, d.unseen = nil, false
	if d.login != nil {
		d.login.weak, d.login.confirmed = false, false
	}
}

func insert(d *desk) {
	d.removed()
	d.in = d.cards[d.rand.IntN(2)]
	require.NoError(d, d.rig.Insert(0, d.in.Card.Card))
	d.settle()
}

func pull(d *desk) {
	blind := d.unseen && d.login != nil
	d.removed()
	require.NoError(d, d.rig.Remove(0))
	if blind && d.fits(d.newest()) {
		return // the daemon showed an empty reader already: nothing changes, so nothing more is asked
	}
	d.settle()
}

func swap(d *desk) {
	other := d.cards[0]
	if d.in == other {
		other = d.cards[1]
	}
	d.removed()
	d.in = other
	require.NoError(d, d.rig.Swap(0, other.Card.Card))
	d.settle()
}

func outAndIn(d *desk) {
	require.NoError(d, d.rig.Pull(0))
	require.NoError(d, d.rig.Put(0, d.in.Card.Card))
	// Not until the daemon shows the card: it may have become blind, or have seen nothing at all.
	require.Eventually(d, func() bool { return d.reader().Events%2 == 1 }, hosttest.Patience, 5*time.Millisecond, d.story())
	d.unseen = true
}

func killAChildThatReads(d *desk) {
	d.begin()
	d.login.disturbed, d.login.killed = true, true
	time.Sleep(time.Duration(d.rand.IntN(60)) * time.Millisecond) // anywhere between the request and the prompt
	d.killAChild()
	d.settle()
	d.weaken()
}

func (d *desk) killAChild() {
	all := children(d.host.Cmd.Process.Pid)
	if len(all) == 0 {
		return
	}
	pid, err := strconv.Atoi(all[d.rand.IntN(len(all))])
	require.NoError(d, err)
	child, err := os.FindProcess(pid)
	require.NoError(d, err)
	_ = child.Kill() // it may have ended meanwhile
}

// weaken: the signer may be dead while its window still asks.
func (d *desk) weaken() {
	if d.login != nil {
		d.login.weak = true
	}
}

func (d *desk) killHost() {
	d.login = nil
	require.NoError(d, d.host.Cmd.Process.Kill())
	d.host.Wait() // its children end by themselves
	d.startHost()
}

// closeTab is what the extension does for a page that is gone: cancel; the browser closes the port of the last one.
func closeTab(d *desk) {
	d.cancel()
	d.login = nil
	d.host.Close()
	require.Zero(d, d.host.Cmd.ProcessState.ExitCode(), d.story())
	for _, c := range d.cards {
		require.False(d, c.State().Verified, "%s stays verified\n%s", c.Name, d.story())
	}
	d.startHost()
}

func (d *desk) daemonGoes() {
	d.removed()
	d.down = true
	if d.coin() {
		require.NoError(d, d.rig.Kill())
		return
	}
	require.NoError(d, d.rig.Down())
}

func daemonUp(d *desk) {
	require.NoError(d, d.rig.Up())
	d.down = false
	d.settle()
}
