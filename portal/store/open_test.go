package store

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/account"
	"github.com/cardbridge/cardbridge/portal/audit"
)

func TestFiveMigrateAtOnce(t *testing.T) {
	onEachAddress(t, func(t *testing.T, address string) {
		first := open(t, address)
		var schema *SchemaError
		require.ErrorAs(t, first.Check(t.Context()), &schema)
		assert.False(t, schema.Newer())
		assert.Contains(t, schema.Error(), "portal migrate")
		stores := make([]*Store, 5)
		for i := range stores {
			stores[i] = open(t, address)
		}
		for _, err := range together(5, func(i int) error { return stores[i].Migrate(t.Context()) }) {
			assert.NoError(t, err)
		}
		assert.NoError(t, first.Check(t.Context()))
		assert.NoError(t, first.Migrate(t.Context()), "twice")
		importAll(t, first, persons(2))
		assert.NoError(t, first.Migrate(t.Context()), "after something was written")
	})
}

func TestANewerSchemaIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alter(t, s, `INSERT INTO `+versionTable+` (version_id, is_applied) VALUES (999, $1)`, true)
		for _, err := range []error{s.Check(t.Context()), s.Migrate(t.Context())} {
			var schema *SchemaError
			require.ErrorAs(t, err, &schema)
			assert.True(t, schema.Newer())
			assert.Contains(t, err.Error(), "newer")
		}
	})
}

func TestSecret(t *testing.T) {
	onEachAddress(t, func(t *testing.T, address string) {
		stores := []*Store{ready(t, address), open(t, address)}
		counts, others := tally(together(20, func(i int) error {
			return stores[i%2].CheckSecret(t.Context(), []byte{byte(i % 4)})
		}), nil, ErrSecret)
		assert.Empty(t, others)
		assert.Equal(t, []int{5, 15}, counts)
	})
}

func TestAddresses(t *testing.T) {
	for _, address := range []string{
		"", "postgres://user:hunter2@127.0.0.1:1/db", "postgres://user:hunter2@127.0.0.1:x/db", "postgresql://user:hunter2@%zz/db",
		"postgres://user:hunter2@127.0.0.1:1/db?pool_max_conns=1", "postgres://user:hunter2@127.0.0.1:1/db?sslmode=hunter2",
		filepath.Join(t.TempDir(), "no", "folder.db"), t.TempDir(),
	} {
		s, err := Open(t.Context(), address)
		require.Error(t, err, address)
		assert.Nil(t, s)
		assert.NotContains(t, err.Error(), "hunter2")
	}
}

func TestTheFileIsItsOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	s := ready(t, filepath.Join(dir, "p.db"))
	importAll(t, s, persons(1))
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 3, "database, WAL, its index")
	for _, file := range files {
		info, err := file.Info()
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), file.Name())
	}
}

func TestAClosedStoreSaysSo(t *testing.T) {
	onEachAddress(t, func(t *testing.T, address string) {
		s := ready(t, address)
		require.NoError(t, s.Close())
		assert.Error(t, s.Put(t.Context(), newChallenge("a")))
		assert.Error(t, s.Ping(t.Context()))
	})
}

// A copy of the database holds no ID number, in no spelling that a dump would show.
func TestNoIDNumberInTheDatabase(t *testing.T) {
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			address, dump := fresh(t)
			s := ready(t, address)
			hasher := account.NewHasher(bytes.Repeat([]byte{7}, 32))
			number := "A123456789"
			p := account.Person{ID: hasher.ID(number), Tail: hasher.Tail(number[6:]), Account: "marker", Name: "王小明", InOffice: true}
			importAll(t, s, []account.Person{p})
			mustBind(t, s, 1, p, "in")
			_, err := s.Count(t.Context(), "bind "+cardKey(1).String(), account.FailuresADay*1e9, noon)
			require.NoError(t, err)
			require.NoError(t, s.Record(t.Context(), event(audit.Login)))
			text, err := dump()
			require.NoError(t, err)
			require.Contains(t, text, "marker", "the dump shows nothing")
			for _, never := range []string{number, number[6:], hex.EncodeToString([]byte(number)), base64.StdEncoding.EncodeToString([]byte(number))} {
				assert.NotContains(t, text, never)
			}
		})
	}
}
