package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/sys/windows/registry"
)

// hive is the registry of the person or of the computer.
type hive struct {
	key  registry.Key
	name string
}

var (
	personal = hive{registry.CURRENT_USER, "HKCU"}
	common   = hive{registry.LOCAL_MACHINE, "HKLM"}
)

// views: browsers look into that of 32-bit programs first, whatever they are themselves.
var views = []uint32{registry.WOW64_32KEY, registry.WOW64_64KEY}

// mostNames is more than any list of policies needs.
const mostNames = 10_000

// place is a key as people write it.
func (h hive) place(key string) string { return h.name + `\` + key }

// text is a value of text, "" the key's own; fs.ErrNotExist: there is none, or an empty one.
func (h hive) text(key, name string) (string, error) {
	for _, view := range views {
		k, err := registry.OpenKey(h.key, key, registry.QUERY_VALUE|view)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		value, kind, err := k.GetStringValue(name)
		k.Close()
		if err == nil && kind == registry.EXPAND_SZ {
			value, err = registry.ExpandString(value)
		}
		if len(value) > mostBytes {
			return "", errTooLarge
		}
		if err == nil && value != "" || err != nil && !errors.Is(err, fs.ErrNotExist) {
			return value, err
		}
	}
	return "", fs.ErrNotExist
}

// keys are the names of those below a key, of both views.
func (h hive) keys(key string) (names []string) {
	for _, view := range views {
		k, err := registry.OpenKey(h.key, key, registry.ENUMERATE_SUB_KEYS|view)
		if err != nil {
			continue
		}
		below, _ := k.ReadSubKeyNames(mostNames) // io.EOF: there are fewer
		k.Close()
		names = append(names, below...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// policyLists are the policies that are a key with values 1, 2, 3.
var policyLists = []string{"NativeMessagingBlocklist", "NativeMessagingAllowlist", "ExtensionInstallBlocklist", "ExtensionInstallAllowlist", "ExtensionInstallForcelist"}

// policies are a browser's policies that concern us, as its files of policies elsewhere have them. Both views see the same ones.
func (h hive) policies(key string) (found map[string]jsontext.Value, bad []unusable) {
	found = map[string]jsontext.Value{}
	failed := func(key string, err error) {
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			bad = append(bad, unusable{h.place(key), err})
		}
	}
	for _, name := range policyLists {
		list, err := h.list(key + `\` + name)
		if err == nil {
			found[name], err = json.Marshal(list)
		}
		failed(key+`\`+name, err)
	}
	for name, read := range map[string]func(registry.Key, string) (jsontext.Value, error){
		"NativeMessagingUserLevelHosts": boolean, "ExtensionSettings": document,
	} {
		k, err := registry.OpenKey(h.key, key, registry.QUERY_VALUE)
		if err == nil {
			found[name], err = read(k, name)
			k.Close()
		}
		if err != nil {
			delete(found, name)
		}
		failed(key+`\`+name, err)
	}
	if _, given := found["ExtensionSettings"]; !given {
		if rules := h.rules(key + `\ExtensionSettings`); len(rules) > 0 {
			raw, err := json.Marshal(rules)
			found["ExtensionSettings"] = raw
			failed(key+`\ExtensionSettings`, err)
		}
	}
	return found, bad
}

func (h hive) list(key string) (list []string, err error) {
	k, err := registry.OpenKey(h.key, key, registry.QUERY_VALUE)
	if err != nil {
		return nil, err
	}
	defer k.Close()
	names, _ := k.ReadValueNames(mostNames) // io.EOF: there are fewer
	for _, name := range names {
		if _, err := strconv.Atoi(name); err != nil {
			continue
		}
		value, _, err := k.GetStringValue(name)
		if err != nil {
			return nil, fmt.Errorf("value %s: %w", name, err)
		}
		list = append(list, value)
	}
	return list, nil
}

// boolean is a policy that is a number, 0 or not.
func boolean(k registry.Key, name string) (jsontext.Value, error) {
	n, _, err := k.GetIntegerValue(name)
	return jsontext.Value(strconv.FormatBool(n != 0)), err
}

var errNoJSON = errors.New("JSON")

// document is a policy that is JSON in one value, in several lines if need be.
func document(k registry.Key, name string) (jsontext.Value, error) {
	text, _, err := k.GetStringValue(name)
	if errors.Is(err, registry.ErrUnexpectedType) {
		var lines []string
		lines, _, err = k.GetStringsValue(name)
		text = strings.Join(lines, "\n")
	}
	switch {
	case err != nil:
		return nil, err
	case len(text) > mostBytes:
		return nil, errTooLarge
	case !jsontext.Value(text).IsValid():
		return nil, errNoJSON
	}
	return jsontext.Value(text), nil
}

// rules are those that have a key for each extension.
func (h hive) rules(key string) map[string]map[string]string {
	rules := map[string]map[string]string{}
	for _, id := range h.keys(key) {
		if mode, err := h.text(key+`\`+id, "installation_mode"); err == nil {
			rules[id] = map[string]string{"installation_mode": mode}
		}
	}
	return rules
}
