package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/cardbridge/cardbridge/host/internal/agent"
	"github.com/cardbridge/cardbridge/host/internal/logs"
	"github.com/cardbridge/cardbridge/host/internal/policy"
	"github.com/cardbridge/cardbridge/host/internal/service"
)

// serviceCommand registers the agent with the service manager, steers it, or is it (run).
func (c *console) serviceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "service COMMAND", Short: c.say("管理系統服務（代理程式）", "manage the system's service (the agent)"),
		Long: c.say("代理程式是系統服務，為登入在這部電腦前的人讀卡與簽章。沒有它，瀏覽器啟動的主程式會自行完成一切。需要系統管理員權限。",
			"The agent is a service of the system that reads cards and signs for who is logged in at this computer. Without it the host that the browser starts does everything itself. Needs an administrator."),
		Args: cobra.ArbitraryArgs, DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error { return c.noCommand(cmd, args) },
	}
	for _, a := range []struct {
		name, zh, en string
		do           func() error
	}{
		{"install", "安裝並啟用服務", "install and enable the service", func() error {
			executable, err := os.Executable()
			if err != nil {
				return err
			}
			return service.Install(executable)
		}},
		{"uninstall", "停止並移除服務", "stop and remove the service", service.Uninstall},
		{"start", "啟動服務（Linux：開始等候連線）", "start the service (Linux: listen)", service.Start},
		{"stop", "停止服務", "stop the service", service.Stop},
		{"restart", "重新啟動服務，例如更新之後", "restart the service, after an upgrade for instance", service.Restart},
	} {
		cmd.AddCommand(c.leaf(a.name+" [--json]", c.say(a.zh, a.en), "", 0, func([]string) error {
			if err := a.do(); err != nil {
				return serviceProblem(err)
			}
			return c.serviceStatus(false)
		}))
	}
	cmd.AddCommand(c.leaf("status [--json]", c.say("顯示服務的狀態", "tell how the service is"), "", 0, func([]string) error { return c.serviceStatus(true) }),
		c.leaf("run", c.say("作為服務執行；由服務管理員呼叫", "be the service; the service manager calls this"), "", 0, func([]string) error { return runService() }))
	return cmd
}

// serviceStates are the words for people; programs get service's own.
var serviceStates = map[service.State]bothTexts{
	service.NotInstalled: {"沒有安裝服務", "the service is not installed"},
	service.Stopped:      {"服務已停止", "the service is stopped"},
	service.Listening:    {"服務等候連線中，有人使用時才啟動", "the service is listening; it starts when somebody comes"},
	service.Running:      {"服務執行中", "the service is running"},
	service.Failed:       {"服務啟動失敗，請查看系統紀錄（Linux：journalctl -u cardbridge-agent；Windows：事件檢視器）", "the service failed; see the system's log (Linux: journalctl -u cardbridge-agent; Windows: Event Viewer)"},
}

// serviceStatus prints the state. Asked for it, one that serves nobody is an end of 1, for scripts.
func (c *console) serviceStatus(asked bool) error {
	state, err := service.Status()
	if err != nil {
		return serviceProblem(err)
	}
	if asked && state != service.Listening && state != service.Running {
		c.end = endFailed
	}
	if c.asJSON {
		return writeJSON(c.out, struct {
			State service.State `json:"state"`
		}{state})
	}
	text := serviceStates[state]
	_, err = fmt.Fprintln(c.out, c.say(text.Chinese, text.English))
	return err
}

// serviceProblem says a service error in both languages.
func serviceProblem(err error) error {
	for known, texts := range map[error]bothTexts{
		service.ErrInstalled:     {"服務已經安裝。要換成這個程式，請先執行 cardbridge service uninstall。", "the service is installed already; to change to this program, run cardbridge service uninstall first"},
		service.ErrNotInstalled:  {"沒有安裝服務。請先執行 cardbridge service install。", "the service is not installed; run cardbridge service install first"},
		service.ErrPackaged:      {"服務是套件安裝的，由套件管理員移除；只要停用服務，請執行 systemctl disable --now cardbridge-agent.socket。", "a package brought the service, and its manager removes it; to switch it off, systemctl disable --now cardbridge-agent.socket"},
		service.ErrPlace:         {"程式所在的位置不能作為服務。請先把它放到只有系統管理員可以寫入的資料夾，例如 /usr/local/bin：", "the program cannot be a service from where it lies; put it where only administrators can write, /usr/local/bin for instance: "},
		service.ErrAdministrator: {"需要系統管理員權限。Linux 請用 sudo 執行。", "only an administrator may do that; on Linux use sudo"},
		service.ErrNoManager:     {"這個系統沒有執行認得的服務管理員；沒有服務也能使用憑證通。", "no service manager that is known runs here; CardBridge works without the service"},
		agent.ErrRunning:         {"另一個代理程式已在執行。", "another agent is running"},
	} {
		if errors.Is(err, known) {
			if known == service.ErrPlace {
				texts.Chinese, texts.English = texts.Chinese+err.Error(), texts.English+err.Error()
			}
			return &problem{texts.Chinese, texts.English, endFailed}
		}
	}
	return err
}

func runService() error {
	env, doc := readAgentSettings(), policy.Load(policy.Path())
	log, done := logs.OpenService(logs.Options{Level: doc.Log().Level, Folder: doc.Log().Folder, MaxMegabytes: doc.Log().MaxMegabytes}, os.Stderr)
	defer done()
	err := service.Run(func(ctx context.Context) error { return runAgent(ctx, env, log) })
	if err != nil {
		log.Error().Err(err).Msg("the agent cannot run")
		return serviceProblem(err)
	}
	return nil
}
