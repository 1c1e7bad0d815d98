package verdicts

import (
	"bytes"
	"crypto"
	"slices"
)

// Contents of object identifiers.
const (
	oidContentType   = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"
	oidMessageDigest = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"
	oidSigningTime   = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05"
	oidCertificateV2 = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f"
	oidNonce         = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x19\x03"
	oidOrigin        = "\x69\x81\xd6\x80\xe3\xdb\xb1\xbb\xf2\xb6\xbd\x9f\x83\xa7\x85\xa8\xe3\xad\xbe\x0d"
	oidDescription   = "\x55\x04\x0d"
	oidRSA           = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
	oidPSS           = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"
	oidMGF1          = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08"
	oidTSTInfo       = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04"
)

var hashOIDs = map[crypto.Hash]string{
	crypto.SHA1: "\x2b\x0e\x03\x02\x1a", crypto.SHA224: "\x60\x86\x48\x01\x65\x03\x04\x02\x04", crypto.SHA256: "\x60\x86\x48\x01\x65\x03\x04\x02\x01",
	crypto.SHA384: "\x60\x86\x48\x01\x65\x03\x04\x02\x02", crypto.SHA512: "\x60\x86\x48\x01\x65\x03\x04\x02\x03",
}

func oid(content string) *node { return leaf(6, []byte(content)...) }

func sortNodes(list []*node) {
	slices.SortFunc(list, func(a, b *node) int { return bytes.Compare(a.der(), b.der()) })
}

// form is one change of a good signature.
type form struct {
	name   string
	reason string
	change func(*signedData)
}

// signed forms are signed anew after the change: nothing but the form is wrong with them.
var signedForms = []form{
	{"nothing", "", func(*signedData) {}},
	{"no origin", "attributes", func(s *signedData) { s.remove(s.attribute(oidOrigin)) }},
	{"no nonce", "", func(s *signedData) { s.remove(s.attribute(oidNonce)) }},
	{"no signing time", "attributes", func(s *signedData) { s.remove(s.attribute(oidSigningTime)) }},
	{"no content type", "", func(s *signedData) { s.remove(s.attribute(oidContentType)) }},
	{"no message digest", "", func(s *signedData) { s.remove(s.attribute(oidMessageDigest)) }},
	{"no signing certificate", "", func(s *signedData) { s.remove(s.attribute(oidCertificateV2)) }},
	{"no attribute", "", func(s *signedData) { s.attributes.parts = nil }},
	{"the origin twice", "attributes", func(s *signedData) { s.attributes.add(s.attribute(oidOrigin)) }},
	{"two origins in one", "attributes", func(s *signedData) { s.attribute(oidOrigin).parts[1].add(leaf(0x0c, 'x')) }},
	{"an empty origin", "attributes", func(s *signedData) { s.attribute(oidOrigin).parts[1].parts[0].value = nil }},
	{"an origin of another kind", "attributes", func(s *signedData) { s.attribute(oidOrigin).parts[1].parts[0].tag = 0x16 }},
	{"a nonce of another kind", "attributes", func(s *signedData) { s.attribute(oidNonce).parts[1].parts[0].tag = 0x0c }},
	{"a long nonce", "attributes", func(s *signedData) { s.attribute(oidNonce).parts[1].parts[0].value = make([]byte, 65) }},
	{"the digest twice", "", func(s *signedData) { s.attributes.add(s.attribute(oidMessageDigest)) }},
	{"two digests in one", "", func(s *signedData) { s.attribute(oidMessageDigest).parts[1].add(leaf(4, make([]byte, 32)...)) }},
	{"the digest of another content", "", func(s *signedData) { s.attribute(oidMessageDigest).parts[1].parts[0].value[3] ^= 4 }},
	{"a digest cut short", "", func(s *signedData) {
		v := s.attribute(oidMessageDigest).parts[1].parts[0]
		v.value = v.value[1:]
	}},
	{"another content type", "type", func(s *signedData) { s.attribute(oidContentType).parts[1].parts[0] = oid(oidTSTInfo) }},
	{"an attribute that nobody knows", "attributes", func(s *signedData) {
		s.attributes.add(tree(0x30, oid(oidDescription), tree(0x31, leaf(0x0c, 'x'))))
	}},
	{"an attribute without a value", "attributes", func(s *signedData) { s.attribute(oidNonce).parts[1].parts = nil }},
	{"another certificate's hash", "", func(s *signedData) { s.certificateID().parts[0].value[0] ^= 1 }},
	{"the certificate's hash by SHA-512", "attributes", func(s *signedData) {
		s.certificateID().parts = []*node{tree(0x30, oid(hashOIDs[crypto.SHA512])), leaf(4, sum(crypto.SHA512, s.cert.Raw)...)}
	}},
	{"SHA-256 spelled out", "attributes", func(s *signedData) {
		s.certificateID().parts = []*node{tree(0x30, oid(hashOIDs[crypto.SHA256])), s.certificateID().parts[0]}
	}},
	{"two signing certificates", "attributes", func(s *signedData) {
		list := s.attribute(oidCertificateV2).parts[1].parts[0].parts[0]
		list.add(list.parts[0])
	}},
	{"a time as GeneralizedTime", "attributes", func(s *signedData) {
		s.attribute(oidSigningTime).parts[1].parts[0] = leaf(0x18, []byte("20261128090000Z")...)
	}},
	{"a time after 2049 with an offset", "attributes", func(s *signedData) {
		s.attribute(oidSigningTime).parts[1].parts[0] = leaf(0x18, []byte("20501128090000+0000")...)
	}},
	{"a time with an offset", "attributes", timeSpelled("261128170000+0800")},
	{"a time with UTC's offset", "attributes", timeSpelled("261128090000+0000")},
	{"a time without seconds", "attributes", timeSpelled("2611280900Z")},
	{"a time of no calendar", "attributes", timeSpelled("261328090000Z")},
}

