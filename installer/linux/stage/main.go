// Command stage writes what packages for Linux hold beside the program: places of manifests, policies, licences, the changelog.
//
//	stage -version VERSION -rendered DIR -out DIR
//
// DIR is what manifests/render wrote. Below out, root/ is for every package of the program, deb/ and rpm/ are for one kind; policy/
// is the package of browsers' policies, debpolicy/ Debian's part of it: policy/ is missing if DIR has no policy.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

func main() {
	var s stage
	flag.StringVar(&s.version, "version", "", "the packages' version")
	flag.StringVar(&s.rendered, "rendered", "", "the folder that manifests/render wrote")
	flag.StringVar(&s.out, "out", "", "the folder to write to")
	flag.Parse()
	if err := s.run(); err != nil {
		fmt.Fprintln(os.Stderr, "stage:", err)
		os.Exit(1)
	}
}

type stage struct {
	version, rendered, out string
	date                   time.Time
}

func (s *stage) run() error {
	seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	s.date = time.Unix(seconds, 0).UTC()
	for _, part := range []func() error{s.manifests, s.policies, s.documents} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) write(path string, content []byte) error {
	path = filepath.Join(s.out, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}
