package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/cardbridge/cardbridge/host/internal/operation"
	"github.com/cardbridge/cardbridge/host/internal/policy"
)

// listCertificates shows a person at the terminal what a portal would be shown.
func listCertificates(args []string) int {
	if len(args) > 0 {
		usage(os.Stderr)
		return 2
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cards, err := newCards(readSettings(), policy.Load(policy.Path()))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer cards.Close()
	inventory, err := cards.Scan(ctx, nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	result := operation.List(inventory, time.Now(), nil)
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	for _, c := range result.Certificates {
		usable := "可登入 usable"
		if !c.Usable {
			usable = "不可登入 not usable: " + c.Reason
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", c.Holder, c.Kind, c.Issuer, c.NotAfter.Format(time.DateOnly), c.Reader, usable)
	}
	w.Flush()
	for _, p := range result.Problems {
		fmt.Fprintf(os.Stderr, "%s %s\n", p.Code, p.Facts.Reader+p.Facts.Module)
	}
	return 0
}
