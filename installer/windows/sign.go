package main

import (
	"errors"
	"os"
)

// signing is the key of an Authenticode signature; none: nothing is signed.
type signing struct{ key, certificate, timestamp string }

// sign signs a file in its place. A release gives a timestamp server too: without its word the signature ends with the certificate.
func (s signing) sign(path string) error {
	if s.key == "" && s.certificate == "" {
		return nil
	}
	if s.key == "" || s.certificate == "" {
		return errors.New("a signature needs both the key and the certificate")
	}
	words := []string{"osslsigncode", "sign", "-certs", s.certificate, "-key", s.key, "-h", "sha256", "-n", "CardBridge", "-i", "https://github.com/cardbridge/cardbridge"}
	if s.timestamp != "" {
		words = append(words, "-ts", s.timestamp)
	}
	signed := path + ".signed"
	if err := run("", nil, append(words, "-in", path, "-out", signed)...); err != nil {
		return err
	}
	return os.Rename(signed, path)
}
