package macos

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// onAMac are the scripts that a Mac runs; the other is ours.
var onAMac = []string{"build.sh", "uninstall.sh", "scripts/preinstall", "scripts/postinstall"}

func TestTheScriptsAreSound(t *testing.T) {
	for _, name := range append([]string{"archive.sh"}, onAMac...) {
		printed, err := run(t, room, nil, "shellcheck", "--external-sources", name)
		assert.NoError(t, err, printed)
		shell := strings.TrimPrefix(strings.SplitN(read(t, filepath.Join(room, name)), "\n", 2)[0], "#!")
		printed, err = run(t, room, nil, shell, "-n", name)
		assert.NoError(t, err, printed)
		info, err := os.Stat(filepath.Join(room, name))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o755), info.Mode().Perm(), name)
	}
	bad := filepath.Join(t.TempDir(), "bad.sh")
	require.NoError(t, os.WriteFile(bad, []byte("#!/bin/sh\nrm -rf $1/*\n"), 0o600))
	_, err := run(t, room, nil, "shellcheck", bad)
	require.Error(t, err, "a bad script is seen")
}

func TestNobodyBelievesThatThisWasRunOnAMac(t *testing.T) {
	for _, name := range onAMac {
		second := strings.SplitN(read(t, filepath.Join(room, name)), "\n", 3)[1]
		assert.Contains(t, second, "# Not run on a Mac", name)
	}
	assert.Contains(t, read(t, filepath.Join(room, "README.md")), "**None of this has been run on a Mac.**")
	assert.Contains(t, read(t, filepath.Join(room, "README.zh-TW.md")), "**這裡的一切都沒有在 Mac 上執行過。**")
	for _, name := range []string{"Distribution.xml", "entitlements.plist"} {
		assert.Contains(t, read(t, filepath.Join(room, name)), "<!-- Not used on a Mac yet.")
	}
	for _, step := range []string{"binary", "sign", "package", "notarize"} {
		printed, err := run(t, room, []string{"OUT=" + t.TempDir()}, "./build.sh", step)
		require.Error(t, err, step)
		assert.Contains(t, printed, step+" needs a Mac")
	}
	_, err := run(t, room, []string{"OUT=" + t.TempDir()}, "./build.sh")
	require.Error(t, err)
}

func TestTheEntitlementsAreThoseTwo(t *testing.T) {
	assert.Equal(t, map[string]any{"com.apple.security.cs.disable-library-validation": true, "com.apple.security.smartcard": true},
		plist(t, filepath.Join(room, "entitlements.plist")))
}

func TestTheDistributionNamesWhatIsThere(t *testing.T) {
	name := filepath.Join(room, "Distribution.xml")
	printed, err := run(t, room, nil, "xmllint", "--noout", "Distribution.xml")
	require.NoError(t, err, printed)
	var d struct {
		XMLName xml.Name
		Title   string `xml:"title"`
		Welcome struct {
			File string `xml:"file,attr"`
		} `xml:"welcome"`
		Lines []struct {
			Choice string `xml:"choice,attr"`
		} `xml:"choices-outline>line"`
		Choices []struct {
			ID   string `xml:"id,attr"`
			Refs []ref  `xml:"pkg-ref"`
		} `xml:"choice"`
		Refs []ref `xml:"pkg-ref"`
	}
	require.NoError(t, xml.Unmarshal([]byte(read(t, name)), &d))
	require.Len(t, d.Lines, 1)
	require.Len(t, d.Choices, 1)
	require.Len(t, d.Refs, 1)
	assert.Equal(t, d.Lines[0].Choice, d.Choices[0].ID)
	assert.Equal(t, d.Choices[0].Refs[0].ID, d.Refs[0].ID)
	build := read(t, filepath.Join(room, "build.sh"))
	assert.Contains(t, build, "IDENTIFIER="+d.Refs[0].ID+"\n")
	assert.Contains(t, build, `"$OUT/`+d.Refs[0].File+`"`)
	assert.Contains(t, read(t, filepath.Join(room, "uninstall.sh")), "identifier="+d.Refs[0].ID+"\n")
	for language, title := range map[string]string{"en": "CardBridge", "zh-Hant": "CardBridge 憑證通"} {
		folder := filepath.Join(room, "resources", language+".lproj")
		assert.Equal(t, `"`+d.Title+`" = "`+title+"\";\n", read(t, filepath.Join(folder, "Localizable.strings")))
		printed, err := run(t, folder, nil, "xmllint", "--noout", d.Welcome.File)
		assert.NoError(t, err, printed)
	}
}

type ref struct {
	ID   string `xml:"id,attr"`
	File string `xml:",chardata"`
}
