package token

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAStormIsSlowedDown(t *testing.T) {
	var s storm
	now := time.Now()
	for range stormAnswers {
		require.False(t, s.blows(now), "a card that is put in is no storm")
	}
	require.True(t, s.blows(now))
	require.False(t, s.blows(now.Add(stormTime)), "after a rest")
}
