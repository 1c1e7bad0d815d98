package token

import (
	"sync"
	"time"
)

// lastWill is what a signer does when its parent is gone: nobody else will have its card reset.
type lastWill struct {
	mu      sync.Mutex
	readers []string
}

// willPatience is how long that may take: a card that is just signing lets nobody else connect.
const willPatience = 5 * time.Second

func (l *lastWill) reset(readers []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.readers = readers
}

func (l *lastWill) do() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, reader := range l.readers {
		_ = resetWithin(willPatience, reader) // there is nobody left to tell
	}
}
