package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/cardbridge/cardbridge/host/internal/logs"
	"github.com/cardbridge/cardbridge/host/internal/policy"
	"github.com/cardbridge/cardbridge/host/internal/service"
)

// serviceCommand registers the agent with the service manager, steers it, or is it (run).
func serviceCommand(args []string) int {
	if len(args) != 1 {
		usage(os.Stderr)
		return 2
	}
	var err error
	switch args[0] {
	case "install":
		var executable string
		if executable, err = os.Executable(); err == nil {
			err = service.Install(executable)
		}
	case "uninstall":
		err = service.Uninstall()
	case "start":
		err = service.Start()
	case "stop":
		err = service.Stop()
	case "restart":
		err = service.Restart()
	case "status":
		var state service.State
		if state, err = service.Status(); err == nil {
			fmt.Println(state)
			if state == service.NotInstalled {
				return 1
			}
		}
	case "run":
		err = runService()
	default:
		err = errors.New("no such command")
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "無法完成 / failed: %v\n", err)
		return 1
	}
	return 0
}

func runService() error {
	env, doc := readAgentSettings(), policy.Load(policy.Path())
	log, done := logs.OpenService(logs.Options{Level: doc.Log().Level, Folder: doc.Log().Folder, MaxMegabytes: doc.Log().MaxMegabytes}, os.Stderr)
	defer done()
	return service.Run(func(ctx context.Context) error { return runAgent(ctx, env, log) })
}
