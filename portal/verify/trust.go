package verify

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const (
	maxTrustFile  = 1 << 20
	maxTrustFiles = 1000
)

// LoadTable reads the one JSON file of issuers, policies, OIDs; issuers.json is the form.
func LoadTable(name string) (Table, error) {
	data, err := readFile(name)
	if err != nil {
		return Table{}, fmt.Errorf("issuer table %s: %w", name, err)
	}
	return ParseTable(data)
}

// LoadTrust reads every *.pem of a folder: a certificate that signed itself is a root, another CA's is an intermediate. A
// file that cannot be read, holds no certificate or holds one that is no CA's is an error: a portal with half its trust
// turns people away without a word.
func LoadTrust(dir string) (roots, intermediates []*x509.Certificate, err error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, nil, fmt.Errorf("trust folder: %w; create it, or name another", err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	if err != nil || len(names) > maxTrustFiles {
		return nil, nil, fmt.Errorf("trust folder %s: over %d files, or a name with one of *?[", dir, maxTrustFiles)
	}
	for _, name := range names {
		certs, err := readTrust(name)
		if err != nil {
			return nil, nil, fmt.Errorf("trust file %s: %w", name, err)
		}
		for _, cert := range certs {
			if selfSigned(cert) {
				roots = append(roots, cert)
			} else {
				intermediates = append(intermediates, cert)
			}
		}
	}
	return roots, intermediates, nil
}

func readTrust(name string) ([]*x509.Certificate, error) {
	data, err := readFile(name)
	if err != nil {
		return nil, err
	}
	var certs []*x509.Certificate
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		data = rest
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("holds a %s; only certificates belong here", block.Type)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		if !isCA(cert) {
			return nil, fmt.Errorf("%q is not a CA's certificate; remove it", cert.Subject)
		}
		certs = append(certs, cert)
	}
	if len(certs) == 0 {
		return nil, errors.New("no CERTIFICATE in it; store it as PEM")
	}
	return certs, nil
}

func readFile(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxTrustFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxTrustFile {
		return nil, fmt.Errorf("over %d bytes; divide it", maxTrustFile)
	}
	return data, nil
}

// selfSigned asks the key, not only the name: a CA's new key certified by its old one has one DN twice, and is no root.
// Roots of the SHA-1 years cannot be asked, Go does not verify them; nobody needs a root's own signature (RFC 5280 section
// 6.1), so there the key identifiers decide.
func selfSigned(cert *x509.Certificate) bool {
	if !bytes.Equal(cert.RawIssuer, cert.RawSubject) {
		return false
	}
	err := cert.CheckSignatureFrom(cert)
	if _, old := errors.AsType[x509.InsecureAlgorithmError](err); old {
		return len(cert.AuthorityKeyId) == 0 || bytes.Equal(cert.AuthorityKeyId, cert.SubjectKeyId)
	}
	return err == nil
}
