package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/cardbridge/cardbridge/host/internal/operation"
	"github.com/cardbridge/cardbridge/protocol"
)

func (c *console) certificatesCommand() *cobra.Command {
	return c.leaf("certificates [--json]", c.say("列出讀卡機裡的憑證", "list the certificates in the readers"),
		c.say("列出讀卡機裡的憑證，就像網站會看到的：持有人、卡片種類、發證單位、到期日、讀卡機、能否登入。",
			"Lists the certificates in the readers as a portal would be shown them: holder, kind, issuer, last day, reader, whether it can log in."),
		0, func([]string) error { return c.listCertificates() })
}

// listCertificates shows a person at the terminal what a portal would be shown.
func (c *console) listCertificates() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cards, err := newCards(c.env, c.document())
	if err != nil {
		return err
	}
	defer cards.Close()
	inventory, err := cards.Scan(ctx, nil)
	if err != nil {
		return err
	}
	result := operation.List(inventory, time.Now(), nil)
	if c.asJSON {
		return writeJSON(c.out, result)
	}
	w := tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0)
	for _, found := range result.Certificates {
		usable := c.say("可登入", "usable")
		if !found.Usable {
			usable = c.say("不可登入：", "not usable: ") + found.Reason
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", printable(found.Holder), found.Kind, printable(found.Issuer), found.NotAfter.Format(time.DateOnly), printable(found.Reader), usable)
	}
	w.Flush()
	for _, p := range result.Problems {
		row := protocol.Table()[p.Code]
		fmt.Fprintf(c.problems, "%s %s\n  %s (%s)\n", c.say(row.ZhTW.Message, row.En.Message), printable(p.Facts.Reader+p.Facts.Module),
			c.say(row.ZhTW.Hint, row.En.Hint), p.Code)
	}
	if len(result.Certificates) == 0 {
		c.end = endFailed
	}
	return nil
}
