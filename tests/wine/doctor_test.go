package wine

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// findings are what the doctor tells of Chrome, by check and code.
func findings(t *testing.T, host string) (codes []string) {
	t.Helper()
	printed, _ := program(host, "doctor", "--json") // its code tells of the cards that Wine has not
	var report struct {
		Findings []struct{ Check, Code, Level string }
	}
	require.NoError(t, json.Unmarshal([]byte(printed), &report), printed)
	for _, f := range report.Findings {
		codes = append(codes, f.Check+" "+f.Code)
	}
	return codes
}

// What IT asks after a roll-out: the answer fits an installation by the MSI, whose manifests name the program beside them.
func TestTheDoctorKnowsAnInstallation(t *testing.T) {
	withInstaller(t)
	const appPath, chrome = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\App Paths\chrome.exe`, `C:\chrome\chrome.exe`
	require.NoError(t, put("cardbridge.exe", chrome)) // any program
	printed, err := program("reg", "add", appPath, "/ve", "/d", chrome, "/f")
	require.NoError(t, err, printed)
	t.Cleanup(func() { _, _ = program("reg", "delete", appPath, "/f") })

	install(t, "1.0.0", "INSTALL_SERVICE=0")
	codes := findings(t, program100)
	require.Contains(t, codes, "manifest.chrome manifest")
	require.Contains(t, codes, "browserPolicy.chrome browserPolicy")
	require.Contains(t, codes, "agent agentNone")

	install(t, "1.0.0", "REINSTALL=ALL", "FORCE_EXTENSION=1")
	require.Contains(t, findings(t, program100), "browserPolicy.chrome extensionForced")
	printed, err = program("reg", "delete", keys(t)["chrome"], "/f")
	require.NoError(t, err, printed)
	require.Contains(t, findings(t, program100), "manifest.chrome manifestMissing")
	install(t, "1.0.0", "REINSTALL=ALL") // a repair
	require.Contains(t, findings(t, program100), "manifest.chrome manifest")

	// a person's own registration of another program goes before that of the installation, unless that denies it with the forcing
	printed, err = program("reg", "add", `HKCU\Software\Google\Chrome\NativeMessagingHosts\tw.cardbridge.host`, "/ve", "/d", `C:\chrome\own.json`, "/f")
	require.NoError(t, err, printed)
	t.Cleanup(func() {
		_, _ = program("reg", "delete", `HKCU\Software\Google\Chrome\NativeMessagingHosts\tw.cardbridge.host`, "/f")
	})
	require.NoError(t, os.WriteFile(inWindows(`C:\chrome\own.json`), []byte(`{"name":"tw.cardbridge.host","path":"chrome.exe","type":"stdio","allowed_origins":["chrome-extension://`+ownID+`/"]}`), 0o644))
	codes = findings(t, program100)
	require.Contains(t, codes, "manifest.chrome manifest")
	require.NotContains(t, codes, "manifest.chrome manifestOther")
	install(t, "1.0.0", "REINSTALL=ALL", "FORCE_EXTENSION=0")
	codes = findings(t, program100)
	require.Contains(t, codes, "manifest.chrome manifestOther")
	require.Contains(t, codes, "manifest.chrome manifestShadow")
}
