package registry

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// ErrLasting refuses a Windows that somebody still wants.
var ErrLasting = errors.New("these tests write into the registry: they run under Wine alone (tests/wine)")

// Check tells whether this Windows is Wine's.
func Check() error {
	if windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() != nil {
		return ErrLasting
	}
	return nil
}

// T is what is needed of a test.
type T interface {
	require.TestingT
	Helper()
}

// Set writes values of a key, which it makes: text, a number, lines, bytes. view is one of registry.WOW64_…, 0 the own one.
func Set(t T, root registry.Key, view uint32, key string, values map[string]any) {
	t.Helper()
	require.NoError(t, Check())
	k, _, err := registry.CreateKey(root, strings.TrimSuffix(key, `\`), registry.SET_VALUE|view)
	require.NoError(t, err)
	defer k.Close()
	for name, value := range values {
		switch value := value.(type) {
		case string:
			err = k.SetStringValue(name, value)
		case int:
			err = k.SetDWordValue(name, uint32(value))
		case []string:
			err = k.SetStringsValue(name, value)
		case []byte:
			err = k.SetBinaryValue(name, value)
		default:
			err = fmt.Errorf("no value: %T", value)
		}
		require.NoError(t, err, name)
	}
}

// Remove deletes a key with all below it, in both views.
func Remove(t T, root registry.Key, key string) {
	t.Helper()
	require.NoError(t, Check())
	for _, view := range []uint32{registry.WOW64_64KEY, registry.WOW64_32KEY} {
		remove(t, root, view, key)
	}
}

func remove(t T, root registry.Key, view uint32, key string) {
	t.Helper()
	k, err := registry.OpenKey(root, key, registry.ENUMERATE_SUB_KEYS|view)
	if errors.Is(err, registry.ErrNotExist) {
		return
	}
	require.NoError(t, err)
	below, err := k.ReadSubKeyNames(-1)
	if !errors.Is(err, io.EOF) {
		require.NoError(t, err)
	}
	require.NoError(t, k.Close())
	for _, name := range below {
		remove(t, root, view, key+`\`+name)
	}
	parent, name := filepath.Split(key)
	k, err = registry.OpenKey(root, strings.TrimSuffix(parent, `\`), registry.ALL_ACCESS|view)
	require.NoError(t, err)
	defer k.Close()
	require.NoError(t, registry.DeleteKey(k, name))
}
