package piv

// aid is the PIV application's full identifier (SP 800-73-4, part 1, 2.2).
var aid = []byte{0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00}

// certificateTag gives the data object of a slot's certificate (SP 800-73-4, part 1, table 3).
var certificateTag = map[byte]uint32{Slot9A: 0x5FC105, Slot9C: 0x5FC10A, Slot9D: 0x5FC10B, Slot9E: 0x5FC101}

// Data objects that are not certificates.
const (
	tagCHUID      = 0x5FC102
	tagCapability = 0x5FC107
	tagHistory    = 0x5FC10C
	tagDiscovery  = 0x7E
)

// readProtected lists the objects that are read only after VERIFY: fingerprints, printed information, iris.
var readProtected = map[uint32]bool{0x5FC103: true, 0x5FC109: true, 0x5FC121: true}

// dataObjects gives the mandatory objects of a card (SP 800-73-4, part 1, appendix A).
func dataObjects(guid [16]byte) map[uint32][]byte {
	// FASC-N of agency 9999: not federally issued.
	fascn := []byte{0xD4, 0xE7, 0x39, 0xDA, 0x73, 0x9C, 0xED, 0x39, 0xCE, 0x73, 0x9D, 0x83, 0x68,
		0x58, 0x21, 0x08, 0x42, 0x10, 0x84, 0x21, 0xC8, 0x42, 0x10, 0xC3, 0xEB}
	chuid := cat(tlv(0x30, fascn), tlv(0x34, guid[:]), tlv(0x35, []byte("20401231")), tlv(0x3E, nil), tlv(0xFE, nil))
	capability := cat([]byte{0xF0, 0x15, 0xA0, 0x00, 0x00, 0x01, 0x16, 0xFF, 0x02}, guid[:14],
		[]byte{0xF1, 1, 0x21, 0xF2, 1, 0x21, 0xF3, 0, 0xF4, 1, 0, 0xF5, 1, 0x10, 0xF6, 0, 0xF7, 0,
			0xFA, 0, 0xFB, 0, 0xFC, 0, 0xFD, 0, 0xFE, 0})
	return map[uint32][]byte{
		tagCHUID:      tlv(0x53, chuid),
		tagCapability: tlv(0x53, capability),
		tagHistory:    tlv(0x53, []byte{0xC1, 1, 0, 0xC2, 1, 0, 0xFE, 0}),
		// PIN usage policy 40 00: the application PIN alone.
		tagDiscovery: tlv(0x7E, cat(tlv(0x4F, aid), []byte{0x5F, 0x2F, 0x02, 0x40, 0x00})),
	}
}

// certificateObject wraps an uncompressed certificate (SP 800-73-4, part 1, table 10).
func certificateObject(der []byte) []byte {
	return tlv(0x53, cat(tlv(0x70, der), []byte{0x71, 1, 0, 0xFE, 0}))
}
