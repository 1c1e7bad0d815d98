package token

import (
	"crypto/x509"
	"slices"
)

// Inventory is what a scan found.
type Inventory struct {
	View         View
	Certificates []Certificate
	// Failures are modules that could not be asked; what others saw is in Certificates all the same.
	Failures []*ModuleError
	// Unrecognised are readers whose card no module knows.
	Unrecognised []string
	// Modules is how many modules are installed on this computer.
	Modules int
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
	direct := false
	for _, slot := range found.report.Slots[:min(len(found.report.Slots), maxSlots)] {
		reader, inPCSC := inv.readerOf(slot.Reader)
		if only := inv.onlyCard(); !inPCSC && only != "" && !found.module.Soft {
			reader, inPCSC = only, true // the module names readers in its own way
		}
		if slot.Failure != nil {
			direct = true // crypto11 gives up at the first slot that has no token to tell of
			if slot.Failure.Kind == failModule {
				inv.Failures = append(inv.Failures, &ModuleError{found.module.Path, ModuleFailed, slot.Failure.Call, slot.Failure.Code})
			}
			continue
		}
		claimed = append(claimed, reader)
		unreadable := slot.Unreadable
		for _, c := range slot.Certificates[:min(len(slot.Certificates), maxCertificates)] {
			cert, err := x509.ParseCertificate(c.DER)
			if err != nil {
				unreadable++
				continue
			}
			if inv.has(cert, reader) {
				continue
			}
			inv.Certificates = append(inv.Certificates, Certificate{
				X509: cert, Reader: reader, Token: slot.Label, Pad: slot.Pad,
				keyID: c.KeyID, module: found.module, slot: slot.Slot, serial: slot.Serial, inPCSC: inPCSC, direct: direct,
			})
		}
		if unreadable > 0 {
			inv.Failures = append(inv.Failures, &ModuleError{found.module.Path, ModuleFailed, "C_GetAttributeValue", 0})
		}
	}
	return claimed
}

// has tells of a certificate that another module showed already in the same reader.
func (inv *Inventory) has(cert *x509.Certificate, reader string) bool {
	return slices.ContainsFunc(inv.Certificates, func(c Certificate) bool { return c.Reader == reader && c.X509.Equal(cert) })
}

// onlyCard is the one reader that has a card, "" if none or several have.
func (inv *Inventory) onlyCard() (name string) {
	for _, r := range inv.View.Readers {
		if r.State == ReaderPresent || r.State == ReaderInUse {
			if name != "" {
				return ""
			}
			name = r.Name
		}
	}
	return name
}

func (inv *Inventory) readerOf(description string) (name string, inPCSC bool) {
	for _, r := range inv.View.Readers {
		if readerMatches(r.Name, description) {
			return r.Name, true
		}
	}
	return description, false
}
