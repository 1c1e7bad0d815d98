// Package logs opens the host's log.
package logs

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"
)

// What holds where IT's policy says nothing.
const (
	DefaultLevel = "info"
	// DefaultMegabytes is the size of a log, and of the older one beside it: a page may ask as often as it likes, and must not
	// fill the disk.
	DefaultMegabytes = 5
)

// Options are how much is logged where. Zero values: the defaults.
type Options struct {
	Level        string // error, warn, info, debug
	Folder       string // Open: where host.log lies; OpenService: where service.log lies, "": in no file (Windows: ProgramData)
	MaxMegabytes int
}

// Open gives a logger of JSON lines into host.log, made if it is not there, readable by its owner alone. Where that cannot be
// done, lines go to fallback: a missing log must not keep a person from logging in. Nothing secret or personal is logged: origins,
// operation ids, codes, thumbprints of certificates.
func Open(o Options, fallback io.Writer) (zerolog.Logger, func()) {
	f := newFile(o, "host.log", fallback)
	err := f.begin()
	log := o.logger(f)
	if err != nil {
		log.Warn().Err(err).Msg("no log file")
	}
	return log, f.end
}

// AtLevel is a logger at the policy's level: an agent outlives the policy that it began with.
func AtLevel(log zerolog.Logger, name string) zerolog.Logger { return log.Level(levelOf(name)) }

func levelOf(name string) zerolog.Level {
	level, err := zerolog.ParseLevel(cmp.Or(name, DefaultLevel))
	if err != nil {
		return zerolog.InfoLevel // policy has refused it before
	}
	return level
}

// logger is that of a process: the level is the policy's, the audit lines are above it (see session).
func (o Options) logger(w io.Writer) zerolog.Logger {
	return zerolog.New(w).Level(levelOf(o.Level)).With().Timestamp().Int("pid", os.Getpid()).Logger()
}

func init() {
	zerolog.TimeFieldFormat = time.RFC3339Nano
	zerolog.DurationFieldUnit = time.Millisecond
	// what could not be written was tried in two places: a third one would be a page's way to fill the browser's own log
	zerolog.ErrorHandler = func(error) {}
}

var errNoFolder = fmt.Errorf("logs: no folder for the log: set the home folder")
