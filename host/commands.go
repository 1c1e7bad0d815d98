package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cardbridge/cardbridge/host/internal/browsers"
	"github.com/cardbridge/cardbridge/host/internal/policy"
	"github.com/cardbridge/cardbridge/protocol"
)

// command runs what a person or an administrator's script asks for. Browsers and parents never come here.
func command(args []string, env settings, out, problems io.Writer) int {
	c := &console{out: out, problems: problems, env: env, language: languageOf(args, uiLanguage(env.locale)),
		document: func() *policy.Policy { return policy.Load(policy.Path()) }}
	return c.run(args)
}

func (c *console) run(args []string) int {
	root := c.root()
	root.SetArgs(args)
	ran, err := root.ExecuteC()
	if err == nil {
		return c.end
	}
	c.asJSON = c.asJSON || slices.Contains(args, "--json") // the parser stops at the first mistake
	end := c.tell(err)
	if end == endUsage && !c.asJSON {
		fmt.Fprintln(c.problems)
		c.usage(ran, c.problems)
	}
	return end
}

// likeness is how many letters may differ in a command that is suggested.
const likeness = 2

// moreCommands are those of builds for special purposes.
var moreCommands []func(*console) *cobra.Command

// root is the tree of commands; each is added here.
func (c *console) root() *cobra.Command {
	cobra.MousetrapHelpText = c.say("這是命令列程式：請在命令提示字元裡執行。瀏覽器會自行啟動它。\n",
		"This is a program for the command line: run it in a terminal. Browsers start it by themselves.\n")
	root := &cobra.Command{
		Use:   "cardbridge COMMAND",
		Short: c.say("憑證通：讓瀏覽器以憑證卡登入", "CardBridge: logs browsers in with a smart card"),
		Long: c.say("憑證通（CardBridge）讓瀏覽器以憑證卡登入。瀏覽器會自行啟動本程式，平常不需要在這裡執行。\n\n"+
			"結束代碼：0 完成；1 沒有完成、政策檔無效，或 doctor 有警告；2 doctor 有錯誤；64 指令的寫法不對；70 doctor 無法檢查。",
			"CardBridge logs browsers in with a smart card. Browsers start this program by themselves; there is no need to run it here.\n\n"+
				"Exit codes: 0 done; 1 not done, a policy file that is not valid, or a warning of doctor; 2 an error of doctor; 64 wrong use; 70 doctor could not look."),
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true, SilenceUsage: true, DisableAutoGenTag: true, DisableFlagsInUseLine: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true}, SuggestionsMinimumDistance: likeness,
	}
	version := root.Flags().Bool("version", false, c.say("顯示版本", "print the version"))
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if *version && len(args) == 0 {
			return c.version()
		}
		return c.noCommand(cmd, args)
	}
	root.PersistentFlags().BoolP("help", "h", false, c.say("顯示說明", "print this help"))
	root.PersistentFlags().Var(&c.language, "lang", c.say("訊息的語言；預設依系統的語言", "language of the messages; by default the system's"))
	root.PersistentFlags().Lookup("lang").DefValue = "" // help is the same whoever asks
	complete(root, "lang", string(chinese), string(english))
	root.SetOut(c.out)
	root.SetErr(c.problems)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return flagProblem(err) })
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { c.help(cmd) })
	root.SetUsageFunc(func(cmd *cobra.Command) error { c.usage(cmd, c.problems); return nil })
	root.SetHelpCommand(c.helpCommand())
	root.AddCommand(
		c.placeCommand("register"), c.placeCommand("unregister"),
		c.certificatesCommand(), c.policyCommand(), c.doctorCommand(), c.serviceCommand(),
		c.versionCommand(), c.completionCommand(),
	)
	for _, more := range moreCommands {
		root.AddCommand(more(c))
	}
	return root
}

// leaf is a command without others below it: its arguments are counted, --json is understood.
func (c *console) leaf(use, short, long string, arguments int, do func(args []string) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long, DisableFlagsInUseLine: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != arguments {
				return wrongUse("參數應該有 %d 個，寫了 %d 個。", "arguments wanted: %d, given: %d", arguments, len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return do(args) },
	}
	if arguments == 0 {
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
	cmd.Flags().BoolVar(&c.asJSON, "json", false, c.say("輸出 JSON（兩種語言），供程式使用", "print JSON, in both languages, for programs"))
	return cmd
}

// noCommand is the end of a command line that names none.
func (c *console) noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return wrongUse("請寫出指令。", "name a command")
	}
	zh, en := "沒有這個指令：%q", "no such command: %q"
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return wrongUse(zh+"。是不是 %s？", en+"; did you mean %s?", args[0], strings.Join(near, ", "))
	}
	return wrongUse(zh, en, args[0])
}

func (c *console) versionCommand() *cobra.Command {
	return c.leaf("version [--json]", c.say("顯示版本", "print the version"), "", 0, func([]string) error { return c.version() })
}

func (c *console) version() error {
	if c.asJSON {
		return writeJSON(c.out, struct {
			Version  string `json:"version"`
			Build    string `json:"build"`
			Protocol int    `json:"protocol"`
			System   string `json:"system"`
		}{version, build, protocol.Version, system})
	}
	_, err := fmt.Fprintf(c.out, "cardbridge %s (%s, protocol %d)\n", version, build, protocol.Version)
	return err
}

const system = runtime.GOOS + "/" + runtime.GOARCH

// complete has a shell offer an option's values.
func complete(cmd *cobra.Command, flag string, values ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // the flag was just made
}

// knownBrowsers are the ids that --browser takes.
func (c *console) knownBrowsers() (ids []string) {
	spots, _ := browsers.Spots(browsers.Target{Home: c.env.home, Host: protocol.HostName}) // embedded data, which tests read
	for _, s := range spots {
		ids = append(ids, s.ID)
	}
	return ids
}
