package main

import (
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/challenge"
	"github.com/cardbridge/cardbridge/portal/verify"
	"github.com/cardbridge/cardbridge/signature/webeid"
	"github.com/cardbridge/cardbridge/testcard/deck"
	"github.com/cardbridge/cardbridge/testcard/pki"
)

// The flags about revocation reach the verifier, and the monitoring sees whom it asked.
func TestRevocationFlags(t *testing.T) {
	authorities, err := pki.Listen(pki.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, authorities.Close()) })
	trust := filepath.Join(t.TempDir(), "trust")
	require.NoError(t, authorities.WriteTrust(trust))
	made, err := deck.New(authorities).Card("citizen-p256")
	require.NoError(t, err)
	slot, ok := made.Slot(0x9A)
	require.True(t, ok)

	for name, c := range map[string]struct {
		args  []string
		want  error
		asked map[string]float64
	}{
		"default":      {nil, nil, map[string]float64{"OCSP": 1}},
		"with its CAs": {[]string{"-ca-revocation"}, nil, map[string]float64{"OCSP": 1, "CRL": 1}},
		"CRL":          {[]string{"-revocation", "crl"}, nil, map[string]float64{"CRL": 1}},
		"other host":   {[]string{"-revocation-host", ".example.gov.tw"}, verify.ErrRevocation, map[string]float64{}},
		"nobody":       {[]string{"-revocation", "none"}, nil, map[string]float64{}},
	} {
		o, err := parseServe(append(c.args, "-trust", trust), quiet)
		require.NoError(t, err)
		registry := prometheus.NewRegistry()
		verifier, done, err := newVerifier(o, verify.DefaultTable(), registry, slog.New(slog.NewTextHandler(io.Discard, nil)))
		require.NoError(t, err, name)
		nonce := strings.Repeat("A", challenge.NonceLength)
		alg, err := webeid.DefaultAlgorithm(slot.Key.Public())
		require.NoError(t, err)
		digest, err := webeid.Digest(alg, "https://portal.example", nonce)
		require.NoError(t, err)
		signature, err := slot.Key.Sign(nil, digest, alg.SignerOpts())
		require.NoError(t, err)
		token, err := webeid.NewToken(slot.Certificate, alg, signature, "test")
		require.NoError(t, err)
		_, err = verifier.Token(t.Context(), token, "https://portal.example", nonce)
		require.ErrorIs(t, err, c.want, name)
		asked := map[string]float64{}
		families, err := registry.Gather()
		require.NoError(t, err)
		for _, family := range families {
			for _, metric := range family.GetMetric() {
				if family.GetName() == "cardbridge_portal_revocation_asked_total" && metric.GetCounter().GetValue() > 0 {
					asked[metric.GetLabel()[1].GetValue()] += metric.GetCounter().GetValue()
				}
			}
		}
		assert.Equal(t, c.asked, asked, name)
		done()
	}
	for _, bad := range [][]string{{"-ocsp-keep", "1h"}, {"-ocsp-keep", "-1s"}} {
		o, err := parseServe(bad, quiet)
		require.NoError(t, err)
		_, _, err = newVerifier(o, verify.DefaultTable(), prometheus.NewRegistry(), slog.New(slog.NewTextHandler(io.Discard, nil)))
		require.Error(t, err, "%v", bad)
	}
}
