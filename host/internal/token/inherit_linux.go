package token

import "golang.org/x/sys/unix"

// closeOnExecFrom marks all descriptors from that one on (close_range(2), Linux 5.11).
func closeOnExecFrom(first uint) error {
	return unix.CloseRange(first, ^uint(0)>>32, unix.CLOSE_RANGE_CLOEXEC)
}
