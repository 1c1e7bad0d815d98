// Package logs opens the host's log.
package logs

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"
)

// Limits of the file: when it is larger at the start of a session it becomes host.log.1, whose predecessor goes.
const maxBytes = 5 << 20

// Open gives a logger of JSON lines into dir/host.log, made if it is not there, readable by its owner alone. Where that cannot be
// done, lines go to fallback: a missing log must not keep a person from logging in. Nothing secret or personal is logged: origins,
// operation ids, codes, thumbprints of certificates.
func Open(dir string, fallback io.Writer) (zerolog.Logger, func()) {
	f, err := open(dir)
	var w io.Writer = f
	if err != nil {
		w = fallback
	}
	log := zerolog.New(w).Level(zerolog.InfoLevel).With().Timestamp().Int("pid", os.Getpid()).Logger()
	if err != nil {
		log.Warn().Err(err).Msg("no log file")
		return log, func() {}
	}
	return log, func() { f.Close() }
}

func init() {
	zerolog.TimeFieldFormat = time.RFC3339Nano
	zerolog.DurationFieldUnit = time.Millisecond
}

func open(dir string) (*os.File, error) {
	if dir == "" {
		return nil, fmt.Errorf("logs: no folder for the log: set the home folder")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "host.log")
	if info, err := os.Stat(path); err == nil && info.Size() > maxBytes {
		_ = os.Rename(path, path+".1") // another host may have done it already
	}
	return os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
}
