package revocation

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net/http"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/verify"
)

func makeCRL(t testing.TB, by ca, change func(*x509.RevocationList)) []byte {
	t.Helper()
	now := time.Now()
	template := &x509.RevocationList{Number: big.NewInt(5), ThisUpdate: now.Add(-time.Minute), NextUpdate: now.Add(time.Hour)}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, by.cert, by.key)
	require.NoError(t, err)
	return der
}

func extension(critical bool, id []int, value []byte) pkix.Extension {
	return pkix.Extension{Id: id, Critical: critical, Value: value}
}

// tlv encodes one element of up to 64 KiB.
func tlv(tag byte, parts ...[]byte) []byte {
	content := slices.Concat(parts...)
	switch n := len(content); {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, content...)
	case n < 0x100:
		return append([]byte{tag, 0x81, byte(n)}, content...)
	default:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, content...)
	}
}

var distributionPoint = []int{2, 5, 29, 28}

func TestKindsOfCRL(t *testing.T) {
	issuer, namesake := newCA(t, nil), newCA(t, nil)
	noCRL := newCA(t, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign })
	mayNot := *noCRL.cert
	mayNot.KeyUsage |= x509.KeyUsageCRLSign // for Go to make the list at all
	const address = "http://ca.example/part1.crl"
	holder := &x509.Certificate{SerialNumber: big.NewInt(9), CRLDistributionPoints: []string{"ldap://x", address}}
	elsewhere := &x509.Certificate{SerialNumber: big.NewInt(9), CRLDistributionPoints: []string{"http://ca.example/part2.crl"}}
	authority := &x509.Certificate{SerialNumber: big.NewInt(9), IsCA: true, BasicConstraintsValid: true, CRLDistributionPoints: []string{address}}
	point := tlv(0xa0, tlv(0xa0, tlv(0x86, []byte(address))))
	idp := func(parts ...[]byte) func(*x509.RevocationList) {
		return func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{extension(true, distributionPoint, tlv(0x30, parts...))}
		}
	}
	entryWith := func(e pkix.Extension) func(*x509.RevocationList) {
		return func(l *x509.RevocationList) {
			l.RevokedCertificateEntries = []x509.RevocationListEntry{{SerialNumber: big.NewInt(1), RevocationTime: time.Now(), ExtraExtensions: []pkix.Extension{e}}}
		}
	}
	yes := []byte{0xff}
	for name, c := range map[string]struct {
		by     ca
		change func(*x509.RevocationList)
		about  *x509.Certificate
		want   error
	}{
		"plain":                    {issuer, nil, holder, nil},
		"of a CA of the same name": {namesake, nil, holder, ErrSigner},
		"unknown, not critical": {issuer, func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{extension(false, []int{1, 2, 3}, []byte{5, 0})}
		}, holder, nil},
		"unknown, critical": {issuer, func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{extension(true, []int{1, 2, 3}, []byte{5, 0})}
		}, holder, ErrScope},
		"one extension twice": {issuer, func(l *x509.RevocationList) {
			e := extension(false, []int{1, 2, 3}, []byte{5, 0})
			l.ExtraExtensions = []pkix.Extension{e, e}
		}, holder, ErrMalformed},
		"delta": {issuer, func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{extension(true, []int{2, 5, 29, 27}, tlv(2, []byte{4}))}
		}, holder, ErrScope},
		"delta, not critical": {issuer, func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{extension(false, []int{2, 5, 29, 27}, tlv(2, []byte{4}))}
		}, holder, ErrScope},
		"indirect":                      {issuer, idp(tlv(0x84, yes)), holder, ErrScope},
		"attribute certificates":        {issuer, idp(tlv(0x85, yes)), holder, ErrScope},
		"some reasons":                  {issuer, idp(tlv(0x83, []byte{1, 0x60})), holder, ErrScope},
		"only holders":                  {issuer, idp(tlv(0x81, yes)), holder, nil},
		"only holders, asked for a CA":  {issuer, idp(tlv(0x81, yes)), authority, ErrScope},
		"only CAs":                      {issuer, idp(tlv(0x82, yes)), authority, nil},
		"only CAs, asked for a holder":  {issuer, idp(tlv(0x82, yes)), holder, ErrScope},
		"its part":                      {issuer, idp(point, tlv(0x81, yes)), holder, nil},
		"another part":                  {issuer, idp(point), elsewhere, ErrScope},
		"relative name":                 {issuer, idp(tlv(0xa0, tlv(0xa1, tlv(0x30)))), holder, ErrScope},
		"directory name":                {issuer, idp(tlv(0xa0, tlv(0xa0, tlv(0xa4, tlv(0x30))))), holder, ErrScope},
		"false, written out":            {issuer, idp(tlv(0x81, []byte{0})), holder, ErrMalformed},
		"rest after the point":          {issuer, idp(point, tlv(0x86, yes)), holder, ErrMalformed},
		"entry of another CA":           {issuer, entryWith(extension(true, []int{2, 5, 29, 29}, tlv(0x30))), holder, ErrScope},
		"entry with a critical unknown": {issuer, entryWith(extension(true, []int{1, 2, 3}, []byte{5, 0})), holder, ErrScope},
		"entry with an unknown":         {issuer, entryWith(extension(false, []int{1, 2, 3}, []byte{5, 0})), holder, nil},
		"keyUsage without cRLSign":      {ca{&mayNot, noCRL.key}, nil, holder, ErrSigner},
		"serial of 40 octets": {issuer, func(l *x509.RevocationList) {
			l.RevokedCertificateEntries = []x509.RevocationListEntry{{SerialNumber: new(big.Int).Lsh(big.NewInt(1), 320), RevocationTime: time.Now()}}
		}, holder, ErrMalformed},
		"revoked": {issuer, func(l *x509.RevocationList) {
			l.RevokedCertificateEntries = []x509.RevocationListEntry{{SerialNumber: big.NewInt(9), RevocationTime: time.Now(), ReasonCode: 6}}
		}, holder, verify.ErrRevoked},
	} {
		der := makeCRL(t, c.by, c.change)
		by := issuer.cert
		if c.by.cert == &mayNot {
			by = noCRL.cert
		}
		l, err := parseCRL(der, by)
		if err == nil {
			err = l.about(c.about)
		}
		if c.want == nil {
			assert.NoError(t, err, name)
		} else {
			assert.ErrorIs(t, err, c.want, name)
		}
	}
}

