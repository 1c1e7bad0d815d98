package vpcd_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/piv"
	"github.com/cardbridge/cardbridge/testcard/vpcd"
)

// echo is a card that answers each command with itself and counts its resets; FF makes it lose its power.
type echo struct {
	mu     sync.Mutex
	resets int
}

func (e *echo) ATR() []byte { return []byte{0x3B, 0x00} }
func (e *echo) Reset()      { e.mu.Lock(); e.resets++; e.mu.Unlock() }
func (e *echo) Transmit(b []byte) []byte {
	if len(b) > 0 && b[0] == 0xFF {
		return nil
	}
	return append([]byte{}, b...)
}

func (e *echo) count() int { e.mu.Lock(); defer e.mu.Unlock(); return e.resets }

func message(b []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)
}

func read(t *testing.T, r io.Reader) []byte {
	t.Helper()
	var h [2]byte
	_, err := io.ReadFull(r, h[:])
	require.NoError(t, err)
	b := make([]byte, binary.BigEndian.Uint16(h[:]))
	_, err = io.ReadFull(r, b)
	require.NoError(t, err)
	return b
}

func TestServe(t *testing.T) {
	here, there := net.Pipe()
	card := &echo{}
	ended := make(chan error, 1)
	go func() { ended <- vpcd.Serve(there, card) }()
	write := func(b []byte) {
		// One byte at a time: a message may come in any pieces.
		for i := range b {
			_, err := here.Write(b[i : i+1])
			require.NoError(t, err)
		}
	}
	write(message([]byte{4}))
	assert.Equal(t, []byte{0x3B, 0x00}, read(t, here))
	write(message([]byte{0}))
	write(message([]byte{1}))
	write(message([]byte{2}))
	write(message([]byte{9})) // not a control that we know: no answer
	write(message([]byte{1, 2, 3}))
	assert.Equal(t, []byte{1, 2, 3}, read(t, here))
	assert.Equal(t, 3, card.count())
	write(message([]byte{0xFF, 0}))
	require.ErrorIs(t, <-ended, vpcd.ErrNoPower)

	here, there = net.Pipe()
	go func() { ended <- vpcd.Serve(there, card) }()
	_, err := here.Write([]byte{0, 5, 1})
	require.NoError(t, err)
	require.NoError(t, here.Close())
	require.ErrorIs(t, <-ended, io.ErrUnexpectedEOF)
}

func TestReader(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	r := vpcd.NewReader(l.Addr().String(), "")
	card := &echo{}
	require.NoError(t, r.Insert(card))
	require.ErrorIs(t, r.Insert(card), vpcd.ErrOccupied)
	assert.Same(t, card, r.Card())
	first, err := l.Accept()
	require.NoError(t, err)
	_, err = first.Write(message([]byte{1, 2}))
	require.NoError(t, err)
	assert.Equal(t, []byte{1, 2}, read(t, first))

	before := card.count()
	r.Remove()
	r.Remove()
	assert.Nil(t, r.Card())
	assert.Equal(t, before+1, card.count(), "a pulled card has no power")
	_, err = first.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)

	require.NoError(t, r.Insert(card))
	second, err := l.Accept()
	require.NoError(t, err)
	require.NoError(t, second.Close()) // the daemon goes: the reader notices by itself
	require.Eventually(t, func() bool { return r.Card() == nil }, 10*time.Second, time.Millisecond)

	require.NoError(t, l.Close())
	require.ErrorContains(t, r.Insert(card), "see that its daemon runs")
	require.Error(t, vpcd.NewReader("127.0.0.1:1", "/does/not/exist").Insert(card))
}

// stream reads what was given and throws away what is written.
type stream struct {
	net.Conn
	in  io.Reader
	out bytes.Buffer
}

func (s *stream) Read(b []byte) (int, error)  { return s.in.Read(b) }
func (s *stream) Write(b []byte) (int, error) { return s.out.Write(b) }

// FuzzServe: any bytes from the reader end with an error and a stream of whole messages.
func FuzzServe(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0})
	f.Add([]byte{0, 0})
	f.Add(message([]byte{4}))
	f.Add(append(message([]byte{2}), message([]byte{0, 0xA4, 4, 0, 5, 0xA0, 0, 0, 3, 8, 0})...))
	f.Add([]byte{0xFF, 0xFF, 1, 2, 3})
	f.Add(append(message([]byte{0, 0x20, 0, 0x80}), message([]byte{0, 0xCB, 0x3F, 0xFF, 5, 0x5C, 3, 0x5F, 0xC1, 2, 0})...))
	f.Fuzz(func(t *testing.T, in []byte) {
		s := &stream{in: bytes.NewReader(in)}
		if err := vpcd.Serve(s, piv.New(piv.Config{PIN: "123456", PUK: "12345678"})); err == nil {
			t.Fatal("Serve ended without an error")
		}
		for out := s.out.Bytes(); len(out) > 0; {
			if len(out) < 2 || len(out)-2 < int(binary.BigEndian.Uint16(out)) {
				t.Fatalf("half a message at the end: %X", out)
			}
			out = out[2+int(binary.BigEndian.Uint16(out)):]
		}
	})
}
