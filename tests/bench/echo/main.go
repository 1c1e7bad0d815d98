// Command echo is a native messaging host that answers each message with itself: what the Go runtime alone costs.
package main

import (
	"encoding/binary"
	"io"
	"os"
)

func main() {
	for {
		b := make([]byte, 4)
		if _, err := io.ReadFull(os.Stdin, b); err != nil {
			return
		}
		b = append(b, make([]byte, min(binary.NativeEndian.Uint32(b), 1<<20))...)
		if _, err := io.ReadFull(os.Stdin, b[4:]); err != nil {
			return
		}
		if _, err := os.Stdout.Write(b); err != nil {
			return
		}
	}
}
