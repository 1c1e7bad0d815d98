package doctor

import (
	"cmp"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/cardbridge/cardbridge/host/internal/policy"
	"github.com/cardbridge/cardbridge/host/internal/token"
)

// openToOthers tells of a file that others than its owner may write, or may replace in its folder. In a sticky folder nobody
// replaces another's file.
func (v *visit) openToOthers(path string, info fs.FileInfo) bool {
	if v.System == "windows" {
		return false // its rights are not in these bits
	}
	folder, err := v.stat(filepath.Dir(path))
	return info.Mode().Perm()&0o022 != 0 || (err == nil && folder.Mode().Perm()&0o022 != 0 && folder.Mode()&fs.ModeSticky == 0)
}

func binary(v *visit) {
	info, err := v.stat(v.Executable)
	switch {
	case err != nil:
		v.tell("binaryUnreadable", v.Executable, "{reason}", reason(err))
	case v.openToOthers(v.Executable, info):
		v.tell("binaryWritable", v.Executable)
	default:
		v.tell("binary", v.Executable, "{version}", v.Version, "{system}", v.System+"/"+v.Arch)
	}
}

// clockSlack is more than time zones written as universal time, or a late dispatch, explain.
const clockSlack = 24 * time.Hour

// clock knows no true time; but a program that was written in the future tells of a clock that is behind.
func clock(v *visit) {
	if info, err := v.stat(v.Executable); err == nil && info.ModTime().After(v.Now.Add(clockSlack)) {
		v.tell("clockBehind", v.Executable, "{now}", v.Now.UTC().Format(time.DateOnly), "{written}", info.ModTime().UTC().Format(time.DateOnly))
		return
	}
	v.tell("clock", "")
}

func policyFile(v *visit) {
	fault := v.Policy.Fault()
	if fault == nil {
		where := v.Policy.Source()
		if len(v.Policy.FromRegistry()) > 0 {
			where += " + " + policy.Registry
		}
		v.tell("policy", where)
		return
	}
	where := v.Policy.Source()
	if fault.Line > 0 {
		where += ":" + strconv.Itoa(fault.Line) + ":" + strconv.Itoa(fault.Column)
	}
	chinese, english := fault.Texts()
	v.tell("policyInvalid", where, "{code}", fault.Code, "{chinese}", chinese, "{english}", english, "{place}", pointer(fault), "{command}", judge(where))
}

// judge is the command that sees a fault of the policy there: policy check looks at the file alone.
func judge(where string) string {
	if where == policy.Registry {
		return "cardbridge policy show"
	}
	return "cardbridge policy check"
}

// pointer is the member at fault, or the value of the registry, for both languages.
func pointer(f *policy.Fault) string {
	switch {
	case f.Registry != "":
		return f.Registry + ": "
	case f.Pointer == "":
		return ""
	}
	return f.Pointer + " "
}

// signServers are the ports of Taiwan's older components, which a page reaches at localhost.
var signServers = []int{61161, 16888, 7777}

// rivals are other programs that may take the card. They are worth a warning while some card is held.
func rivals(v *visit) {
	held := slices.ContainsFunc(v.view.Readers, func(r token.Reader) bool { return r.State == token.ReaderInUse })
	code := func(name string) string {
		if held {
			return name + "Holds"
		}
		return name
	}
	before := len(v.found)
	ports := v.listening()
	for _, port := range signServers {
		if ports[port] {
			v.tell(code("signServer"), "localhost:"+strconv.Itoa(port), "{port}", strconv.Itoa(port))
		}
	}
	if v.runs("scdaemon") {
		v.tell(code("scdaemon"), "scdaemon")
	}
	if len(v.found) == before {
		v.tell("rivals", "")
	}
}

func session(v *visit) {
	if how := cmp.Or(v.Remote, remoteSession()); how != "" {
		v.tell("sessionRemote", "", "{how}", how)
		return
	}
	v.tell("session", "")
}
