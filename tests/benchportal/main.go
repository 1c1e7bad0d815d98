//go:build linux

// Command benchportal times the portal's logins against a floor that does the same RSA verifications with the same database
// transactions.
//
//	benchportal [-portal FILE] [-databases sqlite,postgres] [-processes 1,3] [-cards N] [-concurrency C] [-rounds N]
//	            [-steps STEPS] [-logins N] [-dir FOLDER] [-out FILE]
//
// The floor takes the steps of a login whose card is bound, one transaction each, with the portal's own durability: what may
// be lost in a power cut does not wait for the disk. With SQLite the portal commits together what waits for the one writer,
// so its floor does too: against the floor with commits apart, which stands beside it, any portal looks good. The floor has
// neither client nor HTTP, so the client's processor time, which the portals do without, is a column of the table.
//
// It prints a table and writes -out, {"rows": […]}. -logins is for the memory of one process over that many logins; 0 leaves
// it out. Timings are never a reason to fail.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/cardbridge/cardbridge/tests/postgres"
)

func main() {
	b := bench{out: os.Stdout, errors: os.Stderr}
	if err := b.parse(os.Args[1:]); err != nil {
		os.Exit(2)
	}
	debug.SetGCPercent(400) // the client shares the machine with what it measures
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := b.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchportal:", err)
		os.Exit(1)
	}
}

// bench is what is measured, and the world for it.
type bench struct {
	out, errors                        io.Writer
	portal, file                       string
	databases                          []string
	processes                          []int
	cards, concurrency, rounds, logins int
	steps                              []step

	parent string // of dir, which is removed at the end
	dir    string
	world  *world
	rows   []row
}

func (b *bench) parse(args []string) error {
	flags := flag.NewFlagSet("benchportal", flag.ContinueOnError)
	flags.SetOutput(b.errors)
	var databases, processes, steps string
	flags.StringVar(&b.portal, "portal", "build/bin/portal", "the built portal")
	flags.StringVar(&b.file, "out", "build/bench/portal.json", "where the numbers are written")
	flags.StringVar(&databases, "databases", "sqlite,postgres", "which of the two")
	flags.StringVar(&processes, "processes", "1,3", "portal processes on one database, a measurement for each; empty: the floor alone")
	flags.StringVar(&steps, "steps", defaultSteps, "the floor's database transactions, those of one login")
	flags.IntVar(&b.cards, "cards", 2000, "cards, each of which logs in once in a round")
	flags.IntVar(&b.concurrency, "concurrency", 32, "logins at once")
	flags.IntVar(&b.rounds, "rounds", 3, "rounds of floor and portal in turn; the middle one counts")
	flags.StringVar(&b.parent, "dir", "", "folder for the databases, on the disk that is to be measured; with postgres as root one that everybody may enter (default: the system's temporary folder)")
	flags.IntVar(&b.logins, "logins", 0, "logins for the memory of one process")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b.databases = strings.Split(databases, ",")
	var err error
	for _, text := range strings.FieldsFunc(processes, func(c rune) bool { return c == ',' }) {
		n, parseErr := strconv.Atoi(text)
		err = errors.Join(err, parseErr)
		b.processes = append(b.processes, n)
	}
	var stepErr error
	b.steps, stepErr = parseSteps(steps)
	err = errors.Join(err, stepErr)
	if b.cards < 1 || b.concurrency < 1 || b.rounds < 1 || b.logins < 0 || slices.ContainsFunc(b.processes, func(n int) bool { return n < 1 }) {
		err = errors.Join(err, errors.New("numbers of cards, concurrency, rounds, processes are 1 or more"))
	}
	for _, name := range b.databases {
		if name != "sqlite" && name != "postgres" {
			err = errors.Join(err, fmt.Errorf("-databases %q; use sqlite, postgres", name))
		}
	}
	if err != nil {
		fmt.Fprintln(b.errors, "benchportal:", err)
	}
	return err
}

// run measures in turn what is compared: floor, then portal with each number of processes, so that a slow minute of the
// machine slows both.
func (b *bench) run(ctx context.Context) (err error) {
	if b.dir, err = os.MkdirTemp(b.parent, "benchportal"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if b.world, err = newWorld(b.dir, b.cards); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.world.Close()) }()
	for _, name := range b.databases {
		if err := b.onDatabase(ctx, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return b.report()
}

func (b *bench) onDatabase(ctx context.Context, name string) error {
	var cluster *postgres.Cluster
	if name == "postgres" {
		var err error
		if cluster, err = postgres.New(postgres.Options{Dir: b.parent, Fsync: true}); err != nil {
			return err
		}
		defer cluster.Stop() //nolint:errcheck // nobody reads its data again
	}
	place := &databases{name: name, dir: b.dir, cluster: cluster}
	if cluster != nil {
		if err := place.findServer(ctx); err != nil {
			return err
		}
	}
	var floors, apart []result
	portals := make([][]result, len(b.processes))
	for round := range b.rounds {
		fmt.Fprintf(b.errors, "benchportal: %s, round %d of %d\n", name, round+1, b.rounds)
		floor, err := b.floor(ctx, place, b.concurrency)
		if err != nil {
			return fmt.Errorf("floor: %w", err)
		}
		floors = append(floors, floor)
		if cluster == nil { // PostgreSQL's floor commits each transaction by itself anyhow
			floor, err := b.floor(ctx, place, 1)
			if err != nil {
				return fmt.Errorf("floor, commits apart: %w", err)
			}
			apart = append(apart, floor)
		}
		for i, n := range b.processes {
			r, err := b.measure(ctx, place, n)
			if err != nil {
				return fmt.Errorf("%d processes: %w", n, err)
			}
			portals[i] = append(portals[i], r)
		}
	}
	floor := middle(floors)
	b.rows = append(b.rows, floor.row(name+": floor", nil))
	if len(apart) > 0 {
		b.rows = append(b.rows, middle(apart).row(name+": floor, commits apart", &floor))
	}
	for i, n := range b.processes {
		b.rows = append(b.rows, middle(portals[i]).row(fmt.Sprintf("%s: portal, %d", name, n), &floor))
	}
	if b.logins == 0 {
		return nil
	}
	row, err := b.memory(ctx, place)
	b.rows = append(b.rows, row)
	return err
}

// middle is the round with the median rate.
func middle(results []result) result {
	sorted := slices.SortedFunc(slices.Values(results), func(a, b result) int {
		return int((a.perSecond() - b.perSecond()) * 1000)
	})
	return sorted[len(sorted)/2]
}