func TestCRLHasToEnd(t *testing.T) {
	issuer := newCA(t, nil)
	// Go makes no list without nextUpdate; this one is signed by hand.
	algorithm := tlv(0x30, tlv(6, []byte("\x2a\x86\x48\xce\x3d\x04\x03\x02")))
	thisUpdate := tlv(0x17, []byte(time.Now().UTC().Format("060102150405Z")))
	signed := tlv(0x30, tlv(2, []byte{1}), algorithm, issuer.cert.RawSubject, thisUpdate)
	signature, err := signECDSA(issuer, signed)
	require.NoError(t, err)
	_, err = parseCRL(tlv(0x30, signed, algorithm, tlv(3, []byte{0}, signature)), issuer.cert)
	assert.ErrorIs(t, err, ErrMalformed)
	assert.ErrorContains(t, err, "nextUpdate")
}

func TestSerialNumbers(t *testing.T) {
	seen := map[serial]string{}
	for _, text := range []string{"0", "1", "7f", "80", "ff", "100", "-1", "-80", "-81", "ffffffffffffffffffffffffffffffffffffffff", "8000000000000000000000000000000000000000"} {
		number, ok := new(big.Int).SetString(text, 16)
		require.True(t, ok)
		key, ok := serialOfNumber(number)
		require.True(t, ok, text)
		assert.Empty(t, seen[key], text)
		seen[key] = text
		der, err := asn1.Marshal(number)
		require.NoError(t, err)
		again, ok := serialOf(der[2:])
		require.True(t, ok)
		assert.Equal(t, key, again)
	}
	_, ok := serialOfNumber(new(big.Int).Lsh(big.NewInt(1), 200))
	assert.False(t, ok)
	for _, at := range []time.Time{time.Unix(0, 0), time.Now(), time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC)} {
		for reason := range 11 {
			e := newEntry(at, reason)
			assert.Equal(t, at.Unix(), e.at().Unix())
			assert.Equal(t, reason, e.reason())
		}
	}
}

const largeSize = 200_000

// largeCRL revokes the even numbers of a range of 16-byte ones, with reasons, as the CAs' complete lists do.
func largeCRL(t testing.TB, by ca) []byte {
	return makeCRL(t, by, func(l *x509.RevocationList) {
		for i := range int64(largeSize) {
			l.RevokedCertificateEntries = append(l.RevokedCertificateEntries, x509.RevocationListEntry{
				SerialNumber: largeSerial(2 * i), RevocationTime: time.Now().Add(-time.Duration(i) * time.Minute), ReasonCode: int(1 + i%5),
			})
		}
	})
}

func largeSerial(i int64) *big.Int {
	return new(big.Int).Add(new(big.Int).Lsh(big.NewInt(0x5a), 120), big.NewInt(i))
}

func TestLargeCRL(t *testing.T) {
	issuer := newCA(t, nil)
	der := largeCRL(t, issuer)
	var downloads atomic.Int64
	point := serve(t, issuer, func(w http.ResponseWriter, r *http.Request) {
		downloads.Add(1)
		answerWith(der)(w, r)
	})
	checker := newChecker(t, Config{Mode: CRLOnly})
	cert := *point
	for i := int64(0); i < 2*largeSize; i += 7 {
		cert.SerialNumber = largeSerial(i)
		err := checker.Check(t.Context(), &cert, issuer.cert, time.Now())
		if i%2 == 0 {
			require.ErrorIs(t, err, verify.ErrRevoked)
			require.Equal(t, int(1+(i/2)%5), err.(*Revoked).Code)
		} else {
			require.NoError(t, err)
		}
	}
	assert.EqualValues(t, 1, downloads.Load(), "one download for all questions")
	small := newChecker(t, Config{Mode: CRLOnly, MaxCRL: int64(len(der) - 1)})
	assert.ErrorIs(t, small.Check(t.Context(), &cert, issuer.cert, time.Now()), ErrTooLarge)
}

func BenchmarkParseLargeCRL(b *testing.B) {
	issuer := newCA(b, nil)
	der := largeCRL(b, issuer)
	b.SetBytes(int64(len(der)))
	b.ReportAllocs()
	var l *list
	before := heap()
	for b.Loop() {
		var err error
		l, err = parseCRL(der, issuer.cert)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(heap()-before)/largeSize, "heap-bytes/entry")
	runtime.KeepAlive(l)
	runtime.KeepAlive(der)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC() // what sync.Pool holds survives one
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func BenchmarkLookup(b *testing.B) {
	issuer := newCA(b, nil)
	l, err := parseCRL(largeCRL(b, issuer), issuer.cert)
	require.NoError(b, err)
	cert := &x509.Certificate{SerialNumber: largeSerial(12345)}
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, l.about(cert))
	}
}