func timeSpelled(utc string) func(*signedData) {
	return func(s *signedData) { s.attribute(oidSigningTime).parts[1].parts[0] = leaf(0x17, []byte(utc)...) }
}

func (s *signedData) certificateID() *node {
	return s.attribute(oidCertificateV2).parts[1].parts[0].parts[0].parts[0]
}

// outerForms leave what was signed alone.
var outerForms = []form{
	{"version 3", "form", func(s *signedData) { s.info.parts[0].value = []byte{3} }},
	{"the signer's version 3", "form", func(s *signedData) { s.signer.parts[0].value = []byte{3} }},
	{"no hash announced", "", func(s *signedData) { s.digests.parts = nil }},
	{"two hashes announced", "form", func(s *signedData) { s.digests.add(tree(0x30, oid(hashOIDs[crypto.SHA1]))) }},
	{"a hash with NULL", "", func(s *signedData) { s.digest.add(leaf(5)) }},
	{"a hash with other parameters", "form", func(s *signedData) { s.digest.add(leaf(4, 1)) }},
	{"another content type announced", "type", func(s *signedData) { s.content.parts[0] = oid(oidTSTInfo) }},
	{"another content", "", func(s *signedData) { s.content.parts[1].parts[0].value[0] ^= 1 }},
	{"no content", "", func(s *signedData) { s.content.parts = s.content.parts[:1] }},
	{"a content in pieces", "ber", func(s *signedData) {
		v := s.content.parts[1].parts[0].value
		s.content.parts[1].parts[0] = tree(0x24, leaf(4, v[:1]...), leaf(4, v[1:]...))
	}},
	{"no certificates", "form", func(s *signedData) {
		s.info.parts = slices.DeleteFunc(s.info.parts, func(n *node) bool { return n == s.certificates })
	}},
	{"another certificate alone", "form", func(s *signedData) { s.certificates.parts = []*node{{raw: s.judge.others[0].cert.Raw}} }},
	{"nine certificates", "form", func(s *signedData) {
		for _, o := range s.judge.others {
			s.certificates.add(&node{raw: o.cert.Raw})
		}
		sortNodes(s.certificates.parts)
	}},
	{"a second certificate", "", func(s *signedData) {
		s.certificates.add(&node{raw: s.judge.others[0].cert.Raw})
		sortNodes(s.certificates.parts)
	}},
	{"certificates in another order", "ber", func(s *signedData) {
		s.certificates.add(&node{raw: s.judge.others[0].cert.Raw})
		sortNodes(s.certificates.parts)
		slices.Reverse(s.certificates.parts)
	}},
	{"the certificate twice", "form", func(s *signedData) { s.certificates.add(s.certificates.parts[0]) }},
	{"a revocation list's place", "form", func(s *signedData) {
		s.info.parts = []*node{s.info.parts[0], s.digests, s.content, s.certificates, tree(0xa1), s.signers}
	}},
	{"no signer", "", func(s *signedData) { s.signers.parts = nil }},
	{"the signer twice", "form", func(s *signedData) { s.signers.add(s.signer) }},
	{"a signer by key identifier", "form", func(s *signedData) { s.signer.parts[1] = leaf(0x80, s.cert.SubjectKeyId...) }},
	{"a signer of another number", "", func(s *signedData) { s.id.parts[1].value = []byte{9} }},
	{"a signer of another issuer", "", func(s *signedData) { s.id.parts[0] = tree(0x30) }},
	{"an unsigned attribute", "form", func(s *signedData) {
		s.signer.add(tree(0xa1, tree(0x30, oid(oidDescription), tree(0x31, leaf(0x0c, 'x')))))
	}},
	{"attributes in another order", "ber", func(s *signedData) { slices.Reverse(s.attributes.parts) }},
	{"another hash", "", func(s *signedData) { s.digest.parts[0] = oid(hashOIDs[crypto.SHA384]) }},
	{"another hash, announced", "", func(s *signedData) {
		s.digest.parts[0], s.digests.parts[0].parts[0] = oid(hashOIDs[crypto.SHA384]), oid(hashOIDs[crypto.SHA384])
	}},
	{"no signature algorithm", "", func(s *signedData) { s.algorithm.parts = nil }},
	{"a signature algorithm that nobody knows", "algorithm", func(s *signedData) { s.algorithm.parts[0] = oid(oidDescription) }},
	{"parameters that are no algorithm's", "algorithm", func(s *signedData) { s.algorithm.parts = []*node{s.algorithm.parts[0], leaf(4, 1)} }},
	{"an outer OID of data", "", func(s *signedData) { s.root.parts[0] = oid("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01") }},
}

