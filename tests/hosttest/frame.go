package hosttest

import (
	"encoding/binary"
	"fmt"
	"io"
)

// ReadFrame reads one frame.
func ReadFrame(r io.Reader) ([]byte, error) {
	var n uint32
	if err := binary.Read(r, binary.NativeEndian, &n); err != nil {
		return nil, err
	}
	if n > 1<<20 {
		return nil, fmt.Errorf("a frame of %d bytes", n)
	}
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return b, err
}

// Frame is raw bytes as one frame.
func Frame(b []byte) []byte {
	return append(binary.NativeEndian.AppendUint32(nil, uint32(len(b))), b...)
}
