package token

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/cardbridge/cardbridge/host/internal/owner"
)

// Look gives the readers without starting any module.
func (s *Service) Look(ctx context.Context) (View, error) { return s.watcher.look(ctx) }

// maxRescans keeps a reader that never settles from holding a request for ever.
const maxRescans = 10

// errChanged ends a scan whose view no longer holds: a card that was pulled may hang the module that reads it.
var errChanged = errors.New("token: a reader changed during the scan")

// Scan asks the modules for their certificates, each in a child of its own. Modules whose cards can only be in PC/SC readers
// are not asked while no reader has a card. Vendors' modules come first: the readers that they serve are not shown to others.
// A scan during which a card comes or goes begins anew. spare, which may be nil, is begun as soon as a module reads.
func (s *Service) Scan(ctx context.Context, spare *Spare) (Inventory, error) {
	select {
	case s.scans <- struct{}{}:
		defer func() { <-s.scans }()
	case <-ctx.Done():
		return Inventory{}, ctx.Err()
	}
	run := scan{s: s, modules: s.Modules(), spare: spare}
	if len(run.modules) > 0 && !s.watcher.looked() {
		run.early = s.startEarly()
		defer discard(run.early)
	}
	for rescans := 0; ; rescans++ {
		view, err := s.watcher.look(ctx)
		if err != nil {
			return Inventory{}, err
		}
		scanning, cancel := context.WithCancelCause(ctx)
		if rescans < maxRescans {
			go func() {
				select {
				case <-view.Changed:
					cancel(errChanged)
				case <-scanning.Done():
				}
			}()
		}
		inv, err := run.inventory(scanning, view)
		cancel(nil)
		switch {
		case ctx.Err() != nil:
			return inv, err
		case err == nil && rescans < maxRescans && inv.doubtful() && s.asked(ctx, view):
		case err == nil || !errors.Is(context.Cause(scanning), errChanged):
			return inv, err
		}
	}
}

// doubtful: a card that no module knows may be one that another program took for itself, which the daemon does not announce.
func (inv *Inventory) doubtful() bool {
	return slices.ContainsFunc(inv.Unrecognised, func(name string) bool {
		r, _ := inv.View.Find(name)
		return r.State == ReaderPresent
	})
}

// asked has the readers asked anew, tells whether that changed the view.
func (s *Service) asked(ctx context.Context, view View) (changed bool) {
	s.watcher.refresh(ctx, view)
	select {
	case <-view.Changed:
		return true
	default:
		return false
	}
}

// scan is one request's asking of the modules.
type scan struct {
	s       *Service
	modules []Module
	// early gives a scanner that was started while the first look at the readers lasted, once, then nil
	early <-chan *child
	spare *Spare
}

func (r *scan) inventory(ctx context.Context, view View) (Inventory, error) {
	inv := Inventory{View: view, Modules: Installed(r.modules)}
	anyCard := slices.ContainsFunc(view.Readers, func(r Reader) bool { return r.State == ReaderPresent || r.State == ReaderInUse })
	var claimed []string
	for _, vendor := range []bool{true, false} {
		var turn []Module
		for _, m := range r.modules {
			if m.Vendor == vendor && (m.Soft || anyCard) {
				turn = append(turn, m)
			}
		}
		for _, found := range r.all(ctx, turn, claimed) {
			claimed = append(claimed, inv.add(found)...)
		}
		if ctx.Err() != nil {
			return Inventory{}, ctx.Err()
		}
	}
	for _, reader := range view.Readers {
		if reader.State == ReaderMute || (reader.State == ReaderPresent && !slices.Contains(claimed, reader.Name)) {
			inv.Unrecognised = append(inv.Unrecognised, reader.Name)
		}
	}
	return inv, nil
}

func (s *Service) startEarly() <-chan *child {
	early := make(chan *child, 1)
	go func() {
		defer close(early)
		if c, err := s.start(RoleScanner); err == nil {
			early <- c
		}
	}()
	return early
}

func discard(early <-chan *child) {
	go func() {
		if c := <-early; c != nil {
			c.end()
		}
	}()
}

type moduleScan struct {
	module Module
	report scanReport
	err    error
}

func (r *scan) all(ctx context.Context, modules []Module, skip []string) []moduleScan {
	results := make([]moduleScan, len(modules))
	var wg sync.WaitGroup
	for i, m := range modules {
		wg.Go(func() {
			report, err := r.one(ctx, m, skip)
			results[i] = moduleScan{m, report, err}
		})
	}
	wg.Wait()
	return results
}

func (r *scan) one(ctx context.Context, m Module, skip []string) (scanReport, error) {
	if r.s.cfg.SystemModules {
		if err := owner.OnlyAdministrators(m.Path); err != nil {
			return scanReport{}, &ModuleError{m.Path, ModuleUntrusted, err.Error(), 0}
		}
	}
	if !m.Soft {
		defer r.s.busy()()
	}
	c, err := r.scanner()
	if err != nil {
		return scanReport{}, err
	}
	if m.Soft {
		defer func() { go c.end() }() // it has no PC/SC connection whose end matters to the next process
	} else {
		defer c.end()
	}
	deadline, cancel := context.WithTimeout(ctx, r.s.cfg.Deadlines.Scan)
	defer cancel()
	if err := c.send(scanOrder{Module: m.Path, Skip: skip}); err != nil {
		return scanReport{}, childError(ctx, m.Path, "scan", err)
	}
	if len(r.modules) == 1 {
		r.spare.begin(m.Path)
	} else {
		r.spare.begin("")
	}
	var report scanReport
	if err := c.receive(deadline, &report); err != nil {
		return scanReport{}, childError(ctx, m.Path, "scan", err)
	}
	if report.Failure != nil {
		return scanReport{}, report.Failure.asError(m.Path)
	}
	return report, nil
}

func (r *scan) scanner() (*child, error) {
	if r.early != nil {
		if c := <-r.early; c != nil {
			return c, nil
		}
	}
	return r.s.start(RoleScanner)
}
