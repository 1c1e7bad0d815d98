package piv

import "bytes"

// apdu is one command APDU (ISO 7816-4, 5.1), decoded.
type apdu struct {
	cla, ins, p1, p2 byte
	data             []byte
	le               int // 0: no answer data expected
}

// header is what the parts of a command chain have in common.
func (a apdu) header() [4]byte { return [4]byte{a.cla &^ chained, a.ins, a.p1, a.p2} }

// parseAPDU takes short and extended lengths; ok is false for anything else.
func parseAPDU(b []byte) (a apdu, ok bool) {
	if len(b) < 4 {
		return a, false
	}
	a = apdu{cla: b[0], ins: b[1], p1: b[2], p2: b[3]}
	a.data, a.le, ok = parseBody(b[4:])
	return a, ok
}

func parseBody(b []byte) (data []byte, le int, ok bool) {
	switch {
	case len(b) == 0:
		return nil, 0, true
	case len(b) == 1:
		return nil, length(b, 256), true
	case b[0] != 0:
		return split(b[1:], int(b[0]), 1)
	case len(b) == 3:
		return nil, length(b[1:], 65536), true
	case len(b) > 3:
		return split(b[3:], int(b[1])<<8|int(b[2]), 2)
	}
	return nil, 0, false
}

// split parts n bytes of data from an Le of width bytes, which may be absent.
func split(b []byte, n, width int) (data []byte, le int, ok bool) {
	switch len(b) - n {
	case 0:
		return b, 0, true
	case width:
		return b[:n], length(b[n:], 1<<(8*width)), true
	}
	return nil, 0, false
}

// length reads a big-endian number in which zero stands for the maximum.
func length(b []byte, maximum int) int {
	n := 0
	for _, x := range b {
		n = n<<8 | int(x)
	}
	if n == 0 {
		return maximum
	}
	return n
}

func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// answer appends the status word.
func answer(data []byte, sw int) []byte { return cat(data, []byte{byte(sw >> 8), byte(sw)}) }

// tlv encodes BER-TLV with a one-byte tag.
func tlv(tag byte, v []byte) []byte {
	n := len(v)
	switch {
	case n < 0x80:
		return cat([]byte{tag, byte(n)}, v)
	case n < 0x100:
		return cat([]byte{tag, 0x81, byte(n)}, v)
	}
	return cat([]byte{tag, 0x82, byte(n >> 8), byte(n)}, v)
}

// readTLV takes the first one-byte-tag TLV from b.
func readTLV(b []byte) (tag byte, v, rest []byte, ok bool) {
	if len(b) < 2 {
		return 0, nil, nil, false
	}
	n, header := int(b[1]), 2
	switch {
	case n == 0x81 && len(b) >= 3:
		n, header = int(b[2]), 3
	case n == 0x82 && len(b) >= 4:
		n, header = int(b[2])<<8|int(b[3]), 4
	case n >= 0x80:
		return 0, nil, nil, false
	}
	if len(b) < header+n {
		return 0, nil, nil, false
	}
	return b[0], b[header : header+n], b[header+n:], true
}
