package frame

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func head(n uint32) []byte { return binary.NativeEndian.AppendUint32(nil, n) }

func framed(msgs ...string) []byte {
	var b []byte
	for _, m := range msgs {
		b = append(append(b, head(uint32(len(m)))...), m...)
	}
	return b
}

func TestReadInEveryPortion(t *testing.T) {
	long := string(bytes.Repeat([]byte("x"), 70_000))
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"whole": func(r io.Reader) io.Reader { return r }, "one byte": iotest.OneByteReader,
		"half": iotest.HalfReader, "data with EOF": iotest.DataErrReader,
	} {
		t.Run(name, func(t *testing.T) {
			r := NewReader(wrap(bytes.NewReader(framed("{}", long, "[]"))))
			for _, want := range []string{"{}", long, "[]"} {
				got, err := r.Read()
				require.NoError(t, err)
				require.Equal(t, want, string(got))
			}
			_, err := r.Read()
			require.Equal(t, io.EOF, err)
		})
	}
}

func TestReadRefusesLengths(t *testing.T) {
	for _, n := range []uint32{0, Max + 1, 1 << 31, 0xFFFFFFFF} {
		_, err := NewReader(bytes.NewReader(append(head(n), "{}"...))).Read()
		var size *SizeError
		require.ErrorAs(t, err, &size)
		require.EqualValues(t, n, size.Size)
	}
}

func TestReadCut(t *testing.T) {
	whole := framed("{\"a\":1}")
	for n := 1; n < len(whole); n++ {
		_, err := NewReader(bytes.NewReader(whole[:n])).Read()
		require.ErrorIs(t, err, ErrCut, "cut after %d bytes", n)
	}
}

func TestReadFailure(t *testing.T) {
	broken := errors.New("broken")
	_, err := NewReader(iotest.ErrReader(broken)).Read()
	require.ErrorIs(t, err, broken)
	_, err = NewReader(io.MultiReader(bytes.NewReader(head(10)), iotest.ErrReader(broken))).Read()
	require.ErrorIs(t, err, broken)
}

// A length is only a claim: a megabyte that never comes must not cost a megabyte.
func TestLengthAloneAllocatesLittle(t *testing.T) {
	var before, after runtime.MemStats
	in := append(head(Max), "short"...)
	runtime.ReadMemStats(&before)
	for range 100 {
		_, err := NewReader(bytes.NewReader(in)).Read()
		require.ErrorIs(t, err, ErrCut)
	}
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(100*32<<10))
}

func TestWriteOneFrameOneWrite(t *testing.T) {
	var out countingWriter
	w := NewWriter(&out)
	require.NoError(t, w.Write([]byte("{}")))
	require.Equal(t, 1, out.writes)
	require.Equal(t, framed("{}"), out.Bytes())
	var size *SizeError
	require.ErrorAs(t, w.Write(nil), &size)
	require.ErrorAs(t, w.Write(make([]byte, Max+1)), &size)
	require.Equal(t, 1, out.writes)
}

func TestWritersDoNotMix(t *testing.T) {
	pr, pw := io.Pipe()
	w := NewWriter(pw)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 50 {
				_ = w.Write(bytes.Repeat([]byte{byte('a' + i)}, 1000+i))
			}
		})
	}
	go func() { wg.Wait(); pw.Close() }()
	r, n := NewReader(pr), 0
	for {
		msg, err := r.Read()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		require.Equal(t, len(msg), bytes.Count(msg, msg[:1]))
		n++
	}
	require.Equal(t, 400, n)
}

func FuzzRead(f *testing.F) {
	f.Add([]byte{})
	f.Add(framed("{}", "[]"))
	f.Add(head(0))
	f.Add(head(0xFFFFFFFF))
	f.Add(framed("{}")[:5])
	f.Fuzz(func(t *testing.T, in []byte) {
		r, used := NewReader(bytes.NewReader(in)), 0
		for {
			msg, err := r.Read()
			if err != nil {
				break
			}
			var out bytes.Buffer
			require.NoError(t, NewWriter(&out).Write(msg))
			require.Equal(t, in[used:used+4+len(msg)], out.Bytes())
			used += 4 + len(msg)
		}
	})
}

type countingWriter struct {
	bytes.Buffer
	writes int
}

func (c *countingWriter) Write(p []byte) (int, error) {
	c.writes++
	return c.Buffer.Write(p)
}