// pssParameters writes RSASSA-PSS-params (RFC 4055, section 3.1); nil leaves the default.
func pssParameters(hash, mask crypto.Hash, salt byte, trailer bool) *node {
	p := tree(0x30, tree(0xa0, tree(0x30, oid(hashOIDs[hash]))), tree(0xa1, tree(0x30, oid(oidMGF1), tree(0x30, oid(hashOIDs[mask])))), tree(0xa2, leaf(2, salt)))
	if trailer {
		p.add(tree(0xa3, leaf(2, 1)))
	}
	return p
}

// pssForms are signed as their parameters say.
func (s *signedData) usePSS(said *node, made pss) {
	s.algorithm.parts = []*node{oid(oidPSS), said}
	s.opts = made
}

var pssDataForms = []form{
	{"as made by us", "", func(s *signedData) { s.usePSS(pssParameters(s.hash, s.hash, 32, false), goodPSS()) }},
	{"no salt", "algorithm", func(s *signedData) {
		s.usePSS(pssParameters(s.hash, s.hash, 0, false), with(func(p *pss) { p.salt = 0 }))
	}},
	{"a salt of 20", "algorithm", func(s *signedData) {
		s.usePSS(pssParameters(s.hash, s.hash, 20, false), with(func(p *pss) { p.salt = 20 }))
	}},
	{"the longest salt, unsaid", "", func(s *signedData) {
		s.usePSS(pssParameters(s.hash, s.hash, 32, false), with(func(p *pss) { p.salt = 222 }))
	}},
	{"no salt, unsaid", "", func(s *signedData) {
		s.usePSS(pssParameters(s.hash, s.hash, 32, false), with(func(p *pss) { p.salt = 0 }))
	}},
	{"a mask by SHA-1", "algorithm", func(s *signedData) {
		s.usePSS(pssParameters(s.hash, crypto.SHA1, 32, false), with(func(p *pss) { p.mask = crypto.SHA1 }))
	}},
	{"a mask by SHA-1, unsaid", "", func(s *signedData) {
		s.usePSS(pssParameters(s.hash, s.hash, 32, false), with(func(p *pss) { p.mask = crypto.SHA1 }))
	}},
	{"the trailer spelled out", "algorithm", func(s *signedData) { s.usePSS(pssParameters(s.hash, s.hash, 32, true), goodPSS()) }},
	{"another trailer", "", func(s *signedData) {
		s.usePSS(pssParameters(s.hash, s.hash, 32, false), with(func(p *pss) { p.trailer = 0xcc }))
	}},
	{"another hash said", "", func(s *signedData) { s.usePSS(pssParameters(crypto.SHA384, crypto.SHA384, 32, false), goodPSS()) }},
	{"the defaults, which are SHA-1", "", func(s *signedData) { s.usePSS(tree(0x30), goodPSS()) }},
	{"no parameters", "", func(s *signedData) {
		s.usePSS(nil, goodPSS())
		s.algorithm.parts = s.algorithm.parts[:1]
	}},
	{"hash with NULL", "algorithm", func(s *signedData) {
		said := pssParameters(s.hash, s.hash, 32, false)
		said.parts[0].parts[0].add(leaf(5))
		s.usePSS(said, goodPSS())
	}},
	{"PKCS #1 v1.5 said", "", func(s *signedData) { s.opts = goodPSS() }},
	{"PKCS #1 v1.5 made", "", func(s *signedData) {
		s.usePSS(pssParameters(s.hash, s.hash, 32, false), goodPSS())
		s.opts = s.hash
	}},
}

func goodPSS() pss {
	return pss{hash: crypto.SHA256, mask: crypto.SHA256, salt: 32, trailer: 0xbc, separator: 1}
}

func with(change func(*pss)) pss {
	p := goodPSS()
	change(&p)
	return p
}
