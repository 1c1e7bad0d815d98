package doctor

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/host/internal/browsers"
)

// manifestText is a host's manifest as a browser of that spot takes it, after change, if there is one.
func manifestText(t *testing.T, s browsers.Spot, program string, change func(m map[string]any)) string {
	t.Helper()
	m := map[string]any{"name": hostID, "description": "x", "path": program, "type": "stdio"}
	if s.Family == "firefox" {
		m["allowed_extensions"] = s.Allowed
	} else {
		m["allowed_origins"] = s.Allowed
	}
	if change != nil {
		change(m)
	}
	raw, err := json.Marshal(m)
	require.NoError(t, err)
	return string(raw)
}
