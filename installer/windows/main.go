// Command windows builds the MSI for Windows x64.
//
//	windows -out DIR -version X.Y.Z [-ids ID,…] [-update-url URL] [-settings FILE] [-winget-url URL] [-program FILE]
//	    [-sign-key FILE|URI -sign-cert FILE|URI [-sign-module FILE] [-sign-pass-file FILE] [-timestamp-url URL]]
//
// It compiles the host with its resources and the library of custom actions, has wixl write the tables, adds those for which wixl has
// no words, then compares every table with what it must be: wixl writes some things wrongly without a word. Run it in the module's root.
//
// What became of it was seen under Wine alone (tests/wine). Nobody has seen there: the taking back of an upgrade, User Account Control, the
// Restart Manager, the service's recovery and rights, Group Policy, SmartScreen; nor has Microsoft's validation (ICE) judged the tables.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// options are the command line.
type options struct {
	out, version, ids, updateURL, settings string
	epoch                                  int64
	signing                                signing
	winget, program                        string
}

func main() {
	var o options
	flag.StringVar(&o.out, "out", "", "the folder to write to")
	flag.StringVar(&o.version, "version", "", "three numbers")
	flag.StringVar(&o.ids, "ids", "", "ids of the extension, with commas between; the first is the one that FORCE_EXTENSION=1 forces")
	flag.StringVar(&o.updateURL, "update-url", "", "where that one's updates.xml is")
	flag.StringVar(&o.settings, "settings", "", "a JSON file of the extension's managed storage, written where it is forced")
	flag.Int64Var(&o.epoch, "epoch", 0, "the date in the package, seconds since 1970")
	flag.StringVar(&o.signing.key, "sign-key", "", "a PEM file, or the PKCS#11 URI of a key in hardware; without it nothing is signed")
	flag.StringVar(&o.signing.certificate, "sign-cert", "", "the certificate with its chain, a PEM file; or its PKCS#11 URI")
	flag.StringVar(&o.signing.module, "sign-module", "", "the PKCS#11 module of that hardware")
	flag.StringVar(&o.signing.passFile, "sign-pass-file", "", "a file with the PIN of that hardware, the passphrase of the PEM file")
	flag.StringVar(&o.signing.timestamp, "timestamp-url", "", "an RFC 3161 server")
	flag.StringVar(&o.winget, "winget-url", "", "where the MSI will be; its winget manifests are written then")
	flag.StringVar(&o.program, "program", "", "the program goes there too, for whoever lists what it consists of")
	flag.Parse()
	if err := build(o); err != nil {
		fmt.Fprintln(os.Stderr, "windows:", err)
		os.Exit(1)
	}
}

// run runs a tool in a folder; what it prints is the error's.
func run(folder string, environment []string, words ...string) error {
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), environment...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(words, " "), err, out)
	}
	return nil
}

func build(o options) error {
	if o.out == "" || flag.NArg() > 0 {
		return errors.New("-out names the folder; nothing else is an argument")
	}
	p, err := newProduct(o.version, o.ids, o.updateURL, o.settings)
	if err != nil {
		return err
	}
	stage, err := os.MkdirTemp("", "cardbridge-msi-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(stage)
	if err := p.compile(stage); err != nil {
		return err
	}
	if err := notices(stage); err != nil {
		return err
	}
	for _, name := range []string{"cardbridge.exe", "actions.dll"} {
		if err := o.signing.sign(filepath.Join(stage, name)); err != nil {
			return err
		}
	}
	msi := filepath.Join(stage, p.fileName())
	if err := p.pack(stage, msi, o.epoch); err != nil {
		return err
	}
	if err := p.check(msi); err != nil {
		return err
	}
	if err := o.signing.sign(msi); err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	if o.winget != "" {
		if err := p.winget(filepath.Join(o.out, "winget"), msi, o.winget, time.Unix(o.epoch, 0).UTC()); err != nil {
			return err
		}
	}
	if o.program != "" {
		if err := os.MkdirAll(filepath.Dir(o.program), 0o755); err != nil {
			return err
		}
		if err := copied(filepath.Join(stage, "cardbridge.exe"), o.program); err != nil {
			return err
		}
	}
	return copied(msi, filepath.Join(o.out, p.fileName()))
}

func copied(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o644)
}

