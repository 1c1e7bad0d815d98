package token

import "encoding/binary"

// Absolute paths are the distributions' matter: the loader's own search is safe here, since it ignores the current folder.
var pcscNames = []string{"libpcsclite.so.1"}

// SCARD_READERSTATE of pcsclite on Linux: two pointers, three DWORDs of the machine's word, ATR of 33 bytes (winscard.h).
const readerStateSize = 80

func putReaderState(b []byte, name uintptr, current uint32) {
	binary.NativeEndian.PutUint64(b, uint64(name))
	binary.NativeEndian.PutUint64(b[16:], uint64(current))
}

func eventOf(b []byte) uint32 { return uint32(binary.NativeEndian.Uint64(b[24:])) }
