package wine

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// rooms are those whose own tests run under Wine, before anything is installed there; without are the tests that do not. Wine 8
// does not know the way in which Go's t.TempDir removes files (FILE_DISPOSITION_INFORMATION_EX), so whatever needs a folder does not
// run: logs, browsers, host, all of policy (whose owner must be an administrator besides) but what reads the registry; what is named here.
var rooms = []struct{ name, without, tags, only string }{
	{name: "agent"},
	{name: "service"},
	{name: "setup"},
	{name: "frame"},
	{name: "session"},
	{name: "doctor", tags: "dev"}, // for the extension's id; its tests for Windows do without t.TempDir, write into the registry of the prefix
	{name: "operation", without: "TestNoOperationWithoutItsGrant"}, // a policy file
	{name: "policy", only: "Test.*Windows.*|TestTheTableHasTheDocumentsMembers"},
	{name: "token", without: "TestWhoeverCameFirstIsFirst|TestReadersHaveQueuesOfTheirOwn|TestADeadProcessHoldsNobodyUp|TestOtherFilesAreNoPlaces|" + // locks in a folder
		"TestScansAndResetsKeepApart|TestNobodyIsKeptFromAReset|TestKnownModulesAreFoundOnce|TestALockFolderOfAnotherUserIsRefused"},
}

func TestRooms(t *testing.T) {
	for _, room := range rooms {
		t.Run(room.name, func(t *testing.T) {
			dir, err := filepath.Abs("../../host/internal/" + room.name)
			require.NoError(t, err)
			exe := filepath.Join(world, room.name+".test.exe")
			build := exec.Command("go", "test", "-c", "-tags="+room.tags, "-o", exe, ".")
			build.Dir = dir
			build.Env = append(os.Environ(), "GOOS=windows", "CGO_ENABLED=1", "CC="+mingw)
			out, err := build.CombinedOutput()
			require.NoError(t, err, string(out))
			args := []string{"-test.v", "-test.timeout=" + patience.String()}
			if room.without != "" {
				args = append(args, "-test.skip=^("+room.without+")$")
			}
			if room.only != "" {
				args = append(args, "-test.run=^("+room.only+")$")
			}
			printed, err := program(exe, args...)
			require.NoError(t, err, printed)
			require.Contains(t, printed, "--- PASS: ")
		})
	}
}
