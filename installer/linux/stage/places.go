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

// add puts a rendered file into the package's folder, a line into the list. The place's folder is not the package's: dpkg and rpm would
// remove an administrator's link to a folder with it, whatever is in there; the script makes and removes folders. A file that was not
// rendered is not linked.
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
	return l.stage.write(path.Join(l.root, target), content)
}

// manifests are the host's, for each browser; the rpm has further places: Debian's browsers do not look there.
func (s *stage) manifests() error {
	const folder = "/usr/share/cardbridge"
	browsers, err := manifests.Browsers()
	if err != nil {
		return err
	}
	for _, format := range []string{"deb", "rpm"} {
		l := links{stage: s, root: format}
		for _, b := range browsers {
			places := []string{b.Linux.System}
			if format == "rpm" && b.Linux.System64 != "" {
				places = append(places, b.Linux.System64)
			}
			for _, place := range places {
				err := l.add("linux/host/"+b.Family+".json", folder+"/manifests", b.Family+".json", path.Join(place, protocol.HostName+".json"))
				if err != nil {
					return fmt.Errorf("%s: %w", b.Name, err)
				}
			}
		}
		if err := s.write(format+folder+"/places", l.list.Bytes()); err != nil {
			return err
		}
	}
	return nil
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
