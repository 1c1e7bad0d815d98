package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
)

func tool(t *testing.T, folder string, words ...string) {
	t.Helper()
	require.NoError(t, run(folder, nil, words...))
}

// The whole build, twice, in folders of different names.
func TestTwoBuildsAreTheSame(t *testing.T) {
	t.Chdir(root)
	var first, second []byte
	for _, into := range []*[]byte{&first, &second} {
		t.Setenv("TMPDIR", t.TempDir())
		out := t.TempDir()
		require.NoError(t, build(options{out: out, version: "1.2.3", ids: testID, updateURL: testURL, settings: testSettings, epoch: 1_764_000_000}))
		text, err := os.ReadFile(filepath.Join(out, "cardbridge-1.2.3-x64.msi"))
		require.NoError(t, err)
		*into = text
	}
	require.True(t, bytes.Equal(first, second))
}

// The resources of the program: whoever looks at the file's properties sees the version, in either language.
func TestTheProgramSaysWhatItIs(t *testing.T) {
	t.Chdir(root)
	p, err := newProduct("1.2.3", "", "", "")
	require.NoError(t, err)
	stage := t.TempDir()
	require.NoError(t, p.compile(stage))
	exe, err := os.ReadFile(filepath.Join(stage, "cardbridge.exe"))
	require.NoError(t, err)
	wide := func(s string) string {
		var b []byte
		for _, unit := range utf16.Encode([]rune(s)) {
			b = append(b, byte(unit), byte(unit>>8))
		}
		return string(b)
	}
	for _, want := range []string{wide("CardBridge host: lets browsers use smart cards"), wide("憑證通主程式：讓瀏覽器使用憑證卡"), wide("FileVersion\x00"), wide("1.2.3\x00"), wide("040404B0"), wide("040904B0"),
		"\xbd\x04\xef\xfe\x00\x00\x01\x00\x02\x00\x01\x00\x00\x00\x03\x00", // the fixed part: 1.2.3.0
		"<longPathAware ", `level="asInvoker"`} {
		require.True(t, bytes.Contains(exe, []byte(want)), "%q", want)
	}
}
