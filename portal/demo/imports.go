package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/cardbridge/cardbridge/portal/account"
	"github.com/cardbridge/cardbridge/portal/audit"
	"github.com/cardbridge/cardbridge/portal/roster"
	"github.com/cardbridge/cardbridge/portal/store"
	"github.com/cardbridge/cardbridge/portal/verify"
)

// importJob is one file on its way into the database.
type importJob struct {
	kind     string
	file     io.ReadSeeker
	hasher   account.Hasher
	encoding roster.Encoding
	options  store.ImportOptions
	event    audit.Event
	table    verify.Table // whose issuer families a binding may name
}

func (j importJob) knows(family string) bool {
	return slices.ContainsFunc(j.table.Issuers, func(issuer verify.Issuer) bool { return issuer.Family == family })
}

// run reads the whole file once to list what is wrong with it, then once more to be stored: so the person at the desk gets
// all lines to mend at once, and the database a good file or none.
func (j importJob) run(ctx context.Context, data *store.Store, s streams) (store.Counts, error) {
	switch j.kind {
	case "personnel":
		return stored(j, s, func() iter.Seq2[account.Person, error] { return roster.Personnel(j.file, j.hasher, j.encoding) },
			func(rows iter.Seq2[account.Person, error]) (store.Counts, error) {
				return data.ImportPersonnel(ctx, rows, j.options, j.event)
			})
	case "agencies":
		return stored(j, s, func() iter.Seq2[account.Agency, error] { return roster.Agencies(j.file, j.encoding) },
			func(rows iter.Seq2[account.Agency, error]) (store.Counts, error) {
				return data.ImportAgencies(ctx, rows, j.options, j.event)
			})
	case "bindings":
		return stored(j, s, func() iter.Seq2[account.Binding, error] {
			return roster.Bindings(j.file, j.hasher, j.knows, j.encoding)
		},
			func(rows iter.Seq2[account.Binding, error]) (store.Counts, error) {
				return data.ImportBindings(ctx, rows, j.event)
			})
	default:
		return store.Counts{}, fmt.Errorf("import of %q; use personnel, agencies or bindings", j.kind)
	}
}

func stored[T any](j importJob, s streams, read func() iter.Seq2[T, error], keep func(iter.Seq2[T, error]) (store.Counts, error)) (store.Counts, error) {
	if err := check(read(), s.err); err != nil {
		return store.Counts{}, err
	}
	if _, err := j.file.Seek(0, io.SeekStart); err != nil {
		return store.Counts{}, err
	}
	return keep(read())
}

// check lists the faulty lines; the roster ends after its hundredth.
func check[T any](rows iter.Seq2[T, error], to io.Writer) error {
	good, wrong := 0, map[int]bool{} // lines; one may have several errors
	for _, err := range rows {
		if err == nil {
			good++
			continue
		}
		line, ok := errors.AsType[*roster.LineError](err)
		if !ok {
			return err // the file as a whole
		}
		wrong[line.Line] = true
		fmt.Fprintf(to, "%s %s\n", line.Chinese(), line)
	}
	if bad := len(wrong); bad > 0 {
		return fmt.Errorf("%d 行正確，%d 行有錯，請修正後再匯入。%d good lines, %d bad ones; mend these and import again", good, bad, good, bad)
	}
	return nil
}
