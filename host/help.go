package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// help prints what a command is for, then how it is used. cobra's own templates speak English alone.
func (c *console) help(cmd *cobra.Command) {
	text := cmd.Long
	if text == "" {
		text = cmd.Short
	}
	fmt.Fprintf(c.out, "%s\n\n", text)
	c.usage(cmd, c.out)
}

func (c *console) usage(cmd *cobra.Command, w io.Writer) {
	fmt.Fprintln(w, c.say("用法：", "Usage:"))
	if !cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "  %s\n", cmd.UseLine())
	} else {
		fmt.Fprintf(w, "  %s %s\n\n%s\n", cmd.CommandPath(), c.say("指令", "COMMAND"), c.say("指令：", "Commands:"))
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				fmt.Fprintf(w, "  %-13s %s\n", sub.Name(), sub.Short)
			}
		}
	}
	if cmd.HasExample() {
		fmt.Fprintf(w, "\n%s\n%s\n", c.say("例：", "Examples:"), cmd.Example)
	}
	if flags := cmd.LocalFlags(); flags.HasAvailableFlags() && cmd.HasParent() {
		fmt.Fprintf(w, "\n%s\n%s", c.say("選項：", "Options:"), flags.FlagUsages())
	}
	if flags := cmd.Root().PersistentFlags(); flags.HasAvailableFlags() {
		fmt.Fprintf(w, "\n%s\n%s", c.say("所有指令共用的選項：", "Options of all commands:"), flags.FlagUsages())
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\n"+c.say("每個指令的說明：%s 指令 --help\n", "More about a command: %s COMMAND --help\n"), cmd.CommandPath())
	}
}

func (c *console) helpCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "help [COMMAND]", Short: c.say("顯示指令的說明", "print the help of a command"), DisableFlagsInUseLine: true,
		ValidArgsFunction: func(cmd *cobra.Command, _ []string, begun string) (names []string, _ cobra.ShellCompDirective) {
			for _, sub := range cmd.Root().Commands() {
				if sub.IsAvailableCommand() && strings.HasPrefix(sub.Name(), begun) {
					names = append(names, cobra.CompletionWithDesc(sub.Name(), sub.Short))
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		found, rest, err := cmd.Root().Find(args)
		if err != nil || len(rest) > 0 {
			return c.noCommand(cmd.Root(), args)
		}
		c.help(found)
		return nil
	}
	return cmd
}

// shells are those for which cobra writes a script, with the way to have it read at each start.
var shells = []struct {
	name, place string
	write       func(root *cobra.Command, w io.Writer) error
}{
	{"bash", "  cardbridge completion bash > /etc/bash_completion.d/cardbridge", func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) }},
	{"zsh", `  cardbridge completion zsh > "${fpath[1]}/_cardbridge"`, func(root *cobra.Command, w io.Writer) error { return root.GenZshCompletion(w) }},
	{"fish", "  cardbridge completion fish > ~/.config/fish/completions/cardbridge.fish", func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) }},
	{"powershell", "  cardbridge completion powershell | Out-String | Invoke-Expression", func(root *cobra.Command, w io.Writer) error { return root.GenPowerShellCompletionWithDesc(w) }},
}

// completionCommand prints the script with which a shell completes our command line; it then asks this program.
func (c *console) completionCommand() *cobra.Command {
	parent := c.family("completion", c.say("印出命令列自動完成的設定", "print the completion script of a shell"),
		c.say("印出 shell 的自動完成設定。按 Tab 時，shell 會以它詢問本程式。", "Prints the script with which a shell completes this program's command line when Tab is pressed."))
	for _, shell := range shells {
		parent.AddCommand(&cobra.Command{
			Use: shell.name, Short: c.say(shell.name+" 的設定", "the script of "+shell.name), Example: shell.place, DisableFlagsInUseLine: true,
			ValidArgsFunction: cobra.NoFileCompletions,
			RunE: func(cmd *cobra.Command, args []string) error {
				if len(args) > 0 {
					return wrongUse("這個指令不要參數。", "this command takes no argument")
				}
				return shell.write(cmd.Root(), c.out)
			},
		})
	}
	return parent
}

// family is a command that only has others below it.
func (c *console) family(name, short, long string) *cobra.Command {
	return &cobra.Command{
		Use: name + " COMMAND", Short: short, Long: long, Args: cobra.ArbitraryArgs, DisableFlagsInUseLine: true, SuggestionsMinimumDistance: likeness,
		RunE: func(cmd *cobra.Command, args []string) error { return c.noCommand(cmd, args) },
	}
}
