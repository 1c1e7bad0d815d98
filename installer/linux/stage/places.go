package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/cardbridge/cardbridge/manifests"
	"github.com/cardbridge/cardbridge/protocol"
)

// links collects what the script links reads: a file of the package, the place where a browser looks for it. Browsers may share one.
type links struct {
	stage *stage
	root  string // of the package, below the stage's folder
	list  bytes.Buffer
}

// add puts a rendered file into the package's folder, a line into the list, the place's folder into the package, so that the
// package's manager removes the folder when nothing else needs it. A file that was not rendered is not linked.
func (l *links) add(rendered, folder, name, place string) error {
	content, err := os.ReadFile(filepath.Join(l.stage.rendered, rendered))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	target := path.Join(folder, name)
	line := target + " " + place + "\n"
	if strings.Contains(l.list.String(), line) {
		return nil
	}
	l.list.WriteString(line)
	if err := os.MkdirAll(filepath.Join(l.stage.out, l.root, path.Dir(place)), 0o755); err != nil {
		return err
	}
	return l.stage.write(path.Join(l.root, target), content)
}

// manifests are the host's, for each browser.
func (s *stage) manifests() error {
	const folder = "/usr/share/cardbridge"
	browsers, err := manifests.Browsers()
	if err != nil {
		return err
	}
	l := links{stage: s, root: "root"}
	for _, b := range browsers {
		place := path.Join(b.Linux.System, protocol.HostName+".json")
		if err := l.add("linux/host/"+b.Family+".json", folder+"/manifests", b.Family+".json", place); err != nil {
			return fmt.Errorf("%s: %w", b.Name, err)
		}
	}
	if err := s.write("root"+folder+"/places", l.list.Bytes()); err != nil {
		return err
	}
	return s.manifests64(browsers, folder)
}

// manifests64 are further places, of the rpm alone: Debian's browsers do not look there.
func (s *stage) manifests64(browsers []manifests.Browser, folder string) error {
	var list bytes.Buffer
	for _, b := range browsers {
		if b.Linux.System64 == "" {
			continue
		}
		fmt.Fprintf(&list, "%s/manifests/%s.json %s\n", folder, b.Family, path.Join(b.Linux.System64, protocol.HostName+".json"))
		if err := os.MkdirAll(filepath.Join(s.out, "rpm", b.Linux.System64), 0o755); err != nil {
			return err
		}
	}
	return s.write("rpm"+folder+"/places64", list.Bytes())
}

// policies are those for browsers, in a file of our own where the browser reads a folder. Firefox reads one file alone: the package
// links it where there is none.
func (s *stage) policies() error {
	const folder = "/usr/share/cardbridge-browser-policy"
	browsers, err := manifests.Browsers()
	if err != nil {
		return err
	}
	l := links{stage: s, root: "policy"}
	for _, b := range browsers {
		place := b.Linux.Policies
		if !strings.HasSuffix(place, ".json") {
			place = path.Join(place, "cardbridge.json")
		}
		if err := l.add("linux/policies/"+b.ID+".json", folder, b.ID+".json", place); err != nil {
			return fmt.Errorf("%s: %w", b.Name, err)
		}
	}
	if l.list.Len() == 0 {
		return nil
	}
	return s.write("policy"+folder+"/places", l.list.Bytes())
}
