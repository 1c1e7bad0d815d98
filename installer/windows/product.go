package main

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/cardbridge/cardbridge/manifests"
	"github.com/cardbridge/cardbridge/manifests/fleet"
	"github.com/cardbridge/cardbridge/protocol"
)

// namespace makes our codes (UUID version 5): the same input has the same code wherever it is built.
var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://github.com/cardbridge/cardbridge/installer/windows"))

func code(name string) string {
	return "{" + strings.ToUpper(uuid.NewSHA1(namespace, []byte(name)).String()) + "}"
}

// product is what the tables are made from.
type product struct {
	Version   string
	UpdateURL string            // of the own packing; "": none is built in
	IDs       []string          // of the extension; the first is forced, if nothing else is said
	Managed   map[string]string // the values of its managed storage, where it is forced
	browsers  []manifests.Browser
}

// versions are those that the Windows Installer can compare: three numbers, the first two small.
var versions = regexp.MustCompile(`^(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,4})$`)

func newProduct(version, ids, updateURL, settings string) (product, error) {
	p := product{Version: version, UpdateURL: updateURL}
	parts := versions.FindStringSubmatch(version)
	if parts == nil {
		return p, fmt.Errorf("the version %q is not one of the Windows Installer: three numbers", version)
	}
	for n, most := range []int{255, 255, 65535} {
		if number, err := strconv.Atoi(parts[n+1]); err != nil || number > most {
			return p, fmt.Errorf("the version %q has a number beyond %d", version, most)
		}
	}
	for id := range strings.SplitSeq(ids, ",") {
		switch {
		case manifests.IsChromiumID(id):
			p.IDs = append(p.IDs, id)
		case id != "":
			return p, fmt.Errorf("%q is no id of Chromium's", id)
		}
	}
	if updateURL != "" && (len(p.IDs) == 0 || !strings.HasPrefix(updateURL, "https://") || !fleet.PlainAddress(updateURL)) {
		return p, errors.New("the update address is an https address, of an extension whose id is given too")
	}
	var err error
	if p.Managed, err = managed(settings); err != nil {
		return p, err
	}
	p.browsers, err = manifests.Browsers()
	return p, err
}

// managed reads the extension's settings. The query language of msibuild has no way to write an apostrophe; JSON has another.
func managed(settings string) (map[string]string, error) {
	s, err := fleet.ReadSettings(settings)
	if err != nil || s == nil {
		return nil, err
	}
	values, err := s.Registry()
	if err != nil {
		return nil, err
	}
	if h, ok := values["helpDesk"]; ok {
		values["helpDesk"] = strings.ReplaceAll(h, "'", `\u0027`)
	}
	if strings.Contains(values["installURL"], "'") {
		return nil, errors.New("settings: installURL: write the apostrophe as %27")
	}
	return values, nil
}

// Host is the host's name for browsers.
func (p product) Host() string { return protocol.HostName }

// EventKey registers the source of our entries in the event log.
func (p product) EventKey() string {
	return `SYSTEM\CurrentControlSet\Services\EventLog\Application\CardBridge`
}

// built is the version with all that the build was given.
func (p product) built() string {
	words := append([]string{p.Version, p.UpdateURL}, p.IDs...)
	for _, name := range slices.Sorted(maps.Keys(p.Managed)) {
		words = append(words, name, p.Managed[name])
	}
	return strings.Join(words, "\n")
}

// ProductCode is another for the same version with other ids or settings, which then replaces the first as a later version does.
func (p product) ProductCode() string { return code("product/" + p.built()) }

// Folder is the version's, with a number for what it was built with: neither meets a program of the other that runs.
func (p product) Folder() string {
	sum := sha256.Sum256([]byte(p.built()))
	return fmt.Sprintf("%s.%d", p.Version, binary.BigEndian.Uint16(sum[:]))
}

// UpgradeCode is every version's.
func (p product) UpgradeCode() string { return code("upgrade") }

// inFolder are the components whose files lie in the version's folder: another place is another component.
var inFolder = []string{"Program", "Chromium", "Firefox", "License", "Notices"}

// GUID is a component's.
func (p product) GUID(component string) string {
	if slices.Contains(inFolder, component) {
		return code("component/" + component + "/" + p.Folder())
	}
	return code("component/" + component)
}

