//go:build linux

package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/cardbridge/cardbridge/testcard/rig"
)

func (c *control) plug(q parameters) error {
	reader, err := q.number("reader")
	if err != nil {
		return err
	}
	return c.rig.Plug(reader)
}

func (c *control) unplug(q parameters) error {
	reader, err := q.number("reader")
	if err != nil {
		return err
	}
	return c.rig.Unplug(reader)
}

// noticeAnswer is /notice.
type noticeAnswer struct {
	At float64 `json:"at"` // milliseconds since 1970
}

func (c *control) notice(q parameters) (any, error) {
	do := c.insert
	if q["card"] == "" {
		do = c.remove
	}
	told, err := c.rig.Notice()
	if err != nil {
		return nil, err
	}
	if err := do(q); err != nil {
		return nil, err
	}
	at, ok := <-told
	if !ok {
		return nil, errors.New("the daemon told of no change")
	}
	return noticeAnswer{float64(at.UnixMicro()) / 1000}, nil
}

func (c *control) hold(q parameters) error {
	reader, err := q.number("reader")
	if err != nil {
		return err
	}
	mode := uint32(rig.Exclusive)
	if q["shared"] == "1" || q["shared"] == "true" {
		mode = rig.Shared
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held[reader] != nil {
		return fmt.Errorf("the card in reader %d is held already; release it first", reader)
	}
	release, err := c.rig.Hold(reader, mode)
	if err != nil {
		return err
	}
	if c.held == nil {
		c.held = map[int]func() error{}
	}
	c.held[reader] = release
	return nil
}

func (c *control) release(q parameters) error {
	reader, err := q.number("reader")
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	release := c.held[reader]
	if release == nil {
		return fmt.Errorf("the card in reader %d is not held", reader)
	}
	delete(c.held, reader)
	return release()
}

func (c *control) daemon(q parameters) error {
	up, err := strconv.ParseBool(q["up"])
	switch {
	case err != nil:
		return errors.New("say up=0 or up=1")
	case up:
		return c.rig.Up()
	case q["kill"] == "1" || q["kill"] == "true":
		return c.rig.Kill()
	}
	return c.rig.Down()
}
