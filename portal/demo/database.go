package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/cardbridge/cardbridge/portal/account"
	"github.com/cardbridge/cardbridge/portal/secret"
	"github.com/cardbridge/cardbridge/portal/store"
	"github.com/cardbridge/cardbridge/portal/verify"
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

// errNoSecret: making a new secret would leave a second file that fits no database.
var errNoSecret = errors.New("the database was filled with a secret whose file is not there; restore it from the backup, or give its place with -secret")

// open gives the store with the keys that belong to it. The secret of a new database is made; one that was filled with another
// says so, since people would not be found.
func (d *database) open(ctx context.Context, migrate bool) (*store.Store, secret.Secret, error) {
	if d.secretFile == "" && d.isServer() {
		return nil, secret.Secret{}, errors.New("a database server needs -secret FILE, the same file for every process of the portal")
	}
	if _, err := os.Stat(d.address); !migrate && !d.isServer() && err != nil {
		return nil, secret.Secret{}, fmt.Errorf("-database: %w", err) // who only looks makes no database
	}
	opened, err := store.Open(ctx, d.address)
	if err != nil {
		return nil, secret.Secret{}, err
	}
	ready := opened.Check
	if migrate {
		ready = opened.Migrate
	}
	var keys secret.Secret
	if err = ready(ctx); err == nil {
		keys, err = d.secret(ctx, opened)
	}
	if err == nil {
		err = opened.CheckSecret(ctx, keys.Key("fingerprint"))
	}
	if err != nil {
		return nil, secret.Secret{}, errors.Join(err, opened.Close())
	}
	return opened, keys, nil
}

func (d *database) secret(ctx context.Context, opened *store.Store) (secret.Secret, error) {
	path := d.secretFile
	if path == "" {
		path = d.address + ".secret"
	}
	keys, err := secret.Load(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return keys, err
	}
	if has, err := opened.HasSecret(ctx); err != nil || has {
		return secret.Secret{}, errors.Join(err, fmt.Errorf("%s: %w", path, errNoSecret))
	}
	return secret.LoadOrCreate(path)
}

func issuersFlag(flags *flag.FlagSet, path *string) {
	flags.StringVar(path, "issuers", "", "JSON file of issuers, policies, OIDs (default: Taiwan's)")
}

// issuerTable is the file's, or the one that ships.
func issuerTable(path string) (verify.Table, error) {
	if path == "" {
		return verify.DefaultTable(), nil
	}
	table, err := verify.LoadTable(path)
	if err != nil {
		return verify.Table{}, fmt.Errorf("-issuers: %w", err)
	}
	return table, nil
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