// Remembered are the properties that the next version takes over, if it is told nothing else.
func (p product) Remembered() []string {
	return []string{"INSTALLDIR", "INSTALL_SERVICE", "BROWSERS", "FORCE_EXTENSION", "EXTENSION_ID", "UPDATE_URL"}
}

// defaults are what holds where neither the command line nor an earlier installation says anything: this build's word, by property, with
// the property that then counts. They are not remembered: the next version has its own.
func (p product) defaults() [][3]string {
	var all []string
	for _, b := range p.browsers {
		all = append(all, b.ID)
	}
	list := [][3]string{{"INSTALL_SERVICE", "INSTALL_SERVICE", "1"}, {"BROWSERS", "BROWSERLIST", "," + strings.Join(all, ",") + ","}, {"FORCE_EXTENSION", "FORCE_EXTENSION", "0"}}
	if p.UpdateURL != "" {
		list = append(list, [3]string{"EXTENSION_ID", "FORCED_ID", p.IDs[0]}, [3]string{"UPDATE_URL", "FORCED_URL", p.UpdateURL})
	}
	return list
}

// Properties are fixed. Without the Restart Manager: nobody's browser is asked to close for an upgrade that leaves its host alone.
func (p product) Properties() map[string]string {
	return map[string]string{
		"ARPPRODUCTICON": "cardbridge.ico", "ARPNOMODIFY": "1", "ARPHELPLINK": "https://github.com/cardbridge/cardbridge",
		"ARPURLINFOABOUT": "https://github.com/cardbridge/cardbridge", "MSIRESTARTMANAGERCONTROL": "Disable",
	}
}

// key is a component of one value below HKLM, with the condition under which it is there. Note is a value beside it, among what is
// remembered: it says that this installation wrote the value, which another may have changed since then: the tables do not
// remove it.
type key struct{ ID, Key, Name, Type, Value, Condition, Note string }

// search is for a value that is there before.
type search struct{ Property, Key, Name string }

// Searches are those for what the next installation must know of the last.
func (p product) Searches() []search {
	const remembered = `Software\CardBridge\Setup`
	list := []search{{"SAVED_PRODUCT", remembered, "Product"}, {"SAVED_WRITTEN", remembered, "Written"}}
	for _, b := range p.browsers {
		if slices.Contains(manifests.ForcedByMSI, b.ID) {
			end := "_" + strings.ToUpper(b.ID)
			list = append(list, search{"HOSTS" + end, b.Windows.Policies, manifests.UserLevelHosts}, search{"HOSTSNOTE" + end, remembered, manifests.UserLevelHosts + "." + b.ID})
		}
	}
	return list
}

