// Package verdicts compares our verifiers of signatures with libcrypto, case by case.
package verdicts

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/cryptotest"

	"github.com/stretchr/testify/require"
)

var seed = flag.Uint64("seed", 20261128, "of keys, nonces, salts, mutations")

// question is a case in the oracle's words. message is the digest, or a CMS signature's content (nil: inside).
type question struct {
	scheme, hash            string
	key, message, signature []byte
}

func word(b []byte) string {
	if len(b) == 0 {
		return "-"
	}
	return hex.EncodeToString(b)
}

func (q question) line() string {
	return fmt.Sprintln(q.scheme, q.hash, word(q.key), word(q.message), word(q.signature))
}

// verdict is what our verifier said, with the question for the other one.
type verdict struct {
	name   string
	ours   error
	ask    question
	reason string // that ours may refuse what libcrypto accepts; "": none
}

// judge collects cases of one test, compares all at its end.
type judge struct {
	*testing.T
	*rand.Rand
	reasons map[string]string // why ours may be stricter
	cases   []verdict
	holders int64    // so far: each has a number of its own
	others  []holder // whose certificates may come along, too
}

// newJudge makes everything random of this test the seed's.
func newJudge(t *testing.T, reasons map[string]string) *judge {
	t.Helper()
	t.Logf("seed %d (-args -seed n for another)", *seed)
	cryptotest.SetGlobalRandom(t, *seed)
	return &judge{T: t, Rand: rand.New(rand.NewPCG(*seed, 0)), reasons: reasons}
}

func (j *judge) add(name string, ours error, ask question, reason string) {
	j.cases = append(j.cases, verdict{name, ours, ask, reason})
}

// flipped gives the bytes with one random bit changed.
func (j *judge) flipped(b []byte) []byte {
	changed := bytes.Clone(b)
	changed[j.IntN(len(b))] ^= 1 << j.IntN(8)
	return changed
}

func (j *judge) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(j.Uint32())
	}
	return b
}

var oracle = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "oracle")
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "oracle")
	out, err := exec.Command("gcc", "-O1", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-o", program, "oracle/oracle.c", "-lcrypto").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w (apt-get install gcc libssl-dev): %s", err, out)
	}
	return program, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if program, err := oracle(); err == nil {
		_ = os.RemoveAll(filepath.Dir(program))
	}
	os.Exit(code)
}

// askOracle gives libcrypto's word on each question: one process for all.
func askOracle(t *testing.T, cases []verdict) []bool {
	t.Helper()
	program, err := oracle()
	require.NoError(t, err)
	var lines strings.Builder
	for _, c := range cases {
		lines.WriteString(c.ask.line())
	}
	cmd := exec.Command(program)
	cmd.Stdin = strings.NewReader(lines.String())
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	require.NoError(t, err, problems.String())
	var good []bool
	for words := bufio.NewScanner(bytes.NewReader(out)); words.Scan(); {
		require.Contains(t, []string{"good", "bad"}, words.Text())
		good = append(good, words.Text() == "good")
	}
	require.Len(t, good, len(cases))
	return good
}

// compare fails on each case where both differ without a stated reason to be stricter, on a reason that nothing needed, on too
// few cases, on too few that were accepted.
func (j *judge) compare(least int) []bool {
	j.Helper()
	accepted, refused, stricter := 0, 0, map[string]int{}
	theirs := askOracle(j.T, j.cases)
	for i, good := range theirs {
		c := j.cases[i]
		switch {
		case good == (c.ours == nil) && good:
			accepted++
		case good == (c.ours == nil):
			refused++
		case !good:
			j.Errorf("%s: ours accepts what libcrypto refuses: %s", c.name, c.ask.line())
		case c.reason == "":
			j.Errorf("%s: ours refuses what libcrypto accepts: %v: %s", c.name, c.ours, c.ask.line())
		default:
			stricter[c.reason]++
		}
	}
	j.Logf("%d cases: both accept %d, both refuse %d", len(j.cases), accepted, refused)
	for _, reason := range slices.Sorted(maps.Keys(j.reasons)) {
		j.Logf("stricter %d times: %s: %s", stricter[reason], reason, j.reasons[reason])
		require.Positive(j, stricter[reason], "nothing needs this reason: %s", reason)
		delete(stricter, reason)
	}
	require.Empty(j, stricter, "reasons that the table does not state")
	require.GreaterOrEqual(j, len(j.cases), least)
	require.Greater(j, accepted, len(j.cases)/60)
	require.Greater(j, refused, len(j.cases)/4)
	return theirs
}
