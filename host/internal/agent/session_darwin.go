package agent

import (
	"context"
	"os"
	"strconv"
	"syscall"
)

// Admit wants the person at the console: macOS gives /dev/console to the one whose desktop is shown.
func Admit(_ context.Context, peer Peer) error {
	info, err := os.Stat("/dev/console")
	if err != nil {
		return err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || strconv.FormatUint(uint64(stat.Uid), 10) != peer.User {
		return ErrNotActive
	}
	return nil
}
