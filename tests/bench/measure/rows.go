//go:build linux

package main

import (
	"fmt"
	"slices"
	"time"
)

// row is a line of build/bench/host.json; null where it does not apply.
type row struct {
	Name    string   `json:"name"`
	Median  *float64 `json:"median_ms"`
	P95     *float64 `json:"p95_ms"`
	Floor   *float64 `json:"floor_median_ms"`
	PeakRSS *float64 `json:"peak_rss_mib"`
}

// item is one measurement; run gives the times of its rows, in their order.
type item struct {
	rows   []string
	rounds int
	run    func() ([]time.Duration, error)
}

// floors names the row that another row is compared with.
type floors map[string]string

// interleave runs every item its number of times, spread over the whole, so that what disturbs the machine disturbs all.
func interleave(items []item) (map[string][]time.Duration, error) {
	most := 0
	for _, it := range items {
		most = max(most, it.rounds)
	}
	times := map[string][]time.Duration{}
	for i := range most {
		for _, it := range items {
			if i*it.rounds/most == (i+1)*it.rounds/most {
				continue
			}
			got, err := it.run()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", it.rows[0], err)
			}
			for j, d := range got {
				times[it.rows[j]] = append(times[it.rows[j]], d)
			}
		}
	}
	return times, nil
}

func quantile(times []time.Duration, q float64) *float64 {
	if len(times) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(times))
	ms := float64(sorted[int(q*float64(len(sorted)-1)+0.5)]) / float64(time.Millisecond)
	return &ms
}

func table(items []item, times map[string][]time.Duration, against floors, peaks map[string]float64) (rows []row) {
	for _, it := range items {
		for _, name := range it.rows {
			r := row{Name: name, Median: quantile(times[name], 0.5), P95: quantile(times[name], 0.95)}
			if floor, ok := against[name]; ok {
				r.Floor = quantile(times[floor], 0.5)
			}
			if mib, ok := peaks[name]; ok {
				r.PeakRSS = &mib
				delete(peaks, name)
			}
			rows = append(rows, r)
		}
	}
	var rest []string
	for name := range peaks {
		rest = append(rest, name)
	}
	slices.Sort(rest)
	for _, name := range rest {
		mib := peaks[name]
		rows = append(rows, row{Name: name, PeakRSS: &mib})
	}
	return rows
}
