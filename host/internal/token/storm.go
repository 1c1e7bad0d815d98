package token

import "time"

// storm remembers when the daemon answered last. A card that is put in makes three or four answers; more than stormAnswers in
// stormTime come of a reader that flickers, thousands in a second have been seen.
type storm [stormAnswers]time.Time

const (
	stormAnswers = 16
	stormTime    = 200 * time.Millisecond
)

// blows notes an answer, tells whether they come too fast.
func (s *storm) blows(now time.Time) bool {
	first := s[0]
	copy(s[:], s[1:])
	s[len(s)-1] = now
	return !first.IsZero() && now.Sub(first) < stormTime
}
