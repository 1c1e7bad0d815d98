package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cardbridge/cardbridge/host/internal/browsers"
	"github.com/cardbridge/cardbridge/host/internal/policy"
	"github.com/cardbridge/cardbridge/host/internal/service"
	"github.com/cardbridge/cardbridge/host/internal/setup"
	"github.com/cardbridge/cardbridge/manifests"
	"github.com/cardbridge/cardbridge/protocol"
)

func init() { moreCommands = append(moreCommands, (*console).setupCommand) }

// wishes are the properties of the installation, as the administrator wrote them; "": not given.
type wishes struct{ policy, browsers, extension, updateURL string }

// setupCommand is for the MSI alone: hidden, its words in both languages, since who installs runs as the system.
func (c *console) setupCommand() *cobra.Command {
	parent := c.family("setup", c.say("由安裝程式呼叫", "the installer calls this"), "")
	parent.Hidden = true
	var w wishes
	for name, do := range map[string]func(wishes) error{"check": c.check, "apply": c.setUp} {
		cmd := c.leaf(name, "", "", 0, func([]string) error { return bilingual(do(w)) })
		cmd.Flags().StringVar(&w.policy, "policy", "", "")
		cmd.Flags().StringVar(&w.browsers, "browsers", "", "")
		cmd.Flags().StringVar(&w.extension, "extension", "", "")
		cmd.Flags().StringVar(&w.updateURL, "update-url", "", "")
		parent.AddCommand(cmd)
	}
	for name, do := range map[string]func() error{"undo": policyPlace().Undo, "commit": policyPlace().Commit, "service": completeService} {
		parent.AddCommand(c.leaf(name, "", "", 0, func([]string) error { return bilingual(do()) }))
	}
	var a tidyArguments
	tidying := c.leaf("tidy", "", "", 0, func([]string) error { return bilingual(tidy(a)) })
	tidying.Flags().StringVar(&a.before, "before", "", "")
	tidying.Flags().StringVar(&a.now, "now", "", "")
	tidying.Flags().StringVar(&a.folder, "folder", "", "")
	parent.AddCommand(tidying)
	return parent
}

// policyPlace is where the document is put.
func policyPlace() setup.Policy { return setup.Policy{Path: policy.Path()} }

// bilingual says an error in both languages at once.
func bilingual(err error) error {
	if err == nil {
		return nil
	}
	p := failed(err)
	both := p.chinese + " / " + p.english
	return &problem{both, both, p.end}
}

// begin forgets what an installation left that was cut off, before it judges: from here on a failure has the undo run, which would take
// that for this one's.
func (c *console) begin(w wishes) (document []byte, err error) {
	if err := policyPlace().Commit(); err != nil {
		return nil, setupProblem(err)
	}
	return c.judge(w)
}

func (c *console) check(w wishes) error {
	_, err := c.begin(w)
	return err
}

// setUp judges all wishes before it changes anything: that they were judged before is for the installer, which comes to less then.
func (c *console) setUp(w wishes) error {
	document, err := c.begin(w)
	if err != nil {
		return err
	}
	folder := filepath.Dir(policy.Path())
	for _, f := range []struct{ path, rights string }{{folder, setup.PolicyRights}, {filepath.Join(folder, "log"), setup.LogRights}} {
		if err := setup.Folder(f.path, f.rights); err != nil {
			return setupProblem(err)
		}
	}
	if w.policy != "" {
		if err := policyPlace().Apply(document); err != nil {
			return setupProblem(err)
		}
	}
	return c.allow(w.extension)
}

// judge gives the policy's document as it was judged; nil: none is given.
func (c *console) judge(w wishes) (document []byte, err error) {
	for id := range strings.SplitSeq(w.browsers, ",") {
		if w.browsers != "" && !slices.Contains(c.knownBrowsers(), id) {
			known := strings.Join(c.knownBrowsers(), ",")
			return nil, wrongProperty("BROWSERS", id, "可以是 "+known+"，中間只有逗號", "some of "+known+", with nothing but commas between")
		}
	}
	if w.extension != "" && !manifests.IsChromiumID(w.extension) {
		return nil, wrongProperty("EXTENSION_ID", w.extension, "必須是 a 到 p 的 32 個字母", "32 letters a to p")
	}
	if u, err := url.Parse(w.updateURL); w.updateURL != "" && (err != nil || u.Scheme != "https" || u.Host == "" || strings.ContainsAny(w.updateURL, "; \"")) {
		return nil, wrongProperty("UPDATE_URL", w.updateURL, "必須是 https 網址", "an https address")
	}
	if w.policy == "" {
		return nil, nil
	}
	if !filepath.IsAbs(w.policy) {
		return nil, wrongProperty("POLICY", w.policy, "必須是絕對路徑", "an absolute path")
	}
	document, f := policy.Draft(w.policy)
	if f != nil {
		return nil, policyProblem(w.policy, f)
	}
	return document, nil
}

func wrongProperty(name, value, zh, en string) error {
	return &problem{fmt.Sprintf("安裝參數 %s 不能是 %q：%s。", name, value, zh), fmt.Sprintf("the property %s cannot be %q: %s", name, value, en), endFailed}
}

// allow adds ids to the manifests that lie beside this program. Those of the package are left as they are, if there are none to add.
func (c *console) allow(extension string) error {
	ids := c.document().Extensions()
	if extension != "" {
		ids = append(slices.Clone(ids), extension)
	}
	if len(ids) == 0 {
		return nil
	}
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	target := browsers.Target{Executable: filepath.Base(executable), Host: protocol.HostName, Extensions: ids, DataDir: filepath.Dir(executable)}
	if err := browsers.Write(target); err != nil && !errors.Is(err, browsers.ErrNoExtension) {
		return setupProblem(err)
	}
	return nil
}

func completeService() error {
	executable, err := os.Executable()
	if err == nil {
		err = service.Complete(executable)
	}
	return err
}

func setupProblem(err error) error {
	return &problem{"安裝程式無法完成設定：" + err.Error(), "setup cannot finish: " + err.Error(), endFailed}
}
