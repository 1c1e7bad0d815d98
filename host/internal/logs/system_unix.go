//go:build unix

package logs

import (
	"io"

	"github.com/coreos/go-systemd/v22/journal"
	"github.com/rs/zerolog/journald"
)

// systemLog is journald where systemd has connected our standard error with it: then PRIORITY and each field are its own, and
// "journalctl CODE=pinLocked" finds what "grep" would. Elsewhere whoever started the service reads its standard error; on macOS
// launchd puts that into the file that its plist names.
func systemLog(stderr io.Writer) (io.Writer, func()) {
	if is, err := journal.StderrIsJournalStream(); err != nil || !is {
		return stderr, func() {}
	}
	return either{journald.NewJournalDWriter(), stderr}, func() {}
}

// serviceFolder: the system's log keeps what there is.
func serviceFolder() string { return "" }

// either writes to the second what the first does not take.
type either struct{ first, second io.Writer }

// Write implements io.Writer.
func (e either) Write(line []byte) (int, error) {
	if n, err := e.first.Write(line); err == nil {
		return n, nil
	}
	return e.second.Write(line)
}
