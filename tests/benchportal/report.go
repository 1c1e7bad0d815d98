//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// aim is the part of the floor's rate that one portal process shall reach.
const aim = 0.75

// result is one measurement.
type result struct {
	logins        int
	used          usage           // of challenges with logins, without the cards' signatures
	times         []time.Duration // of each login
	before, after float64         // resident MiB of all portals
	transactions  *float64        // committed for each login; nil where the database does not tell
}

func (r result) perSecond() float64 { return float64(r.logins) / r.used.wall.Seconds() }

// quantile is of the logins' times, in milliseconds.
func (r result) quantile(q float64) float64 {
	sorted := slices.Sorted(slices.Values(r.times))
	return float64(sorted[int(math.Round(q*float64(len(sorted)-1)))]) / float64(time.Millisecond)
}

// row is one line of the table; what a row has no word on is null.
type row struct {
	Name          string   `json:"name"`
	Logins        int      `json:"logins"`
	PerSecond     *float64 `json:"logins_per_s"`
	OfFloor       *float64 `json:"of_floor"`
	Median        *float64 `json:"median_ms"`
	P99           *float64 `json:"p99_ms"`
	CPU           *float64 `json:"cpu_ms_per_login"`
	ClientCPU     *float64 `json:"client_cpu_ms_per_login"`
	ServerCPU     *float64 `json:"database_cpu_ms_per_login"`
	Idle          *float64 `json:"idle_ms_per_login"`
	Other         *float64 `json:"other_ms_per_login"`
	Transactions  *float64 `json:"transactions_per_login"`
	MemoryStart   *float64 `json:"start_rss_mib"`
	MemoryHalfway *float64 `json:"halfway_rss_mib"`
	MemoryEnd     *float64 `json:"end_rss_mib"`
}

func rounded(value float64) *float64 {
	value = math.Round(value*100) / 100
	return &value
}

func (r result) row(name string, floor *result) row {
	if r.logins == 0 {
		return row{Name: name}
	}
	made := row{Name: name, Logins: r.logins, PerSecond: rounded(r.perSecond()), Median: rounded(r.quantile(0.5)), P99: rounded(r.quantile(0.99))}
	if floor != nil {
		made.OfFloor = rounded(r.perSecond() / floor.perSecond())
	}
	r.used.into(&made)
	if r.transactions != nil {
		made.Transactions = rounded(*r.transactions)
	}
	if r.after > 0 {
		made.MemoryStart, made.MemoryEnd = rounded(r.before), rounded(r.after)
	}
	return made
}

// into tells what each login took of all processors' time. Who has no process of its own has no word.
func (u usage) into(made *row) {
	each := func(d time.Duration) *float64 { return rounded(d.Seconds() * 1000 / float64(made.Logins)) }
	made.CPU, made.Idle = each(u.measured), each(u.idle)
	made.Other = each(u.wall*time.Duration(runtime.NumCPU()) - u.measured - u.client - u.server - u.idle)
	if u.client > 0 {
		made.ClientCPU = each(u.client)
	}
	if u.server > 0 {
		made.ServerCPU = each(u.server)
	}
}

// report prints the table, writes the same as JSON. Without rows nothing was measured, which is an error.
func (b *bench) report() error {
	if len(b.rows) == 0 {
		return fmt.Errorf("nothing was measured")
	}
	cell := func(value *float64) string {
		if value == nil {
			return fmt.Sprintf("%10s", "")
		}
		return fmt.Sprintf("%10.2f", *value)
	}
	fmt.Fprintf(b.out, "%-48s", "row")
	for _, name := range []string{"logins/s", "of floor", "median", "p99", "CPU", "client", "database", "idle", "other", "tx/login", "MiB start", "halfway", "end"} {
		fmt.Fprintf(b.out, "%10s", name)
	}
	fmt.Fprintln(b.out, "  aim")
	for _, r := range b.rows {
		fmt.Fprint(b.out, r.Name+strings.Repeat(" ", max(0, 48-utf8.RuneCountInString(r.Name))))
		for _, value := range []*float64{r.PerSecond, r.OfFloor, r.Median, r.P99, r.CPU, r.ClientCPU, r.ServerCPU, r.Idle, r.Other,
			r.Transactions, r.MemoryStart, r.MemoryHalfway, r.MemoryEnd} {
			fmt.Fprint(b.out, cell(value))
		}
		fmt.Fprintln(b.out, "  "+r.aim())
	}
	fmt.Fprintf(b.out, "\n%d processors, %d cards, %d logins at once, the middle one of %d rounds, the client on the same machine. Times in milliseconds:\n"+
		"median, p99 of the floor for a whole login, of the portal for POST /api/login; then processor time for each login, of the floor or\n"+
		"the portals, of the client, of the database server, of nobody, of all others with the kernel. %s has the same.\n",
		runtime.NumCPU(), b.cards, b.concurrency, b.rounds, b.file)
	data, err := json.MarshalIndent(map[string]any{"rows": b.rows}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(b.file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(b.file, append(data, '\n'), 0o644)
}

// aim judges the rows that have one.
func (r row) aim() string {
	if !strings.HasSuffix(r.Name, ": portal, 1") || r.OfFloor == nil {
		return ""
	}
	if *r.OfFloor >= aim {
		return fmt.Sprintf("≥ %.0f %% of the floor: met", aim*100)
	}
	return fmt.Sprintf("≥ %.0f %% of the floor: missed", aim*100)
}
