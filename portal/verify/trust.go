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
	"slices"
	"strings"
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

// LoadTrust reads every certificate file of a folder (.pem, .crt, .cer, .der; PEM or DER by what is in it): a certificate that
// signed itself is a root, another CA's is an intermediate. Links are followed, names with a dot in front are not looked at,
// a certificate that comes twice counts once, an expired one is kept: by it a login is told ErrIssuerExpired from
// ErrUntrusted. A file that cannot be read, holds no certificate or holds one that is no CA's is an error: a portal with half
// its trust turns people away without a word. A folder without any gives none, and then every login is ErrUntrusted.
func LoadTrust(dir string) (roots, intermediates []*x509.Certificate, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("trust folder: %w; create it, or name another", err)
	}
	entries = slices.DeleteFunc(entries, func(entry os.DirEntry) bool { return !isTrustName(entry.Name()) })
	if len(entries) > maxTrustFiles {
		return nil, nil, fmt.Errorf("trust folder %s: over %d files; keep the issuers of your cards only", dir, maxTrustFiles)
	}
	seen := map[string]bool{}
	for _, entry := range entries {
		name := filepath.Join(dir, entry.Name())
		certs, err := readTrust(name)
		if err != nil {
			return nil, nil, fmt.Errorf("trust file %s: %w", name, err)
		}
		for _, cert := range certs {
			switch {
			case seen[string(cert.Raw)]:
			case selfSigned(cert):
				roots = append(roots, cert)
			default:
				intermediates = append(intermediates, cert)
			}
			seen[string(cert.Raw)] = true
		}
	}
	return roots, intermediates, nil
}

func isTrustName(name string) bool {
	kinds := []string{".pem", ".crt", ".cer", ".der"}
	return !strings.HasPrefix(name, ".") && slices.Contains(kinds, strings.ToLower(filepath.Ext(name)))
}

func readTrust(name string) ([]*x509.Certificate, error) {
	data, err := readFile(name)
	if err != nil {
		return nil, err
	}
	blocks := [][]byte{data}
	if armour := []byte("-----BEGIN"); bytes.Contains(data, armour) {
		if blocks, data, err = readPEM(data); err != nil {
			return nil, err
		}
		if bytes.Contains(data, armour) {
			return nil, errors.New("a certificate in it is cut off or not base64; copy the file anew")
		}
	}
	var certs []*x509.Certificate
	for _, block := range blocks {
		cert, err := x509.ParseCertificate(block)
		if err != nil {
			return nil, fmt.Errorf("no certificate in it: %w; store it as PEM or DER", err)
		}
		if !isCA(cert) {
			return nil, fmt.Errorf("%q is not a CA's certificate; remove it", cert.Subject)
		}
		certs = append(certs, cert)
	}
	return certs, nil
}

func readPEM(data []byte) (blocks [][]byte, rest []byte, err error) {
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			return blocks, data, nil
		}
		if block.Type != "CERTIFICATE" {
			return nil, nil, fmt.Errorf("holds a %s; only certificates belong here", block.Type)
		}
		blocks, data = append(blocks, block.Bytes), rest
	}
}

// readFile wants a regular file: opening a pipe would wait for whoever writes to it.
func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file; put the file itself there")
	}
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
