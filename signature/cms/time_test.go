package cms

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// DER has one spelling of a time (X.690, sections 11.7 and 11.8); what else BER allows is refused, though it means the same.
func TestATimeHasOneSpelling(t *testing.T) {
	for _, c := range []struct {
		tag  cbasn1.Tag
		text string
		want string // "": refused
	}{
		{cbasn1.UTCTime, "261128090000Z", "2026-11-28T09:00:00Z"},
		{cbasn1.UTCTime, "500101000000Z", "1950-01-01T00:00:00Z"},
		{cbasn1.GeneralizedTime, "20500101000000Z", "2050-01-01T00:00:00Z"},
		{cbasn1.UTCTime, "261128170000+0800", ""},
		{cbasn1.UTCTime, "261128090000+0000", ""},
		{cbasn1.UTCTime, "261128090000-0000", ""},
		{cbasn1.UTCTime, "2611280900Z", ""},
		{cbasn1.UTCTime, "261128090000", ""},
		{cbasn1.UTCTime, "2611280900+08", ""},
		{cbasn1.UTCTime, "261328090000Z", ""},
		{cbasn1.UTCTime, "", ""},
		{cbasn1.GeneralizedTime, "20261128090000Z", ""}, // UTCTime's
		{cbasn1.GeneralizedTime, "20500101080000+0800", ""},
		{cbasn1.GeneralizedTime, "20500101000000+0000", ""},
		{cbasn1.GeneralizedTime, "20500101000000.5Z", ""},
		{cbasn1.GeneralizedTime, "205001010000Z", ""},
		{cbasn1.UTF8String, "261128090000Z", ""},
	} {
		var b cryptobyte.Builder
		b.AddASN1(c.tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(c.text)) })
		s, m := cryptobyte.String(b.BytesOrPanic()), &message{}
		ok := readTime(m, &s)
		require.Equal(t, c.want != "", ok, c.text)
		if ok {
			require.Equal(t, c.want, m.Time.Format(time.RFC3339))
			require.True(t, s.Empty())
		}
	}
}
