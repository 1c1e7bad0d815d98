package token

import (
	"errors"
	"path/filepath"
	"time"
)

// cardsLock keeps scans and resets apart, also those of other browsers: OpenSC 0.23 can hang for ever when a card is reset
// below it. It is a courtesy of ours, not a safety: whoever cannot get it in time goes on without.
const cardsLock = "cards"

// How long to wait for it. A reset must not wait for a module that hangs; a scan is worth little after a wait.
const (
	quietForReset = 700 * time.Millisecond
	quietForScan  = 2 * time.Second
)

// quiet waits until no scan is under way, keeps new ones waiting.
func (s *Service) quiet() (release func()) {
	return s.cardsLocked(quietForReset, tryLock)
}

// busy tells others that a scan is under way.
func (s *Service) busy() (release func()) {
	return s.cardsLocked(quietForScan, tryShare)
}

func (s *Service) cardsLocked(limit time.Duration, try func(dir, name string) (func(), error)) (release func()) {
	dir := filepath.Clean(s.cfg.LockDir)
	for end := time.Now().Add(limit); ; time.Sleep(2 * time.Millisecond) {
		release, err := try(dir, cardsLock)
		if err == nil {
			return release
		}
		if !errors.Is(err, ErrBusy) || time.Now().After(end) {
			return func() {}
		}
	}
}
