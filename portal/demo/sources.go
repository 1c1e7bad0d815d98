package main

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cardbridge/cardbridge/portal/verify/revocation"
)

// sources tells the monitoring of OCSP responders and CRLs, by address.
type sources []*revocation.Checker

var (
	sourceLabels  = []string{"kind", "address"}
	sourceAsked   = prometheus.NewDesc("cardbridge_portal_revocation_asked_total", "Questions to an OCSP responder, or downloads of a CRL.", sourceLabels, nil)
	sourceFailed  = prometheus.NewDesc("cardbridge_portal_revocation_failed_total", "Of these, without a usable answer.", sourceLabels, nil)
	sourceSkipped = prometheus.NewDesc("cardbridge_portal_revocation_skipped_total", "Questions that were not asked, since the source was silent before.", sourceLabels, nil)
	sourcePaused  = prometheus.NewDesc("cardbridge_portal_revocation_paused_until_seconds", "Unix time until which a silent source is left alone; 0: it is not.", sourceLabels, nil)
	sourceGood    = prometheus.NewDesc("cardbridge_portal_revocation_last_good_seconds", "Unix time of its last usable answer; 0: none yet.", sourceLabels, nil)
	sourceNext    = prometheus.NewDesc("cardbridge_portal_crl_next_update_seconds", "Unix time at which the CRL that is used ends.", sourceLabels, nil)
	sourceEntries = prometheus.NewDesc("cardbridge_portal_crl_entries", "Revoked certificates in the CRL that is used.", sourceLabels, nil)
)

// Describe implements prometheus.Collector.
func (s sources) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{sourceAsked, sourceFailed, sourceSkipped, sourcePaused, sourceGood, sourceNext, sourceEntries} {
		to <- desc
	}
}

// Collect implements prometheus.Collector. Two checkers that ask one address are one source.
func (s sources) Collect(to chan<- prometheus.Metric) {
	type key struct{ kind, address string }
	seen := map[key]revocation.Source{}
	for _, checker := range s {
		for _, source := range checker.Stats() {
			k := key{source.Kind, source.Address}
			if before, twice := seen[k]; twice {
				source.Asked, source.Failed, source.Skipped = source.Asked+before.Asked, source.Failed+before.Failed, source.Skipped+before.Skipped
				if before.LastGood.After(source.LastGood) {
					source.LastGood = before.LastGood
				}
			}
			seen[k] = source
		}
	}
	for k, source := range seen {
		send := func(desc *prometheus.Desc, kind prometheus.ValueType, value float64) {
			to <- prometheus.MustNewConstMetric(desc, kind, value, k.kind, k.address)
		}
		send(sourceAsked, prometheus.CounterValue, float64(source.Asked))
		send(sourceFailed, prometheus.CounterValue, float64(source.Failed))
		send(sourceSkipped, prometheus.CounterValue, float64(source.Skipped))
		send(sourcePaused, prometheus.GaugeValue, unix(source.PausedUntil))
		send(sourceGood, prometheus.GaugeValue, unix(source.LastGood))
		if !source.NextUpdate.IsZero() {
			send(sourceNext, prometheus.GaugeValue, unix(source.NextUpdate))
			send(sourceEntries, prometheus.GaugeValue, float64(source.Entries))
		}
	}
}

func unix(at time.Time) float64 {
	if at.IsZero() {
		return 0
	}
	return float64(at.Unix())
}
