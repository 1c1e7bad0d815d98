// Command admx writes the Group Policy templates of the policy, with their documents.
//
//	admx            writes manifests/admx/cardbridge.admx, its ADML files, docs/group-policy*.md; in the tree's root
//	admx -zip FILE  packs the templates as they are unpacked into PolicyDefinitions
//
// All of it follows from manifests.GroupPolicies and manifests/policy.schema.json.
package main

import (
	"archive/zip"
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

func main() {
	archive := flag.String("zip", "", "the archive to write")
	flag.Parse()
	files, err := render("manifests/policy.schema.json")
	if err == nil && *archive != "" {
		err = pack(*archive, files)
	} else if err == nil {
		err = write(files)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "admx:", err)
		os.Exit(1)
	}
}

// The folder of the templates, which are all but the documents.
const templates = "manifests/admx/"

// render gives every file by its path from the tree's root.
func render(schema string) (map[string][]byte, error) {
	settings, err := readSettings(schema)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	if files[templates+"cardbridge.admx"], err = definitions(settings); err != nil {
		return nil, err
	}
	for _, l := range []language{chinese, english} {
		if files[templates+l.tag+"/cardbridge.adml"], err = resources(settings, l); err != nil {
			return nil, err
		}
		files["docs/group-policy"+l.suffix+".md"] = document(settings, l)
	}
	return files, nil
}

func write(files map[string][]byte) error {
	for name, content := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// pack writes the same bytes from the same tree: the date is SOURCE_DATE_EPOCH's.
func pack(path string, files map[string][]byte) error {
	seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		inside, err := filepath.Rel(templates, name)
		if err != nil {
			return err
		}
		if !filepath.IsLocal(inside) {
			continue // a document
		}
		header := &zip.FileHeader{Name: filepath.ToSlash(inside), Method: zip.Deflate, Modified: time.Unix(seconds, 0).UTC()}
		header.SetMode(0o644)
		w, err := z.CreateHeader(header)
		if err == nil {
			_, err = w.Write(files[name])
		}
		if err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, packed.Bytes(), 0o644)
}