func (p product) fileName() string { return "cardbridge-" + p.Version + "-x64.msi" }

const mingw = "x86_64-w64-mingw32-gcc"

// compile makes the program and the library of custom actions, the same bytes each time.
func (p product) compile(stage string) error {
	resource, err := p.resource(stage, filepath.Join("extension", "icons"))
	if err != nil {
		return err
	}
	flags := "-s -w -buildid= -X main.version=" + p.Version + " -X github.com/cardbridge/cardbridge/manifests.extensionIDs=" + strings.Join(p.IDs, ",") +
		" -extldflags " + resource
	err = run("", []string{"GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=1", "CC=" + mingw},
		"go", "build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", filepath.Join(stage, "cardbridge.exe"), "./host")
	if err != nil {
		return err
	}
	return run("", nil, mingw, "-shared", "-O2", "-s", "-Wall", "-Wextra", "-Werror", "-Wl,--no-insert-timestamp,--disable-auto-image-base", // else the base depends on the folder
		"-o", filepath.Join(stage, "actions.dll"), filepath.Join("installer", "windows", "actions", "actions.c"), "-lmsi")
}

// pack has wixl write the tables, adds ours, dates everything as it was told.
func (p product) pack(stage, msi string, epoch int64) error {
	if err := p.write(stage); err != nil {
		return err
	}
	entries, err := os.ReadDir(stage)
	if err != nil {
		return err
	}
	date := time.Unix(epoch, 0)
	for _, e := range entries {
		if err := os.Chtimes(filepath.Join(stage, e.Name()), date, date); err != nil {
			return err
		}
	}
	// a warning of wixl is a thing that it left out
	if err := run(stage, []string{"G_DEBUG=fatal-warnings", "TZ=UTC"}, "wixl", "-a", "x64", "-o", filepath.Base(msi), "product.wxs"); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(stage, "codepage.idt"), []byte(codepage), 0o644); err != nil {
		return err
	}
	if err := run(stage, nil, "msibuild", filepath.Base(msi), "-i", "codepage.idt"); err != nil {
		return err
	}
	if err := run(stage, []string{"G_DEBUG=fatal-warnings"}, append([]string{"msibuild", filepath.Base(msi), "-q"}, p.queries()...)...); err != nil {
		return err
	}
	return p.summarise(stage, msi, date.UTC())
}

// summarise writes the stream that describes the package: its code is that of its content, its dates are those it was told.
func (p product) summarise(stage, msi string, date time.Time) error {
	sum, err := digest(stage, "cardbridge.exe", "actions.dll", "product.wxs", p.Host()+".json", p.Host()+".firefox.json", licenseFile, noticesFile)
	if err != nil {
		return err
	}
	text, err := export(msi, "_SummaryInformation")
	if err != nil {
		return err
	}
	when := date.Format("2006/01/02 15:04:05")
	lines := strings.Split(strings.TrimRight(text, "\r\n"), "\r\n")
	for n, line := range lines {
		id, _, _ := strings.Cut(line, "\t")
		number, err := strconv.Atoi(id)
		if err != nil {
			continue
		}
		switch number {
		case summaryTemplate:
			lines[n] = id + "\tx64;1028"
		case summaryCode:
			lines[n] = id + "\t" + code("package/"+sum)
		case summaryCreated, summarySaved:
			lines[n] = id + "\t" + when
		}
	}
	table := filepath.Join(stage, "_SummaryInformation.idt")
	if err := os.WriteFile(table, []byte(strings.Join(lines, "\r\n")+"\r\n"), 0o644); err != nil {
		return err
	}
	return run(stage, []string{"TZ=UTC"}, "msibuild", filepath.Base(msi), "-i", filepath.Base(table))
}

// The properties of that stream (PID_… of the Windows Installer's documentation).
const (
	summaryTemplate = 7
	summaryCode     = 9
	summaryCreated  = 12
	summarySaved    = 13
)
