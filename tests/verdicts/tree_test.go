package verdicts

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"slices"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// node is an element of a DER that can be changed: what it holds is either parts or bytes.
type node struct {
	tag   byte
	parts []*node
	value []byte
	raw   []byte // written as it is, where it is set: what no DER writer would write
}

func parseNode(j *judge, der []byte) *node {
	j.Helper()
	input := cryptobyte.String(der)
	n := readNode(j, &input)
	require.True(j, input.Empty())
	return n
}

func readNode(j *judge, input *cryptobyte.String) *node {
	var body cryptobyte.String
	var tag asn1.Tag
	require.True(j, input.ReadAnyASN1(&body, &tag))
	n := &node{tag: byte(tag)}
	if n.tag&0x20 == 0 {
		n.value = bytes.Clone(body)
		return n
	}
	for !body.Empty() {
		n.parts = append(n.parts, readNode(j, &body))
	}
	return n
}

func (n *node) der() []byte {
	if n.raw != nil {
		return n.raw
	}
	body := n.value
	for _, p := range n.parts {
		body = append(body, p.der()...)
	}
	return tlv(n.tag, body)
}

// offset is where another node begins in the DER of this one; -1: it is not in it.
func (n *node) offset(of *node) int {
	if n == of {
		return 0
	}
	at := len(n.der())
	for _, p := range slices.Backward(n.parts) {
		at -= len(p.der())
		if within := p.offset(of); within >= 0 {
			return at + within
		}
	}
	return -1
}

func (n *node) add(parts ...*node) { n.parts = append(n.parts, parts...) }

func leaf(tag byte, value ...byte) *node { return &node{tag: tag, value: value} }

func tree(tag byte, parts ...*node) *node { return &node{tag: tag, parts: parts} }

// signedData is a CMS signature in parts (RFC 5652, sections 3, 5.1, 5.3).
type signedData struct {
	*judge
	holder
	root, info, digests, content, certificates, signers *node
	signer, id, digest, attributes, algorithm, value    *node
	hash                                                crypto.Hash // of content and attributes
	opts                                                crypto.SignerOpts
}

func (j *judge) open(h holder, der []byte, hash crypto.Hash, opts crypto.SignerOpts) *signedData {
	s := &signedData{judge: j, holder: h, root: parseNode(j, der), hash: hash, opts: opts}
	s.info = s.root.parts[1].parts[0]
	s.digests, s.content, s.certificates, s.signers = s.info.parts[1], s.info.parts[2], s.info.parts[3], s.info.parts[4]
	s.signer = s.signers.parts[0]
	s.id, s.digest, s.attributes, s.algorithm, s.value = s.signer.parts[1], s.signer.parts[2], s.signer.parts[3], s.signer.parts[4], s.signer.parts[5]
	return s
}

// attribute finds a signed attribute by its OID's content.
func (s *signedData) attribute(oid string) *node {
	for _, a := range s.attributes.parts {
		if string(a.parts[0].value) == oid {
			return a
		}
	}
	require.FailNow(s, "no such attribute")
	return nil
}

func (s *signedData) remove(a *node) {
	var rest []*node
	for _, p := range s.attributes.parts {
		if p != a {
			rest = append(rest, p)
		}
	}
	s.attributes.parts = rest
}

// resign makes a signature that fits the attributes as they stand.
func (s *signedData) resign() {
	set := tree(0x31, s.attributes.parts...)
	digest := sum(s.hash, set.der())
	if forms, special := s.opts.(pss); special {
		key := s.key.(*rsa.PrivateKey)
		s.value.value = private(key, forms.encode(s.judge, digest, key.N.BitLen()-1))
		return
	}
	s.value.value = s.judge.sign(s.key, digest, s.opts)
}

// HashFunc makes pss something to sign with.
func (p pss) HashFunc() crypto.Hash { return p.hash }
