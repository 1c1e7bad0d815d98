package fleet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
)

// registryFile is a file for regedit, or for tools that read such files: UTF-16LE, lines end with CR LF.
type registryFile struct{ lines strings.Builder }

func newRegistryFile() *registryFile {
	f := &registryFile{}
	f.lines.WriteString("Windows Registry Editor Version 5.00\r\n")
	return f
}

// section begins the values of a key below HKLM.
func (f *registryFile) section(key string) {
	fmt.Fprintf(&f.lines, "\r\n[HKEY_LOCAL_MACHINE\\%s]\r\n", key)
}

func (f *registryFile) text(name, content string) {
	fmt.Fprintf(&f.lines, "\"%s\"=\"%s\"\r\n", regText.Replace(name), regText.Replace(content))
}

func (f *registryFile) flag(name string, yes bool) {
	number := 0
	if yes {
		number = 1
	}
	fmt.Fprintf(&f.lines, "\"%s\"=dword:%08x\r\n", regText.Replace(name), number)
}

func (f *registryFile) bytes() ([]byte, error) {
	var file bytes.Buffer
	err := binary.Write(&file, binary.LittleEndian, utf16.Encode([]rune("\ufeff"+f.lines.String())))
	return file.Bytes(), err
}

var regText = strings.NewReplacer(`\`, `\\`, `"`, `\"`)
