// Command cardbridge is the CardBridge host: started by a browser it is the native messaging host, by a person a tool.
//
// This file is the map: it picks the mode, builds the rooms. It alone owns standard input and output, the process's end.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/cardbridge/cardbridge/host/internal/browsers"
	"github.com/cardbridge/cardbridge/host/internal/policy"
	"github.com/cardbridge/cardbridge/host/internal/token"
	"github.com/cardbridge/cardbridge/protocol"
)

// version is set at link time from the VERSION file.
var version = "0.0.0"

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	if caller, ok := browserCaller(args); ok {
		return serve(caller)
	}
	if len(args) == 0 {
		usage(os.Stderr)
		return 2
	}
	switch args[0] {
	case token.RoleScanner, token.RoleSigner:
		return token.Child(args[0], args[1:], os.Exit)
	case "register", "unregister":
		return place(args[0], args[1:])
	case "certificates":
		return listCertificates(args[1:])
	case "service":
		return serviceCommand(args[1:])
	case "policy":
		return policyCommand(args[1:], policy.Load(policy.Path()), readSettings().home, os.Stdout, os.Stderr)
	case "doctor":
		return doctorCommand(args[1:])
	case "version", "--version":
		fmt.Printf("cardbridge %s (%s, protocol %d)\n", version, build, protocol.Version)
		return 0
	case "help", "--help", "-h":
		usage(os.Stdout)
		return 0
	}
	fmt.Fprintf(os.Stderr, "沒有這個指令 / no such command: %q\n\n", args[0])
	usage(os.Stderr)
	return 2
}

// browserCaller recognises a browser's way of starting a host: Chromium gives the extension's origin, on Windows also
// --parent-window; Firefox gives the manifest's path, then the add-on's id. The id is the caller's claim: browsers check it
// against the manifest.
func browserCaller(args []string) (string, bool) {
	switch {
	case len(args) >= 1 && len(args) <= 2 && strings.HasPrefix(args[0], "chrome-extension://"):
		if len(args) == 2 && !strings.HasPrefix(args[1], "--parent-window=") {
			return "", false
		}
		return args[0], true
	case len(args) == 2 && filepath.IsAbs(args[0]) && filepath.Base(args[0]) == protocol.HostName+".json":
		return args[1], true
	}
	return "", false
}

// place registers or unregisters the host with browsers.
func place(command string, args []string) int {
	env := readSettings()
	doc := policy.Load(policy.Path())
	executable, err := os.Executable()
	target := browsers.Target{
		Home: env.home, Executable: executable, Host: protocol.HostName,
		Extensions: doc.Extensions(), DataDir: env.stateDir,
	}
	for _, arg := range args {
		switch {
		case arg == "--system":
			target.System, target.DataDir = true, filepath.Dir(executable)
		case strings.HasPrefix(arg, "--browser="):
			target.Only = append(target.Only, strings.TrimPrefix(arg, "--browser="))
		default:
			fmt.Fprintf(os.Stderr, "沒有這個選項 / no such option: %q\n", arg)
			return 2
		}
	}
	if err == nil && command == "register" {
		err = doc.Err()
	}
	var placed []browsers.Placed
	if err == nil && command == "register" {
		placed, err = browsers.Register(target)
	} else if err == nil {
		placed, err = browsers.Unregister(target)
	}
	for _, p := range placed {
		fmt.Printf("%s\t%s\t%s\n", command, p.Browser, p.Path)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "無法完成 / failed: %v\n", err)
		return 1
	}
	return 0
}

func usage(w io.Writer) {
	fmt.Fprint(w, `CardBridge 憑證通：讓瀏覽器以憑證卡登入 / logs browsers in with a smart card

  cardbridge register [--system] [--browser=chrome|chromium|edge|brave|firefox]…
        向瀏覽器登記主程式 / tell browsers where the host is
  cardbridge unregister [--system] [--browser=…]…
        取消登記 / take it back
  cardbridge certificates
        列出讀卡機裡的憑證 / list the certificates in the readers
  cardbridge policy show [--json]
        顯示目前有效的政策，以及每個值的來源 / show the policy in effect, with the source of each value
  cardbridge policy check FILE
        檢查政策檔，不安裝 / judge a policy file without installing it
  cardbridge doctor [--json]
        檢查這台電腦，說明問題與修正方法 / examine this computer: what is wrong, where, what to do
  cardbridge version

瀏覽器會自行啟動本程式，平常不需要在這裡執行。
Browsers start this program by themselves; there is no need to run it here.
`)
}
