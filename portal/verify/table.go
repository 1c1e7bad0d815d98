package verify

import (
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
)

// CardKind is what a card is called, by who issued it.
type CardKind string

// The card kinds, spelled as in the protocol between page and host.
const (
	CardCitizen      CardKind = "citizen"      // 自然人憑證
	CardAgency       CardKind = "agency"       // 機關憑證
	CardOrganisation CardKind = "organisation" // 組織及團體憑證
	CardBusiness     CardKind = "business"     // 工商憑證
	CardTest         CardKind = "test"         // 測試憑證: always refused
	CardOther        CardKind = "other"        // issued by a CA that the table does not name
)

// Kind is what the holder is, by the certificate's own word.
type Kind string

// The kinds of holders.
const (
	KindPerson   Kind = "person"
	KindAgency   Kind = "agency"
	KindUnit     Kind = "unit"
	KindCompany  Kind = "company"
	KindBusiness Kind = "business"
	KindServer   Kind = "server"
	KindUnknown  Kind = "unknown"
)

// Table is all that this package knows of real CAs, and is configuration. OIDs are dotted.
type Table struct {
	Comment string   `json:"comment,omitzero"`
	Issuers []Issuer `json:"issuers"`
	// Policies: when there are any, the holder's certificate must name one of them.
	Policies []string `json:"policies"`
	// TestPolicies are those of certificates that stand for nobody.
	TestPolicies []string        `json:"testPolicies"`
	Attributes   AttributeOIDs   `json:"attributes"`
	SubjectTypes map[string]Kind `json:"subjectTypes"`
}

// AttributeOIDs are the types of subjectDirectoryAttributes that are read; those left empty are not.
type AttributeOIDs struct {
	SubjectType string `json:"subjectType,omitzero"`
	IDTail      string `json:"idTail,omitzero"`
	BusinessID  string `json:"businessID,omitzero"`
	AgencyOID   string `json:"agencyOID,omitzero"`
}

// Issuer is one issuing CA with all its generations.
type Issuer struct {
	// Family is the CA's short name for account keys: lower-case letters, digits, hyphens.
	Family       string   `json:"family"`
	Country      string   `json:"country"`
	Organization string   `json:"organization"`
	Unit         string   `json:"unit"`
	CardKind     CardKind `json:"cardKind"`
}

//go:embed issuers.json
var defaultTable []byte

// DefaultTable is the table that ships, issuers.json.
func DefaultTable() Table {
	table, err := ParseTable(defaultTable)
	if err != nil {
		panic(err) // a test reads the same file
	}
	return table
}

// ParseTable reads a table, strictly: unknown members, unknown kinds, malformed OIDs, two issuers of one name are errors.
func ParseTable(data []byte) (Table, error) {
	var table Table
	if err := json.Unmarshal(data, &table, json.RejectUnknownMembers(true)); err != nil {
		return Table{}, fmt.Errorf("issuer table not read: %w; compare it with issuers.json", err)
	}
	if err := table.check(); err != nil {
		return Table{}, fmt.Errorf("issuer table: %w", err)
	}
	return table, nil
}

func (t Table) check() error {
	if err := t.checkIssuers(); err != nil {
		return err
	}
	kinds := []Kind{KindPerson, KindAgency, KindUnit, KindCompany, KindBusiness, KindServer, KindUnknown}
	for oid, kind := range t.SubjectTypes {
		if _, err := parseOID(oid); err != nil || !slices.Contains(kinds, kind) {
			return fmt.Errorf("subjectTypes %q: %q; write an OID with one of %v", oid, kind, kinds)
		}
	}
	var read []string
	for _, oid := range []string{t.Attributes.SubjectType, t.Attributes.IDTail, t.Attributes.BusinessID, t.Attributes.AgencyOID} {
		if oid != "" && slices.Contains(read, oid) {
			return fmt.Errorf("attributes name %q twice; give each its own OID", oid)
		}
		if oid != "" {
			read = append(read, oid)
		}
	}
	_, err := parseOIDs(slices.Concat(read, t.Policies, t.TestPolicies))
	return err
}

func (t Table) checkIssuers() error {
	cards := []CardKind{CardCitizen, CardAgency, CardOrganisation, CardBusiness, CardTest, CardOther}
	for i, issuer := range t.Issuers {
		same := func(other Issuer) bool { return other.name() == issuer.name() }
		switch {
		case issuer.Family == "" || strings.Trim(issuer.Family, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
			return fmt.Errorf("issuers[%d].family %q; use a-z, 0-9, hyphen", i, issuer.Family)
		case issuer.Unit == "" || issuer.Organization == "":
			return fmt.Errorf("issuers[%d] needs organization, unit", i)
		case !slices.Contains(cards, issuer.CardKind):
			return fmt.Errorf("issuers[%d].cardKind %q is none of %v", i, issuer.CardKind, cards)
		case slices.ContainsFunc(t.Issuers[:i], same):
			return fmt.Errorf("issuers[%d] names the same CA as one before it; give each CA one row", i)
		}
	}
	return nil
}

func (t Table) isZero() bool {
	return t.Issuers == nil && t.Policies == nil && t.TestPolicies == nil && t.SubjectTypes == nil && t.Attributes == AttributeOIDs{}
}

func (i Issuer) name() string { return i.Country + "\x00" + i.Organization + "\x00" + i.Unit }

// issuerOf finds the row for a distinguished name; a CA of no row is CardOther without a family.
func (t Table) issuerOf(name pkix.Name) Issuer {
	for _, issuer := range t.Issuers {
		if only(name.Country) == issuer.Country && only(name.Organization) == issuer.Organization &&
			only(name.OrganizationalUnit) == issuer.Unit {
			return issuer
		}
	}
	return Issuer{CardKind: CardOther}
}

// isTest tells a test certificate by its issuer or by a certificate policy.
func (t Table) isTest(cert *x509.Certificate) bool {
	if t.issuerOf(cert.Issuer).CardKind == CardTest {
		return true
	}
	return slices.ContainsFunc(cert.PolicyIdentifiers, func(policy asn1.ObjectIdentifier) bool {
		return slices.Contains(t.TestPolicies, policy.String())
	})
}

func only(values []string) string {
	if len(values) != 1 {
		return ""
	}
	return values[0]
}

func parseOIDs(texts []string) ([]asn1.ObjectIdentifier, error) {
	oids := make([]asn1.ObjectIdentifier, 0, len(texts))
	for _, text := range texts {
		oid, err := parseOID(text)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", text, err)
		}
		oids = append(oids, oid)
	}
	return oids, nil
}

var errOID = errors.New("not an object identifier; write numbers with dots between them, such as 2.16.886.101.0.3.3")

// parseOID takes 2 to 32 arcs in their one spelling: no leading zeros, no empty arc.
func parseOID(text string) (asn1.ObjectIdentifier, error) {
	if len(text) > 255 {
		return nil, errOID
	}
	arcs := strings.Split(text, ".")
	if len(arcs) < 2 || len(arcs) > 32 {
		return nil, errOID
	}
	oid := make(asn1.ObjectIdentifier, len(arcs))
	for i, arc := range arcs {
		n, err := strconv.ParseUint(arc, 10, 31)
		if err != nil || strconv.FormatUint(n, 10) != arc {
			return nil, errOID
		}
		oid[i] = int(n)
	}
	if oid[0] > 2 || (oid[0] < 2 && oid[1] > 39) {
		return nil, errOID
	}
	return oid, nil
}
