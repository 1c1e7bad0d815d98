package operation

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
)

// The card kinds of Taiwan are told by what the issuer wrote into the certificate: its own name, else the subject type in the
// subjectDirectoryAttributes. This is for the person's eyes and for IT's filter; whether the issuer is genuine is the portal's
// to verify.
var kindByIssuer = map[string]string{
	"內政部憑證管理中心":   "citizen",
	"政府憑證管理中心":    "agency",
	"組織及團體憑證管理中心": "organisation",
	"工商憑證管理中心":    "business",
	"政府測試憑證管理中心":  "test",
}

var (
	subjectDirectoryAttributes = asn1.ObjectIdentifier{2, 5, 29, 9}
	subjectTypeAttribute       = asn1.ObjectIdentifier{2, 16, 886, 1, 100, 2, 1}
)

var kindBySubjectType = map[string]string{
	"2.16.886.1.100.3.1.1":     "citizen",
	"2.16.886.1.100.3.2.1.1":   "agency",
	"2.16.886.1.100.3.2.1.2":   "agency",
	"2.16.886.1.100.3.2.2.1.1": "business",
	"2.16.886.1.100.3.2.3.1":   "business",
}

func kindOf(cert *x509.Certificate) string {
	for _, ou := range cert.Issuer.OrganizationalUnit {
		if kind, ok := kindByIssuer[ou]; ok {
			return kind
		}
	}
	if kind, ok := kindBySubjectType[subjectType(cert)]; ok {
		return kind
	}
	return "other"
}

// subjectType reads the attribute's first value; anything malformed is no subject type.
func subjectType(cert *x509.Certificate) string {
	for _, ext := range cert.Extensions {
		if !ext.Id.Equal(subjectDirectoryAttributes) {
			continue
		}
		var attributes []struct {
			Type   asn1.ObjectIdentifier
			Values asn1.RawValue `asn1:"set"`
		}
		if rest, err := asn1.Unmarshal(ext.Value, &attributes); err != nil || len(rest) != 0 {
			return ""
		}
		for _, a := range attributes {
			var oid asn1.ObjectIdentifier
			if a.Type.Equal(subjectTypeAttribute) {
				if _, err := asn1.Unmarshal(bytes.Clone(a.Values.Bytes), &oid); err == nil {
					return oid.String()
				}
			}
		}
	}
	return ""
}
