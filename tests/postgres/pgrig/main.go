// Command pgrig runs a throw-away PostgreSQL cluster until its standard input ends.
//
//	pgrig [-fsync=on|off] [-dir FOLDER]
//
// It prints one line, {"url":"postgres://…"}, when the server takes connections. It ends on SIGTERM, on SIGINT, at the end
// of its standard input; the cluster's folder is gone then.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/cardbridge/cardbridge/tests/postgres"
)

func main() {
	fsync := flag.String("fsync", "off", "`on` or off: whether a commit waits for the disk")
	dir := flag.String("dir", "", "`folder` in which the cluster's own folder is made (default: the system's temporary folder)")
	flag.Parse()
	if flag.NArg() > 0 || (*fsync != "on" && *fsync != "off") {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(postgres.Options{Dir: *dir, Fsync: *fsync == "on"}); err != nil {
		fmt.Fprintln(os.Stderr, "pgrig:", err)
		os.Exit(1)
	}
}

func run(options postgres.Options) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cluster, err := postgres.New(options)
	if err != nil {
		return err
	}
	return errors.Join(serve(ctx, cluster), cluster.Stop())
}

func serve(ctx context.Context, cluster *postgres.Cluster) error {
	address, err := cluster.Create(ctx, "portal")
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]string{"url": address}); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	select {
	case <-ctx.Done():
	case <-ended:
	}
	return nil
}
