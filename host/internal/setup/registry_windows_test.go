package setup

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/windows/registry"
)

// base stands for HKLM's Software.
const base = `Software\CardBridge test`

func key(t *testing.T, path string) registry.Key {
	t.Helper()
	k, _, err := registry.CreateKey(registry.CURRENT_USER, path, registry.ALL_ACCESS)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, k.Close()) })
	return k
}

func there(path string) bool {
	k, err := registry.OpenKey(registry.CURRENT_USER, path, registry.QUERY_VALUE)
	if err == nil {
		_ = k.Close()
	}
	return err == nil
}

func TestValuesAreRead(t *testing.T) {
	r := Registry{registry.CURRENT_USER}
	k := key(t, base+`\read`)
	defer func() { require.NoError(t, registry.DeleteKey(registry.CURRENT_USER, base+`\read`)) }()
	require.NoError(t, k.SetStringValue("text", "憑證"))
	require.NoError(t, k.SetDWordValue("number", 0))
	for name, want := range map[string]string{"text": "憑證", "number": "", "none": ""} {
		text, err := r.Text(Value{base + `\read`, name})
		require.NoError(t, err)
		require.Equal(t, want, text, name)
	}
	for name, want := range map[string]uint64{"text": 7, "number": 0, "none": 7} {
		number, err := r.Number(Value{base + `\read`, name}, 7)
		require.NoError(t, err)
		require.Equal(t, want, number, name)
	}
	text, err := r.Text(Value{base + `\no such key`, ""})
	require.NoError(t, err)
	require.Empty(t, text)
}

// What holds nothing any more goes with the value; what holds something of others', or shall stay, stays.
func TestAValueGoesWithWhatHeldItAlone(t *testing.T) {
	r := Registry{registry.CURRENT_USER}
	defer func() { _ = registry.DeleteKey(registry.CURRENT_USER, base) }()
	deep := base + `\vendor\browser\list`
	require.NoError(t, key(t, deep).SetStringValue("88140", "ours"))
	require.NoError(t, key(t, deep).SetStringValue("1", "theirs"))
	require.NoError(t, r.Delete(Value{deep, "none"}, base))
	require.NoError(t, r.Delete(Value{base + `\vendor\none`, "88140"}, base))
	require.NoError(t, r.Delete(Value{deep, "88140"}, base))
	require.True(t, there(deep))
	text, err := r.Text(Value{deep, "1"})
	require.NoError(t, err)
	require.Equal(t, "theirs", text)

	require.NoError(t, key(t, base+`\vendor`).SetStringValue("", "theirs"))
	require.NoError(t, r.Delete(Value{deep, "1"}, base))
	require.False(t, there(base+`\vendor\browser`))
	require.True(t, there(base+`\vendor`))
	require.NoError(t, r.Delete(Value{base + `\vendor`, ""}, base))
	require.False(t, there(base+`\vendor`))
	require.True(t, there(base))
}
