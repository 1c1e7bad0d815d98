package token

import (
	"errors"
	"fmt"
	"time"
)

// reset has the card in that reader forget its security state, within the deadline. While it does, no scan reads a card: some
// modules do not survive a reset in between.
func (s *Service) reset(reader string) error {
	defer s.quiet()()
	return resetWithin(s.cfg.Deadlines.Reset, reader)
}

// resetWithin connects and disconnects with a reset: no APDU. A reader without a card, or a daemon that ended, which powers cards
// down, has nothing to reset. The daemon may need a moment to see that a signer is dead, hence the retries. A daemon that hangs,
// or a card that somebody keeps busy, holds a call for ever: then it goes on by itself, and resets the card when it can.
func resetWithin(limit time.Duration, reader string) error {
	cards, err := loadPCSC()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotReset, err)
	}
	deadline := time.After(limit)
	for {
		once := make(chan error, 1)
		go func() { once <- resetOnce(cards, reader) }()
		select {
		case err = <-once:
		case <-deadline:
			return fmt.Errorf("%w: PC/SC does not answer", ErrNotReset)
		}
		if err == nil || nothingToReset(err) {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-deadline:
			return fmt.Errorf("%w: %w", ErrNotReset, err)
		}
	}
}

// nothingToReset: no power, no security state.
func nothingToReset(err error) bool {
	var code pcscError
	if !errors.As(err, &code) {
		return false
	}
	switch code {
	case scardNoService, scardServiceStopped, scardNoSmartCard, scardRemoved, scardUnpowered, scardUnresponsive, scardUnknownReader, scardReaderGone, scardNoReaders:
		return true
	}
	return false
}

// resets are the readers that must be reset after that certificate's key was used. A module that calls readers by names of its
// own leaves open which card it was: then all of them, though another window may have to begin again.
func (v View) resets(cert Certificate) (readers []string) {
	switch {
	case cert.inPCSC:
		return []string{cert.Reader}
	case cert.module.Soft:
		return nil
	}
	for _, r := range v.Readers {
		if r.State == ReaderPresent {
			readers = append(readers, r.Name)
		}
	}
	return readers
}

func resetOnce(cards smartCards, reader string) error {
	sc, err := cards.establish()
	if err != nil {
		return err
	}
	defer sc.release()
	return sc.reset(reader)
}
