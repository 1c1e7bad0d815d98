//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The floor runs by itself, on both databases; what it writes can be read.
func TestFloor(t *testing.T) {
	var out bytes.Buffer
	b := bench{out: &out, errors: &out}
	file := filepath.Join(t.TempDir(), "bench", "portal.json")
	require.NoError(t, b.parse([]string{"-processes", "", "-cards", "20", "-concurrency", "4", "-rounds", "1", "-out", file}))
	require.NoError(t, b.run(t.Context()), out.String())
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var written struct{ Rows []row }
	require.NoError(t, json.Unmarshal(data, &written))
	require.Len(t, written.Rows, 3)
	for _, r := range written.Rows {
		assert.Equal(t, 20, r.Logins)
		assert.Positive(t, *r.PerSecond)
		assert.Contains(t, out.String(), r.Name)
	}
	tx := written.Rows[2].Transactions
	require.NotNil(t, tx, "PostgreSQL counts")
	assert.GreaterOrEqual(t, *tx, float64(len(b.steps)), "each step is a transaction")
}

func TestIDNumbers(t *testing.T) {
	// By hand: A = 10, so 1×1 + 0×9, then 1×8 + 0…; 9 makes 9 ten less one.
	assert.Equal(t, "A100000001", idNumber(0))
	seen := map[string]bool{}
	for i := range 1000 {
		number := idNumber(i)
		require.Len(t, number, 10)
		require.False(t, seen[number])
		seen[number] = true
		sum := 1
		for at, weight := range []int{8, 7, 6, 5, 4, 3, 2, 1, 1} {
			sum += int(number[at+1]-'0') * weight
		}
		require.Zero(t, sum%10, number)
	}
}

func TestEach(t *testing.T) {
	times, err := each(t.Context(), 3, 100, func(int) error { return nil })
	require.NoError(t, err)
	assert.Len(t, times, 100)
	broken := errors.New("broken")
	_, err = each(t.Context(), 3, 100, func(i int) error {
		if i == 50 {
			return broken
		}
		return nil
	})
	assert.ErrorIs(t, err, broken)
}

func TestArguments(t *testing.T) {
	for _, args := range [][]string{{"-cards", "0"}, {"-databases", "oracle"}, {"-processes", "0"}, {"-processes", "x"}, {"-steps", "sleep"}, {"-logins", "-1"}} {
		b := bench{errors: &bytes.Buffer{}}
		assert.Error(t, b.parse(args), "%v", args)
	}
	assert.Error(t, (&bench{}).report(), "nothing was measured")
}
