package setup

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/windows/registry"
)

// Registry is a part of it in which an installation leaves nothing that is not wished for any more: where an installer judges its
// conditions but once, what was written under earlier ones stays.
type Registry struct{ Root registry.Key }

// Value is one of a key's; Name "": the key's own.
type Value struct{ Key, Name string }

// Text gives a value's text; "" if there is none.
func (r Registry) Text(v Value) (text string, err error) {
	err = r.within(v.Key, registry.QUERY_VALUE, func(k registry.Key) error {
		text, _, err = k.GetStringValue(v.Name)
		if errors.Is(err, registry.ErrUnexpectedType) { // nothing that we wrote
			return nil
		}
		return err
	})
	return text, err
}

// Number gives a value's number; no is what stands for none.
func (r Registry) Number(v Value, no uint64) (number uint64, err error) {
	number = no
	err = r.within(v.Key, registry.QUERY_VALUE, func(k registry.Key) error {
		n, _, err := k.GetIntegerValue(v.Name)
		if err == nil {
			number = n
		}
		if errors.Is(err, registry.ErrUnexpectedType) {
			return nil
		}
		return err
	})
	return number, err
}

// Delete removes a value, then each key above it that holds nothing any more, up to one that stays.
func (r Registry) Delete(v Value, stays string) error {
	err := r.within(v.Key, registry.SET_VALUE, func(k registry.Key) error { return k.DeleteValue(v.Name) })
	for key := v.Key; err == nil && len(key) > len(stays) && strings.EqualFold(key[:len(stays)+1], stays+`\`); key = key[:strings.LastIndexByte(key, '\\')] {
		var held uint32
		err = r.within(key, registry.QUERY_VALUE, func(k registry.Key) error {
			info, err := k.Stat()
			if err == nil {
				held = info.SubKeyCount + info.ValueCount
			}
			return err
		})
		if err != nil || held > 0 {
			return err
		}
		if err = registry.DeleteKey(r.Root, key); errors.Is(err, registry.ErrNotExist) {
			err = nil
		}
	}
	return err
}

// within hands a key to do; that there is none is no error, of the key nor of what do looks for.
func (r Registry) within(key string, access uint32, do func(registry.Key) error) error {
	k, err := registry.OpenKey(r.Root, key, access)
	if err == nil {
		err = errors.Join(do(k), k.Close())
	}
	if err != nil && !errors.Is(err, registry.ErrNotExist) {
		return fmt.Errorf("setup: %s: %w", key, err)
	}
	return nil
}
