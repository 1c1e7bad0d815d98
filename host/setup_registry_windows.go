package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/windows/registry"

	"github.com/cardbridge/cardbridge/host/internal/setup"
	"github.com/cardbridge/cardbridge/manifests"
	"github.com/cardbridge/cardbridge/protocol"
)

// setupKey is where the MSI remembers what it was given.
const setupKey = `Software\CardBridge\Setup`

// written is what an installation writes into the registry for browsers, as the MSI notes it: FORCE_EXTENSION|,BROWSERS,|id|names of
// managed storage. It stands between two installations, so that only what an earlier one wrote is removed: an administrator's own
// values may have the same names (dist/browser-policies).
type written struct {
	forced   bool
	browsers []string
	id       string
	managed  []string
}

// readWritten refuses what no installation notes; "" is that of none.
func readWritten(text string) (w written, err error) {
	if text == "" {
		return w, nil
	}
	parts := strings.Split(text, "|")
	if len(parts) != 4 || parts[0] != "0" && parts[0] != "1" || parts[2] != "" && !manifests.IsChromiumID(parts[2]) {
		return w, &problem{"安裝程式記錄的狀態無法辨識；請重新安裝。", "setup cannot read what it noted; install again", endFailed}
	}
	list := func(s string) []string {
		return slices.DeleteFunc(strings.Split(s, ","), func(s string) bool { return s == "" })
	}
	return written{parts[0] == "1", list(parts[1]), parts[2], list(parts[3])}, nil
}

// forces tells whether it writes policies of a browser.
func (w written) forces(browser string) bool {
	return w.forced && slices.Contains(w.browsers, browser) && slices.Contains(manifests.ForcedByMSI, browser)
}

// storage are its values of managed storage.
func (w written) storage(b manifests.Browser) (list []setup.Value) {
	if w.forces(b.ID) && w.id != "" {
		for _, name := range w.managed {
			list = append(list, setup.Value{Key: b.Windows.Policies + `\3rdparty\extensions\` + w.id + `\policy`, Name: name})
		}
	}
	return list
}

// tidying is what is left between two installations; folders are those in which versions lie or lay.
type tidying struct {
	before, now written
	folders     []string
}

// tidyArguments are tidying's as the MSI gives them: folder may be empty but for the dot after it.
type tidyArguments struct{ before, now, folder string }

func tidy(a tidyArguments) error {
	before, err := readWritten(a.before)
	if err != nil {
		return err
	}
	now, err := readWritten(a.now)
	if err != nil {
		return err
	}
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	t := tidying{before, now, []string{filepath.Dir(filepath.Dir(executable))}}
	if folder := filepath.Clean(a.folder); filepath.IsAbs(folder) {
		t.folders = append(t.folders, folder)
	}
	list, err := manifests.Browsers()
	if err != nil {
		return err
	}
	r := setup.Registry{Root: registry.LOCAL_MACHINE}
	for _, b := range list {
		err = errors.Join(err, t.hosts(r, b), t.policies(r, b))
	}
	if err != nil {
		return setupProblem(err)
	}
	return nil
}

// hosts removes the key of a browser for which the host shall not be registered, if it leads to one of ours.
func (t tidying) hosts(r setup.Registry, b manifests.Browser) error {
	if slices.Contains(t.now.browsers, b.ID) {
		return nil
	}
	own := setup.Value{Key: b.Windows.System + `\` + protocol.HostName}
	manifest, err := r.Text(own)
	if err != nil || !t.ours(manifest) {
		return err
	}
	return r.Delete(own, `Software`)
}

// ours tells whether a manifest lies in a version's folder.
func (t tidying) ours(manifest string) bool {
	name := strings.ToLower(filepath.Base(manifest))
	return (name == protocol.HostName+".json" || name == protocol.HostName+".firefox.json") && slices.ContainsFunc(t.folders, func(f string) bool {
		return strings.EqualFold(filepath.Dir(filepath.Dir(manifest)), f)
	})
}

// policies removes what an earlier installation wrote below a browser's policies, but for what is still wished for.
func (t tidying) policies(r setup.Registry, b manifests.Browser) error {
	var gone []setup.Value
	if t.before.forces(b.ID) && !t.now.forces(b.ID) {
		for _, list := range []string{"ExtensionInstallForcelist", "NativeMessagingAllowlist"} {
			gone = append(gone, setup.Value{Key: b.Windows.Policies + `\` + list, Name: manifests.PolicyValue})
		}
	}
	wished := t.now.storage(b)
	for _, v := range t.before.storage(b) {
		if !slices.Contains(wished, v) {
			gone = append(gone, v)
		}
	}
	var err error
	for _, v := range gone {
		err = errors.Join(err, r.Delete(v, `SOFTWARE\Policies`))
	}
	return errors.Join(err, t.userLevelHosts(r, b))
}

// userLevelHosts removes that policy where a note says that an installation wrote it, if it still says what that wrote. Where it says
// something else, it is an administrator's from then on.
func (t tidying) userLevelHosts(r setup.Registry, b manifests.Browser) error {
	note := setup.Value{Key: setupKey, Name: manifests.UserLevelHosts + "." + b.ID}
	noted, err := r.Text(note)
	if err != nil || noted == "" {
		return err
	}
	policy := setup.Value{Key: b.Windows.Policies, Name: manifests.UserLevelHosts}
	number, err := r.Number(policy, 1)
	if err == nil && number == 0 {
		if t.now.forces(b.ID) {
			return nil
		}
		err = r.Delete(policy, `SOFTWARE\Policies`)
	}
	if err != nil {
		return err
	}
	return r.Delete(note, `Software`)
}
