package fleet

import (
	"os"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The packer's test (extension/test/address.test.mjs) reads the same file: what one of them refuses the other does.
func TestAddressesAreThoseThatThePackerTakes(t *testing.T) {
	raw, err := os.ReadFile("testdata/addresses.json")
	require.NoError(t, err)
	var vectors []struct {
		Address string `json:"address"`
		Fits    bool   `json:"fits"`
	}
	require.NoError(t, json.Unmarshal(raw, &vectors, json.RejectUnknownMembers(true)))
	fit := 0
	for _, v := range vectors {
		err := Release{Own: own, UpdateURL: v.Address}.Check()
		if v.Fits {
			fit++
			assert.NoError(t, err, v.Address)
			continue
		}
		assert.Error(t, err, v.Address)
	}
	require.Greater(t, fit, 10)
	require.Greater(t, len(vectors)-fit, 50)
}
