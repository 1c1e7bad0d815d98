package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// maintainer stands in the packages' descriptions too.
const maintainer = "CardBridge maintainers <maintainers@cardbridge.tw>"

// documents are what Debian demands of every package: whose it is, its changelog in Debian's form.
func (s *stage) documents() error {
	changes, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		return err
	}
	for root, name := range map[string]string{"deb": "cardbridge", "debpolicy": "cardbridge-browser-policy"} {
		log, err := compressed([]byte(s.changelog(name, string(changes))))
		if err == nil {
			err = s.write(root+"/usr/share/doc/"+name+"/changelog.gz", log)
		}
		if err == nil {
			err = s.write(root+"/usr/share/doc/"+name+"/copyright", []byte(fmt.Sprintf(copyright, s.date.Year())))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// copyright tells where the licence is, which Debian will not have repeated in packages.
const copyright = `CardBridge 憑證通

Copyright %d the CardBridge authors.
Licensed under the Apache License, Version 2.0; Debian has it in
/usr/share/common-licenses/Apache-2.0, the web in https://www.apache.org/licenses/LICENSE-2.0.

What others wrote of the program: /usr/share/doc/cardbridge/NOTICES.gz.
`

// changelog puts the newest section of ours into Debian's form.
func (s *stage) changelog(name, markdown string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s (%s) unstable; urgency=medium\n\n", name, s.version)
	sections := strings.Split(markdown, "\n## ")
	if len(sections) < 2 {
		sections = []string{"", ""}
	}
	bullets := strings.Split(sections[1], "\n- ")
	for _, bullet := range bullets[1:] {
		bullet, _, _ = strings.Cut(bullet, "\n\n")
		writeWrapped(&text, strings.Fields(bullet))
	}
	fmt.Fprintf(&text, "\n -- %s  %s\n", maintainer, s.date.Format(time.RFC1123Z))
	return text.String()
}

// writeWrapped writes an item in lines of at most 80 characters.
func writeWrapped(text *strings.Builder, words []string) {
	line := "  *"
	for _, word := range words {
		if len(line)+1+len(word) > 80 {
			text.WriteString(line + "\n")
			line = "   "
		}
		line += " " + word
	}
	text.WriteString(line + "\n")
}

func compressed(content []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(content)
	err = errors.Join(err, w.Close())
	return out.Bytes(), err
}
