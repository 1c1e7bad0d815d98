package main

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// write has the test write tables.txt anew, for whoever changed the tables; reading it is then up to them.
var write = flag.Bool("write", false, "write tables.txt")

const (
	testID  = "abcdefghijklmnopabcdefghijklmnop"
	testURL = "https://updates.example.gov.tw/updates.xml"
	// testSettings have every member, Chinese, what the Windows Installer or msibuild could take for a word of theirs.
	testSettings = "installer/windows/testdata/settings.json"
)

// root is the module's, here is this package's.
var here, root = folders()

func folders() (here, root string) {
	here, err := filepath.Abs(".")
	if err != nil {
		panic(err)
	}
	return here, filepath.Join(here, "..", "..")
}

// packed is an MSI of a version; the program in it is none.
func packed(t *testing.T, version, ids, url, settings string) (product, string) {
	t.Helper()
	t.Chdir(root)
	p, err := newProduct(version, ids, url, settings)
	require.NoError(t, err)
	stage := t.TempDir()
	for _, name := range []string{"cardbridge.exe", "actions.dll", "cardbridge.ico", noticesFile} {
		require.NoError(t, os.WriteFile(filepath.Join(stage, name), []byte(name+" of "+version), 0o644))
	}
	msi := filepath.Join(stage, p.fileName())
	require.NoError(t, p.pack(stage, msi, 1_764_000_000))
	return p, msi
}

func TestTablesAreAsTheyMustBe(t *testing.T) {
	if *write {
		p, msi := packed(t, "1.2.3", "", "", "")
		var err error
		tablesText, err = p.tables(msi)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(here, "tables.txt"), []byte(tablesText), 0o644))
	}
	for _, c := range [][4]string{{"1.2.3", "", "", ""}, {"10.20.30000", testID, testURL, testSettings}} {
		t.Run(c[0], func(t *testing.T) {
			p, msi := packed(t, c[0], c[1], c[2], c[3])
			require.NoError(t, p.check(msi))
		})
	}
}

func TestAChangedTableIsSeen(t *testing.T) {
	for _, query := range []string{
		"UPDATE `CustomAction` SET `Type` = 1025 WHERE `Action` = 'Setup'",
		"UPDATE `Component` SET `Attributes` = 4 WHERE `Component` = 'Settings'",
		"UPDATE `Registry` SET `Value` = '%SystemRoot%\\System32\\EventCreate.exe' WHERE `Registry` = 'EventFile'",
		"UPDATE `ServiceInstall` SET `StartName` = '' WHERE `ServiceInstall` = 'Agent'",
		"UPDATE `Property` SET `Value` = 'POLICY' WHERE `Property` = 'SecureCustomProperties'",
		"DELETE FROM `LaunchCondition` WHERE `Condition` = 'VersionNT64 OR REMOVE = \"ALL\"'",
		"INSERT INTO `Property` (`Property`, `Value`) VALUES ('REBOOT', 'Force')",
	} {
		p, msi := packed(t, "1.2.3", "", "", "")
		require.NoError(t, run("", nil, "msibuild", msi, "-q", query))
		require.ErrorContains(t, p.check(msi), "not as they must be", query)
	}
}

// rows are a table's of tables.txt, without those that name and type its columns.
func rows(t *testing.T, table string, key int) map[string][]string {
	t.Helper()
	list := map[string][]string{}
	for line := range strings.SplitSeq(tablesText, "\n") {
		cells := strings.Split(line, "\t")
		if cells[0] == table && len(cells) > key+1 {
			list[cells[1+key]] = cells[1:]
		}
	}
	require.NotEmpty(t, list, table)
	return list
}

