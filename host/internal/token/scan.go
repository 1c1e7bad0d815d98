package token

import (
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"sync"
)

// Inventory is what a scan found.
type Inventory struct {
	View         View
	Certificates []Certificate
	// Failures are modules that could not be asked; what others saw is in Certificates all the same.
	Failures []*ModuleError
	// Unrecognised are readers whose card no module knows.
	Unrecognised []string
	Modules      int
}

// Look gives the readers without starting any module.
func (s *Service) Look(ctx context.Context) (View, error) { return s.watcher.look(ctx) }

// maxRescans keeps a reader that never settles from holding a request for ever.
const maxRescans = 10

// errChanged ends a scan whose view no longer holds: a card that was pulled may hang the module that reads it.
var errChanged = errors.New("token: a reader changed during the scan")

// Scan asks the modules for their certificates, each in a child of its own. Modules whose cards can only be in PC/SC readers
// are not asked while no reader has a card. Vendors' modules come first: the readers that they serve are not shown to others.
// A scan during which a card comes or goes begins anew.
func (s *Service) Scan(ctx context.Context) (Inventory, error) {
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
		inv, err := s.scanView(scanning, view)
		cancel(nil)
		if err == nil || ctx.Err() != nil || !errors.Is(context.Cause(scanning), errChanged) {
			return inv, err
		}
	}
}

func (s *Service) scanView(ctx context.Context, view View) (Inventory, error) {
	modules := s.Modules()
	inv := Inventory{View: view, Modules: len(modules)}
	anyCard := slices.ContainsFunc(view.Readers, func(r Reader) bool { return r.State == ReaderPresent || r.State == ReaderInUse })
	var claimed []string
	for _, vendor := range []bool{true, false} {
		var turn []Module
		for _, m := range modules {
			if m.Vendor == vendor && (m.Soft || anyCard) {
				turn = append(turn, m)
			}
		}
		for _, found := range s.scanAll(ctx, turn, claimed) {
			claimed = append(claimed, inv.add(found)...)
		}
		if ctx.Err() != nil {
			return Inventory{}, ctx.Err()
		}
	}
	for _, r := range view.Readers {
		if r.State == ReaderMute || (r.State == ReaderPresent && !slices.Contains(claimed, r.Name)) {
			inv.Unrecognised = append(inv.Unrecognised, r.Name)
		}
	}
	return inv, nil
}

type moduleScan struct {
	module Module
	report scanReport
	err    error
}

func (s *Service) scanAll(ctx context.Context, modules []Module, skip []string) []moduleScan {
	results := make([]moduleScan, len(modules))
	var wg sync.WaitGroup
	for i, m := range modules {
		wg.Go(func() {
			report, err := s.scanOne(ctx, m, skip)
			results[i] = moduleScan{m, report, err}
		})
	}
	wg.Wait()
	return results
}

func (s *Service) scanOne(ctx context.Context, m Module, skip []string) (scanReport, error) {
	c, err := s.start(RoleScanner)
	if err != nil {
		return scanReport{}, err
	}
	defer c.end()
	deadline, cancel := context.WithTimeout(ctx, s.cfg.Deadlines.Scan)
	defer cancel()
	if err := c.send(scanOrder{Module: m.Path, Skip: skip}); err != nil {
		return scanReport{}, childError(ctx, m.Path, "scan", err)
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

// add takes one module's findings in; the readers whose cards it knows are returned.
func (inv *Inventory) add(found moduleScan) (claimed []string) {
	if found.err != nil {
		failure, ok := found.err.(*ModuleError)
		if !ok {
			failure = &ModuleError{found.module.Path, ModuleFailed, "scan", 0}
		}
		inv.Failures = append(inv.Failures, failure)
		return nil
	}
	for _, slot := range found.report.Slots[:min(len(found.report.Slots), maxSlots)] {
		reader, inPCSC := inv.readerOf(slot.Reader)
		if slot.Failure != nil {
			if slot.Failure.Kind == failModule {
				inv.Failures = append(inv.Failures, &ModuleError{found.module.Path, ModuleFailed, slot.Failure.Call, slot.Failure.Code})
			}
			continue
		}
		claimed = append(claimed, reader)
		for _, c := range slot.Certificates[:min(len(slot.Certificates), maxCertificates)] {
			cert, err := x509.ParseCertificate(c.DER)
			if err != nil || inv.has(cert, reader) {
				continue
			}
			inv.Certificates = append(inv.Certificates, Certificate{
				X509: cert, Reader: reader, Token: slot.Label,
				keyID: c.KeyID, module: found.module, slot: slot.Slot, serial: slot.Serial, inPCSC: inPCSC,
			})
		}
	}
	return claimed
}

// has tells of a certificate that another module showed already in the same reader.
func (inv *Inventory) has(cert *x509.Certificate, reader string) bool {
	return slices.ContainsFunc(inv.Certificates, func(c Certificate) bool { return c.Reader == reader && c.X509.Equal(cert) })
}

func (inv *Inventory) readerOf(description string) (name string, inPCSC bool) {
	for _, r := range inv.View.Readers {
		if readerMatches(r.Name, description) {
			return r.Name, true
		}
	}
	return description, false
}
