package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// icon puts pictures into one file of Windows, as they are: it knows PNG since Vista.
func icon(names []string) ([]byte, error) {
	const header, entry = 6, 16
	var list, pictures bytes.Buffer
	for _, word := range []uint16{0, 1, uint16(len(names))} {
		_ = binary.Write(&list, binary.LittleEndian, word) // a buffer takes all
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		config, err := png.DecodeConfig(bytes.NewReader(raw))
		if err != nil || config.Width > 256 || config.Width != config.Height {
			return nil, fmt.Errorf("%s is no picture for an icon: %w", name, err)
		}
		_ = binary.Write(&list, binary.LittleEndian, struct {
			Width, Height, Colours, Reserved byte
			Planes, Bits                     uint16
			Size, Offset                     uint32
		}{byte(config.Width), byte(config.Height), 0, 0, 1, 32, uint32(len(raw)), uint32(header + entry*len(names) + pictures.Len())})
		pictures.Write(raw)
	}
	return append(list.Bytes(), pictures.Bytes()...), nil
}

// applicationManifest asks for no more rights than who starts it has, for paths of any length; it names Windows 10, 11.
const applicationManifest = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<assembly xmlns="urn:schemas-microsoft-com:asm.v1" manifestVersion="1.0">
  <trustInfo xmlns="urn:schemas-microsoft-com:asm.v3"><security><requestedPrivileges>
    <requestedExecutionLevel level="asInvoker" uiAccess="false"/>
  </requestedPrivileges></security></trustInfo>
  <compatibility xmlns="urn:schemas-microsoft-com:compatibility.v1"><application>
    <supportedOS Id="{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}"/>
  </application></compatibility>
  <application xmlns="urn:schemas-microsoft-com:asm.v3"><windowsSettings>
    <longPathAware xmlns="http://schemas.microsoft.com/SMI/2016/WindowsSettings">true</longPathAware>
  </windowsSettings></application>
</assembly>
`

// versionResource has one product name, whatever the language: rules of AppLocker and WDAC name it.
var versionResource = template.Must(template.New("rc").Parse(`#pragma code_page(65001)
1 ICON "cardbridge.ico"
1 24 "application.manifest"
1 VERSIONINFO
FILEVERSION {{.Commas}}
PRODUCTVERSION {{.Commas}}
FILEFLAGSMASK 0x3f
FILEFLAGS 0
FILEOS 0x40004
FILETYPE 1
FILESUBTYPE 0
BEGIN
  BLOCK "StringFileInfo"
  BEGIN
{{- range .Languages}}
    BLOCK "{{.Code}}04B0"
    BEGIN
      VALUE "CompanyName", "CardBridge"
      VALUE "FileDescription", "{{.Description}}"
      VALUE "FileVersion", "{{$.Version}}"
      VALUE "InternalName", "cardbridge"
      VALUE "LegalCopyright", "Apache License 2.0"
      VALUE "OriginalFilename", "cardbridge.exe"
      VALUE "ProductName", "CardBridge"
      VALUE "ProductVersion", "{{$.Version}}"
    END
{{- end}}
  END
  BLOCK "VarFileInfo"
  BEGIN
    VALUE "Translation", 0x0404, 0x04B0, 0x0409, 0x04B0
  END
END
`))

type resourceLanguage struct{ Code, Description string }

// resource writes the sources of the program's resources into folder, has them compiled; the object file is linked into the program.
func (p product) resource(folder, icons string) (object string, err error) {
	var names []string
	for _, size := range []string{"16", "32", "48", "128"} {
		names = append(names, filepath.Join(icons, size+".png"))
	}
	ico, err := icon(names)
	if err != nil {
		return "", err
	}
	var rc strings.Builder
	err = versionResource.Execute(&rc, map[string]any{
		"Version": p.Version, "Commas": strings.ReplaceAll(p.Version, ".", ",") + ",0",
		"Languages": []resourceLanguage{{"0404", "憑證通主程式：讓瀏覽器使用憑證卡"}, {"0409", "CardBridge host: lets browsers use smart cards"}},
	})
	if err != nil {
		return "", err
	}
	for name, text := range map[string][]byte{"cardbridge.ico": ico, "application.manifest": []byte(applicationManifest), "cardbridge.rc": []byte(rc.String())} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
			return "", err
		}
	}
	object = filepath.Join(folder, "resource.o")
	return object, run(folder, nil, "x86_64-w64-mingw32-windres", "-c", "65001", "-O", "coff", "-i", "cardbridge.rc", "-o", "resource.o")
}
