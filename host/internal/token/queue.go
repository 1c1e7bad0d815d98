package token

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Place is a place in the queue of one reader. Whoever came first is first, also between browsers that have no agent in common:
// places are numbered files in the user's own folder, each locked by its process for as long as it lives. The kernel's queues
// give no order that one can rely on.
type Place struct {
	dir, queue string
	number     int
	unlock     func()
}

// doorPatience is how long others may take to draw their numbers.
const doorPatience = 5 * time.Second

// Queue takes the last place in the queue of the certificate's reader. Leave must be called.
func (s *Service) Queue(c Certificate) (*Place, error) {
	name := c.Reader
	if !c.inPCSC {
		name = c.module.Path + "\x00" + c.serial
	}
	sum := sha256.Sum256([]byte(name))
	p := &Place{dir: filepath.Clean(s.cfg.LockDir), queue: "reader-" + hex.EncodeToString(sum[:8])}
	// numbers are drawn one at a time, so that a number is locked before anybody can draw the next one
	door, err := tryLock(p.dir, p.queue)
	for end := time.Now().Add(doorPatience); errors.Is(err, ErrBusy) && time.Now().Before(end); door, err = tryLock(p.dir, p.queue) {
		time.Sleep(time.Millisecond)
	}
	if err != nil {
		return nil, err
	}
	defer door()
	before, err := p.numbers()
	if err != nil {
		return nil, err
	}
	p.number = 1
	if len(before) > 0 {
		p.number = before[len(before)-1] + 1
	}
	p.unlock, err = tryLock(p.dir, p.file(p.number))
	return p, err
}

// First tells whether everybody who came before has left. Places of processes that died are removed.
func (p *Place) First() (bool, error) {
	numbers, err := p.numbers()
	if err != nil {
		return false, err
	}
	for _, n := range numbers {
		if n >= p.number {
			break
		}
		unlock, err := tryLock(p.dir, p.file(n))
		if errors.Is(err, ErrBusy) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		p.remove(n, unlock)
	}
	return true, nil
}

// Leave gives the place up.
func (p *Place) Leave() { p.remove(p.number, p.unlock) }

// remove unlocks first: Windows removes no open file. Nobody can draw n again in between, since the file still stands.
func (p *Place) remove(n int, unlock func()) {
	unlock()
	_ = os.Remove(filepath.Join(p.dir, p.file(n)+lockSuffix))
}

func (p *Place) file(n int) string { return p.queue + "-" + strconv.Itoa(n) }

// numbers lists the places, in order.
func (p *Place) numbers() ([]int, error) {
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return nil, fmt.Errorf("token: the folder for reader locks: %w", err)
	}
	var list []int
	for _, e := range entries {
		name, ok := strings.CutPrefix(e.Name(), p.queue+"-")
		if n, err := strconv.Atoi(strings.TrimSuffix(name, lockSuffix)); ok && err == nil && n > 0 {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return list, nil
}

// lockSuffix ends the names of lock files.
const lockSuffix = ".lock"
