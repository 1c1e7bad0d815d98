package sequences

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/rig"
	"github.com/cardbridge/cardbridge/tests/hosttest"
)

// patience is above every deadline of the host's: only what is stuck takes longer.
const patience = 75 * time.Second

// desk is a computer with its person, who does one thing after the other.
type desk struct {
	*testing.T
	rig   *rig.Rig
	home  string
	done  *tally
	cards [2]*card

	host *hosttest.Host
	fds  int // the host's descriptors at its first rest

	number int
	rand   *rand.Rand
	trace  []string
	in     *card // in the reader
	down   bool  // the daemon
	// unseen: a card went and came within a poll, so that any prompt may yet be replaced, or none
	unseen bool
	login  *login
}

// login is an authenticate in flight.
type login struct {
	id        string
	answer    <-chan hosttest.Message
	prompt    hosttest.Prompt // the latest
	confirmed bool            // that it is the last try
	weak      bool            // its signer may be dead
	disturbed bool            // this step did what may end it with an error
	killed    bool            // this step killed a child
	cancelled bool            // from the page
	want      string          // the code that it must end with
}

func (d *desk) startHost() {
	d.host = hosttest.Start(d.T, world.binary, d.home, d.rig.Env()).Greet()
	d.fds = 0
}

func (d *desk) say(format string, args ...any) {
	d.trace = append(d.trace, time.Now().Format("05.000 ")+fmt.Sprintf(format, args...))
}

func (d *desk) story() string {
	return fmt.Sprintf("-seed %d -only %d\n  %s", *seed, d.number, strings.Join(d.trace, "\n  "))
}

// play plays one sequence, on two new cards, from an idle host with an empty reader.
func (d *desk) play(number int) {
	d.number, d.rand, d.trace = number, rand.New(rand.NewPCG(*seed, uint64(number))), nil
	d.in, d.down, d.unseen, d.login = nil, false, false, nil
	require.NoError(d, d.rig.Remove(0))
	for _, c := range d.cards {
		c.renew(1 + d.rand.IntN(3))
	}
	for range 4 + d.rand.IntN(5) {
		var can []action
		for _, a := range actions() {
			if a.can(d) {
				can = append(can, slices.Repeat([]action{a}, a.weight)...)
			}
		}
		a := can[d.rand.IntN(len(can))]
		d.say("%s", a.name)
		d.done.step(a.name)
		a.do(d)
		d.check()
	}
	d.rest()
}

// rest ends what is open, then looks for everything that a sequence must not leave.
func (d *desk) rest() {
	if d.login != nil {
		d.say("rest: cancel")
		d.cancel()
		d.login.disturbed = true
		d.ends()
	}
	if d.down {
		require.NoError(d, d.rig.Up())
	}
	d.check()
	require.Nil(d, d.host.Call("status", map[string]any{}).Error, d.story())
	pid := d.host.Cmd.Process.Pid
	require.Eventually(d, func() bool { return len(children(pid)) == 0 }, hosttest.Patience, 5*time.Millisecond, "a child was left\n%s", d.story())
	for _, c := range d.cards {
		require.Eventually(d, func() bool { return !c.State().Verified }, hosttest.Patience, 5*time.Millisecond, "%s stays verified\n%s", c.Name, d.story())
	}
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	require.NoError(d, err)
	if d.fds == 0 {
		d.fds = len(open) + spareFDs
	}
	require.LessOrEqual(d, len(open), d.fds, "descriptors leak\n%s", d.story())
}

// spareFDs is what a host may still open after its first rest, once: its connection to the daemon, the runtime's poller.
const spareFDs = 4

// children lists a process's children, zombies too.
func children(pid int) (all []string) {
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return nil // it has ended
	}
	for _, task := range tasks {
		raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, task.Name()))
		all = append(all, strings.Fields(string(raw))...)
	}
	return all
}

// begin begins a login.
func (d *desk) begin() {
	d.login = &login{}
	d.login.id, d.login.answer = d.host.Login(nil)
}

