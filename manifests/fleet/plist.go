package fleet

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// plist writes a property list in Apple's XML form: dictionaries, arrays, strings, integers, booleans.
func plist(value any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(xml.Header + `<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">` + "\n<plist version=\"1.0\">\n")
	if err := element(&b, value, 0); err != nil {
		return nil, err
	}
	b.WriteString("</plist>\n")
	return b.Bytes(), nil
}

func element(b *bytes.Buffer, value any, depth int) error {
	indent := strings.Repeat("\t", depth)
	switch v := value.(type) {
	case map[string]any:
		fmt.Fprintf(b, "%s<dict>\n", indent)
		for _, key := range slices.Sorted(maps.Keys(v)) {
			fmt.Fprintf(b, "%s\t<key>%s</key>\n", indent, escaped(key))
			if err := element(b, v[key], depth+1); err != nil {
				return err
			}
		}
		fmt.Fprintf(b, "%s</dict>\n", indent)
	case []any:
		fmt.Fprintf(b, "%s<array>\n", indent)
		for _, item := range v {
			if err := element(b, item, depth+1); err != nil {
				return err
			}
		}
		fmt.Fprintf(b, "%s</array>\n", indent)
	case string:
		fmt.Fprintf(b, "%s<string>%s</string>\n", indent, escaped(v))
	case int:
		fmt.Fprintf(b, "%s<integer>%d</integer>\n", indent, v)
	case bool:
		fmt.Fprintf(b, "%s<%t/>\n", indent, v)
	default:
		return fmt.Errorf("fleet: a property list has no %T", value)
	}
	return nil
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}
