package sequences

import (
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/deck"
)

// card is a card with what the model says of it. Tries and verifications are sets: a PIN whose outcome nobody saw may or may
// not have met the card.
type card struct {
	*deck.Card
	given    int          // PINs that the person gave while this card's name stood in the window
	tries    map[int]bool // what the card may count
	verifies map[int]bool // VERIFY commands with a PIN that it may have seen
}

// renew makes it a new card of which that many tries are left.
func (c *card) renew(tries int) {
	c.Renew()
	c.SetTries(tries)
	c.given, c.tries, c.verifies = 0, map[int]bool{tries: true}, map[int]bool{0: true}
}

// spend is a PIN on its way to the card; sure: it arrives.
func (c *card) spend(right, sure bool) {
	c.given++
	tries, verifies := map[int]bool{}, map[int]bool{}
	for n := range c.tries {
		after := 3
		if !right {
			after = max(n-1, 0)
		}
		tries[after] = true
		if !sure {
			tries[n] = true
		}
	}
	for n := range c.verifies {
		verifies[n+1] = true
		if !sure {
			verifies[n] = true
		}
	}
	c.tries, c.verifies = tries, verifies
}

// check asks the card, then takes its word for what could not be known.
func (d *desk) check() {
	for _, c := range d.cards {
		s := c.State()
		require.LessOrEqual(d, s.Verifies, c.given, "%s: a try that nobody spent\n%s", c.Name, d.story())
		require.True(d, c.verifies[s.Verifies], "%s saw %d PINs, predicted %v\n%s", c.Name, s.Verifies, c.verifies, d.story())
		require.True(d, c.tries[s.PINTries], "%s has %d tries, predicted %v\n%s", c.Name, s.PINTries, c.tries, d.story())
		c.tries, c.verifies = map[int]bool{s.PINTries: true}, map[int]bool{s.Verifies: true}
	}
}
