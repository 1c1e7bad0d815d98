package fleet

import (
	"cmp"
	"os"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The extension's test (extension/test/managed.test.mjs) reads the same file: what one of them refuses the other does.
func TestSettingsAreThoseThatTheExtensionTakes(t *testing.T) {
	raw, err := os.ReadFile("testdata/settings.json")
	require.NoError(t, err)
	var vectors []struct {
		Name     string   `json:"name"`
		Settings Settings `json:"settings"`
		Drops    string   `json:"drops"`
		Refused  string   `json:"refused"` // the extension takes it, a file of a policy cannot hold it
	}
	require.NoError(t, json.Unmarshal(raw, &vectors, json.RejectUnknownMembers(true)))
	refused := 0
	for _, v := range vectors {
		err := Release{Chrome: chrome, Settings: &v.Settings}.Check()
		member := cmp.Or(v.Drops, v.Refused)
		if member == "" {
			assert.NoError(t, err, v.Name)
			continue
		}
		refused++
		assert.ErrorContains(t, err, "fleet: settings: "+member, v.Name)
	}
	require.Greater(t, refused, 15)
	require.Greater(t, len(vectors)-refused, 5)
}
