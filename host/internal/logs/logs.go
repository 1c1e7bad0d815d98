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

// maxBytes is the size of host.log, and of host.log.1: a page may ask as often as it likes, and must not fill the disk.
const maxBytes = 5 << 20

// Open gives a logger of JSON lines into dir/host.log, made if it is not there, readable by its owner alone. Where that cannot be
// done, lines go to fallback: a missing log must not keep a person from logging in. Nothing secret or personal is logged: origins,
// operation ids, codes, thumbprints of certificates.
func Open(dir string, fallback io.Writer) (zerolog.Logger, func()) {
	f, err := open(dir, fallback)
	var w io.Writer = f
	if err != nil {
		w = fallback
	}
	log := zerolog.New(w).Level(zerolog.InfoLevel).With().Timestamp().Int("pid", os.Getpid()).Logger()
	if err != nil {
		log.Warn().Err(err).Msg("no log file")
		return log, func() {}
	}
	return log, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.close()
	}
}

func init() {
	zerolog.TimeFieldFormat = time.RFC3339Nano
	zerolog.DurationFieldUnit = time.Millisecond
}

func open(dir string, fallback io.Writer) (*file, error) {
	if dir == "" {
		return nil, fmt.Errorf("logs: no folder for the log: set the home folder")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f := &file{path: filepath.Join(dir, "host.log"), most: maxBytes, fallback: fallback}
	return f, f.open(0)
}
