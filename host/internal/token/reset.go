package token

import (
	"errors"
	"fmt"
	"time"
)

// reset has the card in that reader forget its security state: PC/SC connect and disconnect with reset, no APDU. A reader
// without a card, or a daemon that ended, which powers cards down, has nothing to reset. The daemon may need a moment to see that the signer is dead, hence the retries.
func (s *Service) reset(reader string) error {
	cards, err := loadPCSC()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotReset, err)
	}
	for end := time.Now().Add(s.cfg.Deadlines.Reset); ; time.Sleep(20 * time.Millisecond) {
		err := resetOnce(cards, reader)
		var code pcscError
		if err == nil {
			return nil
		}
		if errors.As(err, &code) {
			switch code {
			case scardNoService, scardServiceStopped, scardNoSmartCard, scardRemoved, scardUnpowered, scardUnresponsive, scardUnknownReader, scardReaderGone, scardNoReaders:
				return nil // no power, no security state
			}
		}
		if time.Now().After(end) {
			return fmt.Errorf("%w: %w", ErrNotReset, err)
		}
	}
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