// fits tells whether a prompt is where the login comes to rest, as things are now.
func (d *desk) fits(p hosttest.Prompt) bool {
	if p.State == "locked" { // it stays until it is closed, whatever becomes of the card
		return d.named(p).State().PINTries == 0
	}
	if d.unseen && p.State == "wait" && p.Reason == "noCard" {
		return d.blind()
	}
	if d.down || d.in == nil {
		reason := "noCard"
		if d.down {
			reason = "pcscNotRunning"
		}
		return p.State == "wait" && p.Reason == reason
	}
	if p.Certificate == nil || p.Certificate.Holder != d.in.Holder {
		return false
	}
	switch tries := d.in.State().PINTries; {
	case tries == 1 && !d.login.confirmed:
		return p.State == "lastTry" && p.Tries.State == "last"
	case tries == 1:
		return p.State == "pin" && p.Tries.State == "last"
	}
	return p.State == "pin" && p.Tries.State == "atLeastTwo"
}

// blind tells that the daemon shows an empty reader until the card is pulled: it does so when somebody's reset met the moment
// in which the card was out, and its poll saw nothing.
func (d *desk) blind() bool { return !d.reader().Present }

// reader is what the daemon says of the reader.
func (d *desk) reader() rig.ReaderState {
	states, err := d.rig.State()
	require.NoError(d, err)
	return states[0]
}

// named is the card whose name stands in the window.
func (d *desk) named(p hosttest.Prompt) *card {
	i := slices.IndexFunc(d.cards[:], func(c *card) bool { return c.Holder == p.Certificate.Holder })
	return d.cards[i]
}

// settle waits until the login has ended or rests at a prompt that fits. Errors are for disturbed logins alone.
func (d *desk) settle() {
	if d.login == nil || d.login.prompt.State == "locked" && d.login.want == "" && !d.login.disturbed {
		return
	}
	defer func() {
		if d.login != nil {
			d.login.disturbed, d.login.killed = false, false
		}
	}()
	if d.login.cancelled {
		d.ends()
		return
	}
	late := time.After(patience)
	for {
		select {
		case p := <-d.host.Prompts():
			d.login.prompt = p
			d.say("  prompt %s %s %s", p.State, p.Reason, p.Notice)
			if p.State == "lastTry" {
				d.login.confirmed = false
			}
			broken := (d.login.killed || d.unseen) && (p.Reason == "moduleFailed" || p.Reason == "cardNotRecognised")
			if p.State == "wait" && (broken || p.Reason == "moduleTimeout") { // a busy machine may be slower than the deadline
				d.host.Answer(p, map[string]any{"action": "retry"})
				continue
			}
			if d.fits(p) {
				return
			}
		case m := <-d.login.answer:
			d.ended(m)
			return
		case <-late:
			require.Fail(d, "stuck", "at %+v, in %v; stderr %s\n%s", d.login.prompt, d.in, d.host.Stderr.String(), d.story())
		}
	}
}

// ends wants the login to end.
func (d *desk) ends() {
	late := time.After(patience)
	for {
		select {
		case <-d.host.Prompts():
		case m := <-d.login.answer:
			d.ended(m)
			return
		case <-late:
			require.Fail(d, "stuck", "no end; stderr %s\n%s", d.host.Stderr.String(), d.story())
		}
	}
}

// disturbances are how a login may end that somebody or something disturbed.
var disturbances = []string{"cancelled", "userCancelled", "cardRemoved", "moduleFailed", "moduleTimeout", "pinOutcomeUnknown", "pinLocked", "cardChanged"}

func (d *desk) ended(m hosttest.Message) {
	code := "a token"
	if m.Error != nil {
		code = m.Error.Data.Code
		if d.login.want != "" {
			require.Equal(d, d.login.want, code, d.story())
		}
		require.True(d, (d.login.want != "" || d.login.disturbed) && slices.Contains(disturbances, code), "ended with %s\n%s", code, d.story())
	}
	require.False(d, d.login.want != "" && m.Error == nil, "a token, not %s\n%s", d.login.want, d.story())
	d.say("  ended: %s", code)
	d.login = nil
}

// newest takes in what the host has asked meanwhile.
func (d *desk) newest() hosttest.Prompt {
	for {
		select {
		case p := <-d.host.Prompts():
			d.login.prompt = p
		default:
			return d.login.prompt
		}
	}
}