// Keys lead browsers to the manifests, force the extension.
func (p product) Keys() (list []key) {
	for _, b := range p.browsers {
		name := title(b.ID)
		wanted := `BROWSERLIST >< ",` + b.ID + `,"`
		file := p.Host() + ".json"
		if b.Family == "firefox" {
			file = p.Host() + ".firefox.json"
		}
		list = append(list, key{ID: "Key" + name, Key: b.Windows.System + `\` + p.Host(), Type: "string", Value: "[VersionFolder]" + file, Condition: wanted})
		if slices.Contains(manifests.ForcedByMSI, b.ID) {
			list = append(list, p.forced(b, wanted+` AND FORCE_EXTENSION = "1"`)...)
		}
	}
	return list
}

// forced are the policies of a browser that has the extension forced. Whether a person's own registration counts is the administrator's
// word, whatever it is, where it was said before us or after: the tables never remove it, tidy does, while it is as we wrote it.
func (p product) forced(b manifests.Browser, wanted string) []key {
	name, end := title(b.ID), "_"+strings.ToUpper(b.ID)
	list := []key{
		{ID: "Force" + name, Key: b.Windows.Policies + `\ExtensionInstallForcelist`, Name: manifests.PolicyValue, Type: "string", Value: "[FORCED_ID];[FORCED_URL]", Condition: wanted},
		{ID: "Allow" + name, Key: b.Windows.Policies + `\NativeMessagingAllowlist`, Name: manifests.PolicyValue, Type: "string", Value: p.Host(), Condition: wanted},
		{ID: "Hosts" + name, Key: b.Windows.Policies, Name: manifests.UserLevelHosts, Type: "integer", Value: "0",
			Condition: wanted + " AND (NOT HOSTS" + end + " OR (HOSTSNOTE" + end + " AND HOSTS" + end + ` = "#0"))`, Note: manifests.UserLevelHosts + "." + b.ID},
	}
	for _, setting := range fleet.SettingNames {
		property := "Managed" + title(setting)
		list = append(list, key{ID: property + name, Key: b.Windows.Policies + `\3rdparty\extensions\[FORCED_ID]\policy`, Name: setting, Type: "string", Value: "[" + property + "]",
			Condition: wanted + " AND " + property})
	}
	return list
}

func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// Components are all, as the feature names them.
func (p product) Components() []string {
	list := append(slices.Clone(inFolder), "Settings", "Events")
	for _, k := range p.Keys() {
		list = append(list, k.ID)
	}
	return list
}

// Downgrade is the text of that refusal as wixl takes it; the whole one is written over it.
func (p product) Downgrade() string { return "A newer version is installed." }

const downgrade = "已安裝較新版本的憑證通。要換回舊版，請先移除新版。 / A newer version of CardBridge is installed. To go back, remove that one first."

// conditions keep an installation from beginning that was given properties which cannot be.
var conditions = [][2]string{
	{`NOT INSTALL_SERVICE OR INSTALL_SERVICE = "0" OR INSTALL_SERVICE = "1" OR REMOVE = "ALL"`, "INSTALL_SERVICE 只能是 0 或 1。 / INSTALL_SERVICE is 0 or 1."},
	{`NOT FORCE_EXTENSION OR FORCE_EXTENSION = "0" OR FORCE_EXTENSION = "1" OR REMOVE = "ALL"`, "FORCE_EXTENSION 只能是 0 或 1。 / FORCE_EXTENSION is 0 or 1."},
	{`NOT FORCE_EXTENSION = "1" OR (FORCED_ID AND FORCED_URL) OR REMOVE = "ALL"`,
		"這個安裝檔沒有 Chrome 與 Edge 都能使用的擴充功能更新網址；FORCE_EXTENSION=1 時請同時給 EXTENSION_ID 與 UPDATE_URL。 / " +
			"This package knows no address from which both Chrome and Edge take the extension: with FORCE_EXTENSION=1, give EXTENSION_ID and UPDATE_URL."},
	{`NOT FORCE_EXTENSION = "1" OR NOT EXTENSION_ID OR UPDATE_URL OR REMOVE = "ALL"`,
		"FORCE_EXTENSION=1 時，EXTENSION_ID 必須與它的 UPDATE_URL 一起給：安裝檔內的網址屬於另一個識別碼。 / " +
			"With FORCE_EXTENSION=1, give EXTENSION_ID together with its UPDATE_URL: that of this package belongs to another id."},
	// the program runs as the system: no folder will do that anybody may have made before
	{`NOT INSTALLDIR OR (INSTALLDIR ~<< ProgramFiles64Folder AND NOT INSTALLDIR ~= ProgramFiles64Folder AND NOT INSTALLDIR >< ".." AND NOT INSTALLDIR >< "\\") OR REMOVE = "ALL"`,
		`INSTALLDIR 必須是 Program Files 之下的資料夾，例如 C:\Program Files\CardBridge：其他資料夾不是只有系統管理員可以寫入。 / ` +
			`INSTALLDIR must be a folder below Program Files, such as C:\Program Files\CardBridge: into others not only administrators may write.`},
	// a repair would leave the program in the first folder, known to nobody
	{`NOT Installed OR NOT SAVED_INSTALLDIR OR INSTALLDIR ~= SAVED_INSTALLDIR OR EndedFolder ~= SAVED_INSTALLDIR OR REMOVE = "ALL"`,
		"憑證通已安裝在另一個資料夾；只有升級時，或移除後重新安裝時，才能用 INSTALLDIR 換資料夾。 / " +
			"CardBridge is installed in another folder: INSTALLDIR moves it at an upgrade, or at an installation after its removal, at no other time."},
	{`VersionNT >= 603 OR REMOVE = "ALL"`, "憑證通需要 Windows 10 以上。 / CardBridge needs Windows 10 or later."},
	{`VersionNT64 OR REMOVE = "ALL"`, "憑證通需要 64 位元的 Windows。 / CardBridge needs a 64-bit Windows."},
}
