package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Types of custom actions (msiquery.h): a property set at once; a function of our library that runs in the transaction as the system.
const (
	setProperty = 51
	inScript    = 1 + 1024 + 2048
	onRollback  = inScript + 256
	onCommit    = inScript + 512 + 64 // 64: at the end nothing is worth a failure any more
)

// action is a custom action with its place in the sequence. source and target are what the type wants: property and value, library and
// function.
type action struct {
	name           string
	kind           int
	source, target string
	condition      string
	sequence       int
}

const (
	staying = `NOT REMOVE = "ALL"`
	leaving = `REMOVE = "ALL" AND NOT REPLACED`
	program = `"[VersionFolder]cardbridge.exe" setup `
)

// early are the actions that fill in properties, after AppSearch (50) has read what is remembered, before LaunchConditions (100). The
// search goes into properties of its own: it would overwrite those of the command line.
func (p product) early() (list []action) {
	at := 50
	add := func(name, property, value, condition string) {
		at++
		list = append(list, action{name, setProperty, property, value, condition, at})
	}
	for _, name := range p.Remembered() {
		add("Keep_"+name, name, "[SAVED_"+name+"]", "NOT "+name+" AND SAVED_"+name)
	}
	for _, d := range p.defaults() {
		add("Default_"+d[0], d[1], d[2], "NOT "+d[0])
	}
	at = 69 // the same, whatever the build was given
	add("ListBrowsers", "BROWSERLIST", ",[BROWSERS],", "BROWSERS")
	add("ForceID", "FORCED_ID", "[EXTENSION_ID]", "EXTENSION_ID")
	add("ForceURL", "FORCED_URL", "[UPDATE_URL]", "UPDATE_URL")
	add("EndFolder", "EndedFolder", `[INSTALLDIR]\`, "INSTALLDIR") // what is remembered ends so, what is given need not
	return list
}

// late are the actions of the transaction: between the services' registration (5800) and their start (5900), and at its end. What they
// run is told by a property of their own name.
func (p product) late() []action {
	run := func(name string, kind int, words, condition string, at int) []action {
		return []action{{"Tell" + name, setProperty, name, program + words, condition, at}, {name, kind, "Actions", "RunSetup", condition, at + 1}}
	}
	wishes := ` "--policy=[POLICY]" "--browsers=[BROWSERS]" "--extension=[EXTENSION_ID]" "--update-url=[UPDATE_URL]"`
	return slices.Concat(
		// Windows says it by a property when an upgrade removes this version (Wine does not); so does the product that is noted meanwhile
		[]action{{"FindReplacement", setProperty, "REPLACED", "1",
			`REMOVE = "ALL" AND (UPGRADINGPRODUCTCODE OR (SAVED_PRODUCT AND SAVED_PRODUCT <> ProductCode))`, 1401}},
		[]action{ // of what is installed even the service is not touched then
			{"TellAskSetup", setProperty, "AskSetup", program + "check" + wishes, staying + " AND Installed", 1501},
			{"AskSetup", inScript, "Actions", "AskSetup", staying + " AND Installed", 1502},
		},
		run("CheckSetup", inScript, "check"+wishes, staying, 4001), // what cannot be ends before keys and services are touched
		run("UndoSetup", onRollback, "undo", staying, 5801),
		run("Setup", inScript, "apply"+wishes, staying, 5803),
		run("SetupService", inScript, "service", staying+` AND INSTALL_SERVICE = "1"`, 5805),
		run("CommitSetup", onCommit, "commit", staying, 5807),
		// what the tables left: when nothing fails any more; at a removal, which has no program at its end, after they have done theirs
		run("Tidy", onCommit, `tidy "--before=[SAVED_WRITTEN]" "--now=[FORCE_EXTENSION]|[BROWSERLIST]|[FORCED_ID]|[ManagedNames]" "--folder=[SAVED_INSTALLDIR]."`, staying, 5809),
		[]action{
			{"TellTidyAll", setProperty, "TidyAll", program + `tidy "--before=[SAVED_WRITTEN]" "--folder=[SAVED_INSTALLDIR]."`, leaving, 2601},
			{"TidyAll", inScript, "Actions", "TrySetup", leaving, 2602},
		},
		[]action{
			{"TellSweep", setProperty, "Sweep", "[INSTALLDIR]||" + p.Folder(), staying, 6590},
			// a folder that an upgrade leaves for another; a repair leaves none
			{"TellSweepBoth", setProperty, "Sweep", "[INSTALLDIR]|[SAVED_INSTALLDIR]|" + p.Folder(), staying + " AND NOT Installed", 6591},
			{"TellSweepAll", setProperty, "Sweep", "[INSTALLDIR]||", `REMOVE = "ALL"`, 6592},
			{"Sweep", onCommit, "Actions", "SweepVersions", "NOT REPLACED", 6593},
		})
}

// secure are the properties that anybody may hand to the service that does the work: none but those which the installer's own rules
// want there. A person without rights may repair what is installed, with properties of this list: a policy, an address of an extension
// must not be among them. Who installs has the rights, so that all of his are handed on.
const secure = "WIX_DOWNGRADE_DETECTED;WIX_UPGRADE_DETECTED"

// quoted is a string of the query language, which has no escapes.
func quoted(s string) string {
	if strings.Contains(s, "'") {
		panic("a quotation mark in " + s)
	}
	return "'" + s + "'"
}

// 64-bit; judged anew at each repair; never removed; the value of the registry is its key.
const (
	component64    = 256
	transitive     = 64
	permanent      = 16
	keyPathOfValue = 4
)

// Attributes of the table Upgrade: features stay chosen; the highest version belongs to those that are replaced.
const (
	upgradeMigrates     = 1
	upgradeMaxInclusive = 512
)

// codepage has libmsi know that texts are UTF-8. Without it (wixl does not say it) it miscounts Chinese characters, and crashes or writes
// other texts than it was given.
const codepage = "\r\n\r\n65001\t_ForceCodepage\r\n"

// queries write what wixl 0.101 has no words for, or writes wrongly without a word: Chinese texts, short names of files, their versions,
// conditions of components, values that are expanded, secure properties, actions in a library.
func (p product) queries() (list []string) {
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	const name = "'CardBridge 憑證通'"
	add("UPDATE `Property` SET `Value` = %s WHERE `Property` = 'ProductName'", name)
	add("UPDATE `ServiceInstall` SET `DisplayName` = %s WHERE `ServiceInstall` = 'Agent'", name)
	add("UPDATE `Feature` SET `Title` = %s WHERE `Feature` = 'Main'", name)
	add("UPDATE `LaunchCondition` SET `Description` = %s WHERE `Condition` = 'NOT WIX_DOWNGRADE_DETECTED'", quoted(downgrade))
	for _, k := range p.Keys() {
		attributes := component64 + transitive + keyPathOfValue
		if k.Note != "" {
			attributes += permanent
		}
		add("UPDATE `Component` SET `Condition` = %s, `Attributes` = %d WHERE `Component` = %s", quoted(k.Condition), attributes, quoted(k.ID))
	}
	add("INSERT INTO `Registry` (`Registry`, `Root`, `Key`, `Name`, `Value`, `Component_`) VALUES ('EventFile', 2, %s, 'EventMessageFile', %s, 'Events')",
		quoted(p.EventKey()), quoted(`#%%SystemRoot%\System32\EventCreate.exe`))
	for _, n := range [][2]string{{"Program", "CARDBR~1.EXE|cardbridge.exe"}, {"Chromium", "TWCARD~1.JSO|" + p.Host() + ".json"}, {"Firefox", "TWCARD~2.JSO|" + p.Host() + ".firefox.json"},
		{"Notices", "THIRD-~1.TXT|" + noticesFile}} {
		add("UPDATE `File` SET `FileName` = %s WHERE `File` = %s", quoted(n[1]), quoted(n[0]))
	}
	add("UPDATE `Directory` SET `DefaultDir` = 'CARDBR~1|CardBridge' WHERE `Directory` = 'INSTALLDIR'")
	add("UPDATE `Directory` SET `DefaultDir` = %s WHERE `Directory` = 'VersionFolder'", quoted("VERSION|"+p.Folder()))
	// what has a version of its own is compared by it, not by its sum
	add("UPDATE `File` SET `Version` = %s, `Language` = '1028,1033' WHERE `File` = 'Program'", quoted(p.Version+".0"))
	add("DELETE FROM `MsiFileHash` WHERE `File_` = 'Program'")
	list = append(list, p.sequences()...)
	for _, c := range conditions {
		add("INSERT INTO `LaunchCondition` (`Condition`, `Description`) VALUES (%s, %s)", quoted(c[0]), quoted(c[1]))
	}
	// by properties, whose braces mean nothing; of a person's own command line they cannot be
	for _, name := range slices.Sorted(maps.Keys(p.Managed)) {
		add("INSERT INTO `Property` (`Property`, `Value`) VALUES ('Managed%s', %s)", title(name), quoted(p.Managed[name]))
	}
	if len(p.Managed) > 0 {
		add("INSERT INTO `Property` (`Property`, `Value`) VALUES ('ManagedNames', %s)", quoted(strings.Join(slices.Sorted(maps.Keys(p.Managed)), ",")))
	}
	add("DELETE FROM `Property` WHERE `Property` = 'SecureCustomProperties'")
	add("INSERT INTO `Property` (`Property`, `Value`) VALUES ('SecureCustomProperties', %s)", quoted(secure))
	return list
}

// sequences are the queries of what runs when.
func (p product) sequences() (list []string) {
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	for _, a := range slices.Concat(p.early(), p.late()) {
		add("INSERT INTO `CustomAction` (`Action`, `Type`, `Source`, `Target`) VALUES (%s, %d, %s, %s)", quoted(a.name), a.kind, quoted(a.source), quoted(a.target))
		add("INSERT INTO `InstallExecuteSequence` (`Action`, `Condition`, `Sequence`) VALUES (%s, %s, %d)", quoted(a.name), quoted(a.condition), a.sequence)
	}
	// There is no window of ours. What a window's sequence finds out would have to be handed on (secure), the folder first of all.
	for _, name := range []string{"AppSearch", "CostFinalize", "CostInitialize", "FileCost", "FindRelatedProducts", "LaunchConditions", "MigrateFeatureStates", "ValidateProductID"} {
		add("DELETE FROM `InstallUISequence` WHERE `Action` = %s", quoted(name)) // one by one: of several libmsi deletes others
	}
	for _, c := range [][2]string{
		// the old version, removed by an upgrade, leaves its program to those who run it (sweep takes it when they have ended), the
		// service to the new one
		{"RemoveFiles", "NOT REPLACED"},
		{"StopServices", "VersionNT AND NOT REPLACED"},
		{"InstallServices", `VersionNT AND INSTALL_SERVICE = "1"`},
		{"StartServices", `VersionNT AND INSTALL_SERVICE = "1"`},
		{"DeleteServices", `VersionNT AND NOT REPLACED AND (REMOVE = "ALL" OR INSTALL_SERVICE = "0")`},
	} {
		add("UPDATE `InstallExecuteSequence` SET `Condition` = %s WHERE `Action` = %s", quoted(c[1]), quoted(c[0]))
	}
	// first all of the new version is done, then the old one is removed: what fails has not touched it. The keys of both are the same
	// components, which stay while one of them is there.
	add("INSERT INTO `InstallExecuteSequence` (`Action`, `Sequence`) VALUES ('InstallExecute', 6500)")
	add("UPDATE `InstallExecuteSequence` SET `Sequence` = 6550 WHERE `Action` = 'RemoveExistingProducts'")
	// the same version that was built with other ids, too, takes the place of this one
	add("DELETE FROM `Upgrade` WHERE `ActionProperty` = 'WIX_UPGRADE_DETECTED'")
	add("INSERT INTO `Upgrade` (`UpgradeCode`, `VersionMax`, `Attributes`, `ActionProperty`) VALUES (%s, %s, %d, 'WIX_UPGRADE_DETECTED')",
		quoted(p.UpgradeCode()), quoted(p.Version), upgradeMigrates+upgradeMaxInclusive)
	return list
}
