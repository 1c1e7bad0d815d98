//go:build unix

package logs

import (
	"bytes"
	"errors"
	"testing"

	"github.com/coreos/go-systemd/v22/journal"
	"github.com/rs/zerolog"
	"github.com/rs/zerolog/journald"
	"github.com/stretchr/testify/require"
)

// What journald is handed: fields of its own, its priorities. A journal that is gone is no reason to lose a line.
func TestTheJournal(t *testing.T) {
	type entry struct {
		message  string
		priority journal.Priority
		fields   map[string]string
	}
	var entries []entry
	gone := error(nil)
	journald.SendFunc = func(message string, priority journal.Priority, fields map[string]string) error {
		entries = append(entries, entry{message, priority, fields})
		return gone
	}
	t.Cleanup(func() { journald.SendFunc = nil })
	var stderr bytes.Buffer
	log := Options{}.logger(either{journald.NewJournalDWriter(), &stderr})
	log.Warn().Str("code", "cardBusy").Msg("one")
	log.Info().Bool("audit", true).Str("thumbprint", "ab").Msg("audit")
	require.Len(t, entries, 2)
	require.Equal(t, []any{"one", journal.PriWarning, "cardBusy"}, []any{entries[0].message, entries[0].priority, entries[0].fields["CODE"]})
	require.Equal(t, []any{journal.PriInfo, "true", "ab"}, []any{entries[1].priority, entries[1].fields["AUDIT"], entries[1].fields["THUMBPRINT"]})
	require.Empty(t, stderr.String())
	gone = errors.New("no journal")
	log.Error().Msg("two")
	require.Contains(t, stderr.String(), "two")
}

func TestNoJournalWithoutSystemd(t *testing.T) {
	t.Setenv("JOURNAL_STREAM", "1:2") // inherited from a service, our standard error is another
	var stderr bytes.Buffer
	w, done := systemLog(&stderr)
	defer done()
	log := zerolog.New(w)
	log.Info().Msg("here")
	require.Contains(t, stderr.String(), "here")
}
