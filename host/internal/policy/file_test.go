//go:build unix

package policy

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// put puts a valid document into a folder of its own.
func put(t *testing.T) (folder, path string) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "cardbridge")
	require.NoError(t, os.Mkdir(folder, 0o755))
	path = filepath.Join(folder, "policy.json")
	require.NoError(t, os.WriteFile(path, []byte(`{}`), 0o644))
	require.NoError(t, os.Chmod(folder, 0o755))
	require.NoError(t, Load(path).Err())
	return folder, path
}

// refused wants a document that permits nothing, for that reason.
func refused(t *testing.T, path, code string) {
	t.Helper()
	p := Load(path)
	require.NotNil(t, p.Fault(), "%s was expected", code)
	assert.Equal(t, code, p.Fault().Code, p.Err())
	_, err := p.Admit("https://ecpa.dgpa.gov.tw", Authenticate)
	assert.ErrorIs(t, err, ErrInvalid)
}

func TestALinkThatLeadsNowhereFailsClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "policy.json")
	require.NoError(t, os.Symlink(path+".gone", path))
	refused(t, path, "unreadable")
}

func TestOthersMayNotWriteTheDocument(t *testing.T) {
	for _, mode := range []os.FileMode{0o666, 0o664, 0o646} {
		_, path := put(t)
		require.NoError(t, os.Chmod(path, mode))
		refused(t, path, "writable")
		require.ErrorContains(t, Load(path).Err(), "chmod go-w")
	}
	refused(t, t.TempDir(), "notRegular")
}

// Who may write the folder may put another file of root's there.
func TestOthersMayNotWriteTheFolder(t *testing.T) {
	for _, mode := range []os.FileMode{0o777, 0o775, 0o757, 0o777 | os.ModeSticky} {
		folder, path := put(t)
		require.NoError(t, os.Chmod(folder, mode))
		refused(t, path, "folderWritable")
	}
}

func TestOthersMayOwnNeitherDocumentNorFolder(t *testing.T) {
	const somebody = 1
	_, path := put(t)
	require.NoError(t, os.Chown(path, somebody, -1))
	refused(t, path, "owner")
	require.ErrorContains(t, Load(path).Err(), "uid 1;")
	folder, path := put(t)
	require.NoError(t, os.Chown(folder, somebody, -1))
	refused(t, path, "folderOwner")
}

func TestEachFolderOnALinksWayIsJudged(t *testing.T) {
	folder, path := put(t)
	between, place := filepath.Join(t.TempDir(), "b"), filepath.Join(t.TempDir(), "policy.json")
	require.NoError(t, os.Mkdir(between, 0o755))
	require.NoError(t, os.Symlink(path, filepath.Join(between, "x.json")))
	require.NoError(t, os.Symlink(filepath.Join(between, "x.json"), place))
	require.NoError(t, Load(place).Err())
	require.NoError(t, os.Chmod(between, 0o777))
	refused(t, place, "folderWritable")
	require.NoError(t, os.Chmod(between, 0o755))
	require.NoError(t, os.Chmod(folder, 0o777))
	refused(t, place, "folderWritable")
	require.NoError(t, os.Chmod(folder, 0o755))
	require.NoError(t, Load(place).Err())
	relative := filepath.Join(folder, "relative.json")
	require.NoError(t, os.Symlink("policy.json", relative))
	require.NoError(t, Load(relative).Err())
}

func TestAPipeKeepsNobodyWaiting(t *testing.T) {
	folder, _ := put(t)
	pipe := filepath.Join(folder, "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o644))
	refused(t, pipe, "notRegular")
	require.Equal(t, "notRegular", Check(pipe).Code)
}

func TestCheckJudgesADraftOfAnybody(t *testing.T) {
	folder, path := put(t)
	require.NoError(t, os.Chmod(path, 0o666))
	require.NoError(t, os.Chmod(folder, 0o777))
	require.Nil(t, Check(path), "a draft may be anybody's")
	require.NoError(t, os.WriteFile(path, []byte(`{"portal":[]}`), 0o644))
	require.Equal(t, "unknownMember", Check(path).Code)
	link := filepath.Join(folder, "link")
	require.NoError(t, os.Symlink(path, link))
	require.Equal(t, "link", Check(link).Code)
	require.Equal(t, "notRegular", Check(folder).Code)
	require.Equal(t, "notRegular", Check("/dev/zero").Code)
	require.Equal(t, "unreadable", Check(filepath.Join(folder, "none")).Code)
	require.Equal(t, "unreadable", Check(path+"\x00").Code)
}

// Whoever installs a draft installs what was judged.
func TestADraftsTextIsTheJudgedOne(t *testing.T) {
	folder, path := put(t)
	const text = "{\"portals\": []}\n"
	require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	read, bad := Draft(path)
	require.Nil(t, bad)
	require.Equal(t, text, string(read))
	link := filepath.Join(folder, "link")
	require.NoError(t, os.Symlink(path, link))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "bad"), []byte(`{"portals": [}`), 0o666))
	for name, code := range map[string]string{"link": "link", "bad": "syntax", "none": "unreadable", ".": "notRegular"} {
		read, bad := Draft(filepath.Join(folder, name))
		require.Equal(t, code, bad.Code)
		require.Nil(t, read)
	}
}

func TestCheckReadsNoMoreThanAPolicyMayHave(t *testing.T) {
	_, path := put(t)
	require.NoError(t, os.Truncate(path, 100<<20)) // sparse
	require.Equal(t, "tooLarge", Check(path).Code)
}
