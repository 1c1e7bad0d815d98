package token

import "encoding/binary"

var pcscNames = []string{"/System/Library/Frameworks/PCSC.framework/PCSC"}

// SCARD_READERSTATE of macOS is packed: two pointers, three 32-bit words, ATR of 33 bytes (PCSC/winscard.h).
const readerStateSize = 61

func putReaderState(b []byte, name uintptr, current uint32) {
	binary.NativeEndian.PutUint64(b, uint64(name))
	binary.NativeEndian.PutUint32(b[16:], current)
}

func eventOf(b []byte) uint32 { return binary.NativeEndian.Uint32(b[20:]) }