// What the text of the tables is meant to say, whatever else it says.
func TestWhatTheTablesSay(t *testing.T) {
	components := rows(t, "Component", 0)
	seen := map[string]bool{}
	for name, c := range components {
		if !strings.HasPrefix(c[1], "{") { // names and types of the columns
			continue
		}
		require.False(t, seen[c[1]], "%s shares its code", name)
		seen[c[1]] = true
		attributes, err := strconv.Atoi(c[3])
		require.NoError(t, err)
		require.Equal(t, component64, attributes&component64, name)
		require.NotEmpty(t, c[5], "%s has no key path", name)
	}
	require.Greater(t, len(seen), 10)

	at := func(action string) int {
		row := rows(t, "InstallExecuteSequence", 0)[action]
		require.Len(t, row, 3, action)
		n, err := strconv.Atoi(row[2])
		require.NoError(t, err)
		return n
	}
	order := []string{"AppSearch", "Keep_INSTALL_SERVICE", "Default_INSTALL_SERVICE", "ListBrowsers", "LaunchConditions", "CostInitialize", "CostFinalize", "InstallInitialize",
		"AskSetup", "StopServices", "DeleteServices", "InstallFiles", "CheckSetup", "WriteRegistryValues", "InstallServices", "UndoSetup", "Setup", "SetupService", "StartServices",
		"InstallExecute", "RemoveExistingProducts", "Sweep", "InstallFinalize"}
	require.True(t, slices.IsSortedFunc(order, func(a, b string) int { return at(a) - at(b) }), order)

	// what is found out at the execution needs to be handed on from nowhere; who repairs without rights hands on nothing
	require.Equal(t, []string{"SecureCustomProperties", "WIX_DOWNGRADE_DETECTED;WIX_UPGRADE_DETECTED"}, rows(t, "Property", 0)["SecureCustomProperties"])
	ui := rows(t, "InstallUISequence", 0)
	require.Contains(t, ui, "ExecuteAction")
	for _, name := range []string{"AppSearch", "FindRelatedProducts", "CostFinalize", "LaunchConditions", "Keep_INSTALLDIR"} {
		require.NotContains(t, ui, name)
	}
	for name, row := range rows(t, "LaunchCondition", 0) {
		if name != "Condition" && name != "s255" && name != "LaunchCondition" {
			require.Regexp(t, `\p{Han}.* / [A-Z]`, row[1], "%s is not told in both languages", name)
		}
	}
}

// The settings reach the table as they are; an apostrophe is written in JSON's other way.
func TestSettingsOfTheExtension(t *testing.T) {
	_, msi := packed(t, "1.2.3", testID, testURL, testSettings)
	text, err := export(msi, "Property")
	require.NoError(t, err)
	values := map[string]string{}
	for line := range strings.SplitSeq(text, "\r\n") {
		if name, value, ok := strings.Cut(line, "\t"); ok {
			values[name] = value
		}
	}
	require.Equal(t, "zh-TW", values["ManagedLanguage"])
	require.Equal(t, "https://software.example.gov.tw/cardbridge?x=[y]", values["ManagedInstallURL"])
	require.NotContains(t, values["ManagedHelpDesk"], "'")
	require.JSONEq(t, `{"text": "資訊室 [分機] {1234} \"'\\", "phone": "02-2345-6789", "url": "https://help.example.gov.tw/"}`, values["ManagedHelpDesk"])
	require.Equal(t, "helpDesk,installURL,language", values["ManagedNames"])

	for _, wrong := range []string{`{"languages": "en"}`, `{"language": "fr"}`, `{"installURL": "https://a.gov.tw/'"}`, `[]`} {
		file := filepath.Join(t.TempDir(), "settings.json")
		require.NoError(t, os.WriteFile(file, []byte(wrong), 0o644))
		_, err := newProduct("1.2.3", testID, testURL, file)
		require.Error(t, err, wrong)
	}
	_, err = newProduct("1.2.3", testID, testURL, filepath.Join(t.TempDir(), "none.json"))
	require.Error(t, err)
}

func TestWhatCannotBePackedIsRefused(t *testing.T) {
	for _, c := range [][3]string{
		{"1.0", "", ""}, {"1.0.0.0", "", ""}, {"256.0.0", "", ""}, {"1.0.65536", "", ""}, {"01.0.0", "", ""}, {"1.0.0-rc1", "", ""}, {"", "", ""},
		{"1.0.0", "abc", ""}, {"1.0.0", testID + ",x@y", ""}, {"1.0.0", "", testURL}, {"1.0.0", testID, "http://updates.example.gov.tw/"}, {"1.0.0", testID, "https://a/[X]"},
	} {
		_, err := newProduct(c[0], c[1], c[2], "")
		require.Error(t, err, "%v", c)
	}
}
