package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/cardbridge/cardbridge/portal/account"
	"github.com/cardbridge/cardbridge/portal/audit"
	"github.com/cardbridge/cardbridge/portal/roster"
	"github.com/cardbridge/cardbridge/portal/store"
)

// migrate answers portal migrate.
func migrate(ctx context.Context, args []string, s streams) error {
	var d database
	flags := newFlags("migrate", "bring the database's tables up to this program", s.err)
	d.flags(flags, s.environment)
	if err := parse(flags, args, 0); err != nil {
		return err
	}
	data, _, err := d.open(ctx, true)
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out, "資料庫已是最新版本。The database is up to date.")
	return data.Close()
}

// trail answers portal audit.
func trail(ctx context.Context, args []string, s streams) error {
	var d database
	var since time.Duration
	var asJSON bool
	flags := newFlags("audit", "print the audit trail, oldest first", s.err)
	d.flags(flags, s.environment)
	flags.DurationVar(&since, "since", 24*time.Hour, "how far back, such as 90m or 720h; 0: everything")
	flags.BoolVar(&asJSON, "json", false, "one JSON object a line")
	if err := parse(flags, args, 0); err != nil {
		return err
	}
	data, _, err := d.open(ctx, false)
	if err != nil {
		return err
	}
	defer data.Close()
	var from time.Time
	if since > 0 {
		from = time.Now().Add(-since)
	}
	for event, err := range data.Events(ctx, from) {
		if err != nil {
			return err
		}
		if err := printEvent(s, event, asJSON); err != nil {
			return err
		}
	}
	return nil
}

func printEvent(s streams, e audit.Event, asJSON bool) error {
	if !asJSON {
		_, err := fmt.Fprintf(s.out, "%s %-7s %-22s card=%s %s person=%.12s agency=%s certificate=%.16s from=%s request=%s %s\n",
			e.At.Local().Format(time.DateTime), e.Action, e.Outcome, e.CardKind, e.Card, e.Person, e.Agency, e.Thumbprint, e.Address, e.Request, e.Detail)
		return err
	}
	line, err := json.Marshal(map[string]any{
		"at": e.At.UTC(), "action": e.Action, "outcome": e.Outcome, "cardKind": e.CardKind, "card": e.Card, "thumbprint": e.Thumbprint,
		"person": e.Person, "agency": e.Agency, "address": e.Address, "request": e.Request, "detail": e.Detail,
	}, json.Deterministic(true))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s\n", line)
	return err
}

const maxTyped = 200 // bytes

// unbind answers portal unbind.
func unbind(ctx context.Context, args []string, s streams) error {
	var d database
	flags := newFlags("unbind", "unbind [flags] ACCOUNT-OR-ID-NUMBER, or - to read it from standard input; the next login must prove the account again", s.err)
	d.flags(flags, s.environment)
	if err := parse(flags, args, 1); err != nil {
		return err
	}
	data, keys, err := d.open(ctx, false)
	if err != nil {
		return err
	}
	defer data.Close()
	typed := flags.Arg(0)
	if typed == "-" { // an ID number on the command line could be read by everybody on the machine
		line, err := bufio.NewReader(io.LimitReader(s.in, maxTyped)).ReadString('\n')
		if err != nil && err != io.EOF {
			return err
		}
		typed = line
	}
	person, err := find(ctx, data, hasherOf(keys), typed)
	if err != nil {
		return err
	}
	card, err := data.Unbind(ctx, person, audit.Event{At: time.Now(), Action: audit.Unbind, Outcome: audit.OK, Person: person.String()})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "已解除綁定：卡片 %s。Unbound from card %s.\n", card, card)
	return nil
}

// find gives the person of an account, or of an ID number, which need not be in the personnel file any more.
func find(ctx context.Context, data *store.Store, hasher account.Hasher, typed string) (account.Hash, error) {
	if number, ok := account.IDNumber(typed); ok {
		return hasher.ID(number), nil
	}
	name, ok := account.Account(typed)
	if !ok {
		return account.Hash{}, account.ErrMalformed
	}
	person, err := data.PersonByAccount(ctx, name)
	return person.ID, err
}

// importFile answers portal import.
func importFile(ctx context.Context, args []string, s streams) error {
	var d database
	var encoding, issuers string
	var options store.ImportOptions
	flags := newFlags("import", "import [flags] personnel|agencies|bindings FILE.csv", s.err)
	d.flags(flags, s.environment)
	flags.StringVar(&encoding, "encoding", roster.UTF8.String(), "utf-8 or big5")
	issuersFlag(flags, &issuers)
	flags.BoolVar(&options.AllowShrink, "shrink", false, "also if the file lacks more than a tenth of what is there")
	kind := ""
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' { // the kind may come first
		kind, args = args[0], args[1:]
	}
	want := 2
	if kind != "" {
		want = 1
	}
	if err := parse(flags, args, want); err != nil {
		return err
	}
	if kind == "" {
		kind = flags.Arg(0)
	}
	path := flags.Arg(want - 1)
	written, ok := roster.ParseEncoding(encoding)
	if !ok {
		return fmt.Errorf("-encoding %q; use utf-8 or big5", encoding)
	}
	table, err := issuerTable(issuers)
	if err != nil {
		return err
	}
	if !slices.Contains(kinds, kind) {
		return fmt.Errorf("import of %q; use one of %v", kind, kinds)
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return errors.Join(err, fmt.Errorf("%s: an ordinary file is wanted, since it is read twice", path))
	}
	data, keys, err := d.open(ctx, true)
	if err != nil {
		return err
	}
	defer data.Close()
	job := importJob{kind: kind, file: file, hasher: hasherOf(keys), encoding: written, options: options, table: table,
		event: audit.Event{At: time.Now(), Action: audit.Import, Outcome: audit.OK, Detail: kind}}
	counts, err := job.run(ctx, data, s)
	if err != nil {
		return errors.Join(err, errNothingImported)
	}
	fmt.Fprintln(s.out, counts)
	return nil
}

var kinds = []string{"personnel", "agencies", "bindings"}

var errNothingImported = errors.New("什麼都沒有匯入，資料庫維持原狀。Nothing was imported; the database is as it was")
