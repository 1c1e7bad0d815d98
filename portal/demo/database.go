package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/cardbridge/cardbridge/portal/account"
	"github.com/cardbridge/cardbridge/portal/secret"
	"github.com/cardbridge/cardbridge/portal/store"
)

// databaseVariable holds the address where the command line, which everybody on the machine can read, should not.
const databaseVariable = "CARDBRIDGE_PORTAL_DATABASE"

// database is what every command needs to find the data.
type database struct{ address, secretFile string }

func (d *database) flags(flags *flag.FlagSet, environment func(string) string) {
	address := environment(databaseVariable)
	if address == "" {
		address = "cardbridge-portal.db"
	}
	flags.StringVar(&d.address, "database", address, "postgres://… or the path of an SQLite file; with a password rather in "+databaseVariable)
	flags.StringVar(&d.secretFile, "secret", "", "file with the portal's secret, the same for every process (default: beside the SQLite file)")
	flags.Lookup("database").DefValue = "cardbridge-portal.db" // not the variable's value: -help is no place for a password
}

func (d *database) isServer() bool { return strings.Contains(d.address, "://") }

// open gives the store with the keys that belong to it. A secret that is not there is made; a database that was filled with
// another one says so, since people would not be found.
func (d *database) open(ctx context.Context, migrate bool) (*store.Store, secret.Secret, error) {
	keys, err := d.secret()
	if err != nil {
		return nil, secret.Secret{}, err
	}
	opened, err := store.Open(ctx, d.address)
	if err != nil {
		return nil, secret.Secret{}, err
	}
	fail := func(err error) (*store.Store, secret.Secret, error) {
		return nil, secret.Secret{}, errors.Join(err, opened.Close())
	}
	if migrate {
		err = opened.Migrate(ctx)
	} else {
		err = opened.Check(ctx)
	}
	if err != nil {
		return fail(err)
	}
	if err := opened.CheckSecret(ctx, keys.Key("fingerprint")); err != nil {
		return fail(err)
	}
	return opened, keys, nil
}

func (d *database) secret() (secret.Secret, error) {
	switch {
	case d.secretFile != "":
		return secret.LoadOrCreate(d.secretFile)
	case d.isServer():
		return secret.Secret{}, errors.New("a database server needs -secret FILE, the same file for every process of the portal")
	default:
		return secret.LoadOrCreate(d.address + ".secret")
	}
}

// hasherOf is for ID numbers.
func hasherOf(keys secret.Secret) account.Hasher { return account.NewHasher(keys.Key("id numbers")) }

// newFlags is for one command; what it prints goes to stderr.
func newFlags(name, about string, stderr io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintf(stderr, "portal %s: %s\n", name, about)
		flags.PrintDefaults()
	}
	return flags
}

// parse wants exactly that many arguments beside the flags.
func parse(flags *flag.FlagSet, args []string, want int) error {
	if err := flags.Parse(args); err != nil {
		return flag.ErrHelp // its text has been printed
	}
	if flags.NArg() > want {
		return fmt.Errorf("unexpected argument %q; see -help", flags.Arg(want))
	}
	if flags.NArg() < want {
		return fmt.Errorf("portal %s wants %d arguments after its flags; see -help", flags.Name(), want)
	}
	return nil
}
