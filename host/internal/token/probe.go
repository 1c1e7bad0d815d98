package token

import (
	"context"
	"fmt"

	"github.com/miekg/pkcs11"
)

// Library is what a module says of itself (PKCS#11, CK_INFO).
type Library struct {
	Description string `json:"description"`
	Version     string `json:"version"` // major.minor
}

// maxDescription is more than CK_INFO's 32 bytes have room for, whatever stands in them.
const maxDescription = 64

// Probe loads a module in a child of its own, whether or not a card is in a reader, and has it say what it is. What keeps it from
// that is a *ModuleError, unless ctx ended. It takes no longer than a scan may.
func (s *Service) Probe(ctx context.Context, m Module) (Library, error) {
	if !m.Soft {
		defer s.busy()() // some modules look at the cards as soon as they are loaded
	}
	c, err := s.start(RoleScanner)
	if err != nil {
		return Library{}, err
	}
	defer c.end()
	deadline, cancel := context.WithTimeout(ctx, s.cfg.Deadlines.Scan)
	defer cancel()
	var report scanReport
	err = c.send(scanOrder{Module: m.Path, Probe: true})
	if err == nil {
		err = c.receive(deadline, &report)
	}
	switch {
	case err != nil:
		return Library{}, childError(ctx, m.Path, "C_Initialize", err)
	case report.Failure != nil:
		return Library{}, report.Failure.asError(m.Path)
	case report.Library == nil:
		return Library{}, &ModuleError{m.Path, ModuleFailed, "C_GetInfo", 0}
	}
	lib := *report.Library
	lib.Description = cut(lib.Description, maxDescription)
	lib.Version = cut(lib.Version, maxDescription)
	return lib, nil
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// probeModule is the child's part: it looks at no slot.
func probeModule(p *pkcs11.Ctx) scanReport {
	info, err := p.GetInfo()
	if err != nil {
		return scanReport{Failure: moduleFailure("C_GetInfo", err)}
	}
	if err := p.Finalize(); err != nil {
		return scanReport{Failure: moduleFailure("C_Finalize", err)}
	}
	return scanReport{Library: &Library{trimmed(info.LibraryDescription), fmt.Sprintf("%d.%d", info.LibraryVersion.Major, info.LibraryVersion.Minor)}}
}
