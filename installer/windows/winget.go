package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"
)

// wingetID is the package's name in winget.
const wingetID = "CardBridge.CardBridge"

// wingetFiles are the manifests by the ends of their names: one for the version, for the installer, for each language. Version 1.12 of
// their form.
var wingetFiles = map[string]string{
	".yaml": `PackageIdentifier: {{.ID}}
PackageVersion: {{.Version}}
DefaultLocale: zh-TW
ManifestType: version
ManifestVersion: 1.12.0
`,
	".installer.yaml": `PackageIdentifier: {{.ID}}
PackageVersion: {{.Version}}
Platform:
- Windows.Desktop
MinimumOSVersion: 10.0.0.0
InstallerType: wix
Scope: machine
InstallModes:
- interactive
- silent
- silentWithProgress
UpgradeBehavior: install
ElevationRequirement: elevatesSelf
ProductCode: '{{.ProductCode}}'
ReleaseDate: {{.Date}}
AppsAndFeaturesEntries:
- DisplayName: CardBridge 憑證通
  Publisher: CardBridge
  ProductCode: '{{.ProductCode}}'
  UpgradeCode: '{{.UpgradeCode}}'
Installers:
- Architecture: x64
  InstallerUrl: {{.URL}}
  InstallerSha256: {{.Sum}}
ManifestType: installer
ManifestVersion: 1.12.0
`,
	".locale.zh-TW.yaml": `PackageIdentifier: {{.ID}}
PackageVersion: {{.Version}}
PackageLocale: zh-TW
Publisher: CardBridge
PublisherUrl: https://github.com/cardbridge/cardbridge
PackageName: CardBridge 憑證通
License: Apache-2.0
LicenseUrl: https://www.apache.org/licenses/LICENSE-2.0
ShortDescription: 讓瀏覽器以憑證卡登入網站與簽署文件
Tags:
- 憑證
- 智慧卡
- 自然人憑證
ManifestType: defaultLocale
ManifestVersion: 1.12.0
`,
	".locale.en-US.yaml": `PackageIdentifier: {{.ID}}
PackageVersion: {{.Version}}
PackageLocale: en-US
Publisher: CardBridge
PublisherUrl: https://github.com/cardbridge/cardbridge
PackageName: CardBridge
License: Apache-2.0
LicenseUrl: https://www.apache.org/licenses/LICENSE-2.0
ShortDescription: Logs browsers in with a certificate card and signs documents
Tags:
- certificate
- smart-card
ManifestType: locale
ManifestVersion: 1.12.0
`,
}

// winget writes the manifests of an MSI that will lie at an address.
func (p product) winget(folder, msi, url string, date time.Time) error {
	if !strings.HasPrefix(url, "https://") || strings.ContainsAny(url, " '\"#\n") {
		return fmt.Errorf("%q is no address for winget", url)
	}
	sum, err := digest(filepath.Dir(msi), filepath.Base(msi))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	values := map[string]string{"ID": wingetID, "Version": p.Version, "ProductCode": p.ProductCode(), "UpgradeCode": p.UpgradeCode(), "URL": url,
		"Sum": strings.ToUpper(sum), "Date": date.Format(time.DateOnly)}
	for end, text := range wingetFiles {
		page, err := template.New(end).Option("missingkey=error").Parse(text)
		if err != nil {
			return err
		}
		var all strings.Builder
		if err := page.Execute(&all, values); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, wingetID+end), []byte(all.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}
