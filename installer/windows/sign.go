package main

import (
	"errors"
	"os"
	"strings"
)

// signing is the key of an Authenticode signature; none: nothing is signed.
type signing struct {
	key, certificate string // PEM files; with a module PKCS#11 URIs (RFC 7512), the certificate may be a file there, too
	module           string // the PKCS#11 module of the hardware that the key does not leave
	passFile         string // holds the PIN, the passphrase: on a command line every process could read it
	timestamp        string
}

const uriScheme = "pkcs11:"

// check refuses what cannot sign. A word about signatures that is not enough for one is a mistake, no wish for none.
func (s signing) check() error {
	inToken := strings.HasPrefix(s.key, uriScheme)
	switch {
	case s.key == "" || s.certificate == "":
		return errors.New("a signature needs both the key and the certificate")
	case inToken != (s.module != ""):
		return errors.New("a key in hardware needs the PKCS#11 module as well as its URI, pkcs11:…; a key in a file neither")
	case strings.HasPrefix(s.certificate, uriScheme) && !inToken:
		return errors.New("a certificate in hardware goes with a key there")
	case strings.Contains(s.key+s.certificate, "pin-value"):
		return errors.New("a PIN does not belong into a URI, which other processes can read: put it into a file")
	}
	return nil
}

// words are the command that signs, but for the files. In a session of its own it has no terminal: a build does not stand still for a
// question.
func (s signing) words() []string {
	words := []string{"setsid", "--wait", "osslsigncode", "sign"}
	if s.module != "" {
		words = append(words, "-pkcs11module", s.module)
	}
	if strings.HasPrefix(s.certificate, uriScheme) {
		words = append(words, "-pkcs11cert", s.certificate)
	} else {
		words = append(words, "-certs", s.certificate)
	}
	words = append(words, "-key", s.key)
	if s.passFile != "" {
		words = append(words, "-readpass", s.passFile)
	}
	if s.timestamp != "" {
		words = append(words, "-ts", s.timestamp)
	}
	return append(words, "-h", "sha256", "-n", "CardBridge", "-i", "https://github.com/cardbridge/cardbridge")
}

// sign signs a file in its place. A release gives a timestamp server too: without its word the signature ends with the certificate.
func (s signing) sign(path string) error {
	if s == (signing{}) {
		return nil
	}
	if err := s.check(); err != nil {
		return err
	}
	signed := path + ".signed"
	if err := run("", nil, append(s.words(), "-in", path, "-out", signed)...); err != nil {
		return err
	}
	return os.Rename(signed, path)
}
