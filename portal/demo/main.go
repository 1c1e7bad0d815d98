// Command demo is the reference portal of CardBridge.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// command is one word of the command line.
type command struct {
	name, args, about string
	run               func(ctx context.Context, args []string, s streams) error
}

// streams are main's own; environment gives the database's address, which may hold a password.
type streams struct {
	in          io.Reader
	out, err    io.Writer
	environment func(string) string
}

var commands = []command{
	{"serve", "", "serve the portal (also without a command)", serve},
	{"import", "personnel|agencies|bindings FILE.csv", "replace the personnel or agency code file, or add bindings", importFile},
	{"audit", "", "print the audit trail", trail},
	{"unbind", "ACCOUNT-OR-ID-NUMBER|-", "part an account from its card, so that it must be proved again", unbind},
	{"migrate", "", "make the database's tables, or bring them up to this program", migrate},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr, os.Getenv})
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "portal:", err)
		os.Exit(1)
	}
}

// run does what the first word says. flag.ErrHelp: the usage was printed.
func run(ctx context.Context, args []string, s streams) error {
	if len(args) == 0 || args[0] != "" && args[0][0] == '-' {
		if len(args) > 0 && (args[0] == "-h" || args[0] == "-help" || args[0] == "--help") {
			usage(s.err)
		}
		return serve(ctx, args, s)
	}
	for _, c := range commands {
		if c.name == args[0] {
			return c.run(ctx, args[1:], s)
		}
	}
	usage(s.err)
	return fmt.Errorf("unknown command %q", args[0])
}

func usage(to io.Writer) {
	fmt.Fprintln(to, "portal COMMAND [flags], each with -help:")
	for _, c := range commands {
		fmt.Fprintf(to, "  %-44s %s\n", c.name+" "+c.args, c.about)
	}
	fmt.Fprintln(to)
}
