// Package frame turns a byte stream into native-messaging messages.
//
// A frame is a 4-byte length in the machine's byte order, then that many bytes (Chrome, "Native messaging protocol").
// What the bytes mean is not known here.
package frame

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Max is the most bytes that one message may have in either direction: Chrome's own limit from host to browser.
const Max = 1 << 20

// SizeError says that a frame announced a length outside 1..Max. The stream cannot be read any further, since the end of
// that frame is not known.
type SizeError struct{ Size uint64 }

func (e *SizeError) Error() string {
	return fmt.Sprintf("frame: a message of %d bytes; 1 to %d are allowed", e.Size, Max)
}

// ErrCut says that the stream ended inside a frame.
var ErrCut = errors.New("frame: the stream ended inside a message")

// Reader reads frames. It is not safe for concurrent use.
type Reader struct{ r io.Reader }

// NewReader reads frames from r.
func NewReader(r io.Reader) *Reader { return &Reader{r} }

// Read gives the next message in a buffer of its own, which the caller may overwrite.
// The end of the stream between two frames is io.EOF; inside one it is ErrCut; a length outside 1..Max is a *SizeError.
func (f *Reader) Read() ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(f.r, head[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, ErrCut
		}
		return nil, err
	}
	n := binary.NativeEndian.Uint32(head[:])
	if n == 0 || n > Max {
		return nil, &SizeError{uint64(n)}
	}
	return readBody(f.r, int(n))
}

// readBody grows with what really arrives: a length alone must not make us allocate. Outgrown buffers are wiped, since a
// message may hold a PIN.
func readBody(r io.Reader, n int) ([]byte, error) {
	buf := make([]byte, min(n, 4096))
	for have := 0; ; {
		m, err := io.ReadFull(r, buf[have:])
		have += m
		if err != nil {
			clear(buf)
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return nil, ErrCut
			}
			return nil, err
		}
		if have == n {
			return buf, nil
		}
		next := make([]byte, min(n, 4*len(buf)))
		copy(next, buf)
		clear(buf)
		buf = next
	}
}

// Writer writes frames. It is safe for concurrent use.
type Writer struct {
	mu sync.Mutex
	w  io.Writer
}

// NewWriter writes frames to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write sends one message. A message outside 1..Max bytes is a *SizeError, with nothing sent.
// Head and body go out in one write, so that a reader never sees a length without its message.
func (f *Writer) Write(msg []byte) error {
	if len(msg) == 0 || len(msg) > Max {
		return &SizeError{uint64(len(msg))}
	}
	buf := make([]byte, 4, 4+len(msg))
	binary.NativeEndian.PutUint32(buf, uint32(len(msg)))
	buf = append(buf, msg...)
	defer clear(buf)
	f.mu.Lock()
	defer f.mu.Unlock()
	_, err := f.w.Write(buf)
	return err
}
