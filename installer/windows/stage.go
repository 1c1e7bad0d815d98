package main

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"text/template"

	"github.com/cardbridge/cardbridge/manifests"
)

//go:embed product.wxs
var productText string

// What the package says of rights: to the program itself, to what is linked into it.
const (
	licenseFile = "LICENSE.txt"
	noticesFile = "THIRD-PARTY-NOTICES.txt"
)

// notices puts the licences beside the compiled program: of those modules alone that are linked into this one, for Windows.
func notices(stage string) error {
	return run("", nil, "go", "run", "./installer/notices", "-out", filepath.Join(stage, noticesFile), filepath.Join(stage, "cardbridge.exe"))
}

// write puts what the package holds beside the compiled files.
func (p product) write(stage string) error {
	page, err := template.New("product.wxs").Parse(productText)
	if err != nil {
		return err
	}
	var wxs bytes.Buffer
	if err := page.Execute(&wxs, p); err != nil {
		return err
	}
	license, err := os.ReadFile("LICENSE")
	if err != nil {
		return err
	}
	files := map[string][]byte{"product.wxs": wxs.Bytes(), licenseFile: license}
	ids, err := manifests.ReleasedExtensions()
	if err != nil {
		return err
	}
	for _, id := range p.IDs {
		ids.Add(id)
	}
	for family, name := range map[string]string{"chromium": p.Host() + ".json", "firefox": p.Host() + ".firefox.json"} {
		files[name], err = manifests.Host(family, p.Host(), "cardbridge.exe", ids)
		if errors.Is(err, manifests.ErrNoExtension) {
			files[name], err = p.closed(), nil
		}
		if err != nil {
			return err
		}
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(stage, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// closed is a manifest that lets nobody in, where the build knows no id: the installation adds those of EXTENSION_ID, of the policy.
func (p product) closed() []byte {
	return fmt.Appendf(nil, `{"name": %q, "description": "CardBridge 憑證通", "path": "cardbridge.exe", "type": "stdio", "allowed_origins": []}`, p.Host())
}

// digest is that of files of a folder.
func digest(folder string, names ...string) (string, error) {
	sum := sha256.New()
	for _, name := range names {
		f, err := os.Open(filepath.Join(folder, name))
		if err != nil {
			return "", err
		}
		_, err = io.Copy(sum, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// export is a table of the MSI as text (the Windows Installer's archive format). What is no text is written into files beside the MSI.
func export(msi, table string) (string, error) {
	cmd := exec.Command("msiinfo", "export", filepath.Base(msi), table)
	cmd.Dir = filepath.Dir(msi)
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("msiinfo export %s: %w", table, err)
	}
	return string(out), nil
}
