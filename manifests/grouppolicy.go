package manifests

// GroupPolicyKey is the key of the computer's registry (HKLM) whose values stand on top of the policy document. Its members have
// the names of the document's: of log.level the value level below the key log, of a list the key of its name with values 1, 2, 3.
const GroupPolicyKey = `SOFTWARE\Policies\CardBridge`

// ValueKind is how a value lies in the registry.
type ValueKind int

// The kinds of values.
const (
	TextValue   ValueKind = iota // REG_SZ
	NumberValue                  // REG_DWORD
	SwitchValue                  // REG_DWORD, 0 or 1
	ListValue                    // a key with REG_SZ values 1, 2, 3
	PortalsList                  // a ListValue of origins, each granted GroupPolicyOperations
	PadList                      // a PortalsList whose portals have the PIN typed at the reader's own keys
)

// List tells of a key with values 1, 2, 3.
func (k ValueKind) List() bool { return k >= ListValue }

// GroupPolicyOperations are what a portal of the registry is granted: a list of names invites nobody to give more. What a portal
// may do besides stands in the document alone.
var GroupPolicyOperations = []string{"authenticate", "certificates"}

// GroupPolicy is one setting of Group Policy. From this table follow what the host reads, the ADMX and ADML files, the documents'
// table; types, limits and texts are the schema's.
type GroupPolicy struct {
	Name    string // in the registry: the member's, but for a second list of one member
	Member  string // of the document
	Kind    ValueKind
	Example string // what a policy editor shows as an example, lines of a list
	Title   Bilingual
	More    Bilingual // what the schema does not say
}

// Bilingual is one text in Chinese and in English; empty: the schema's.
type Bilingual struct{ Chinese, English string }

// GroupPolicies is the table, in the order in which people read it.
var GroupPolicies = []GroupPolicy{
	{Name: "portals", Member: "portals", Kind: PortalsList, Example: "https://ecpa.dgpa.gov.tw\nhttps://hr.example.gov.tw:8443",
		More: Bilingual{"每行一個來源，各允許登入（authenticate）與列出憑證（certificates），不多也不少。這份清單取代政策檔的 portals，也取代內建的人事服務網 eCPA：需要時請一併列出（https://ecpa.dgpa.gov.tw）。簽署文件等其他功能請全部改寫在政策檔，並且不要設定這一項。",
			"One origin a line, each granted a login (authenticate) and the list of certificates (certificates), no more and no less. This list replaces portals of the policy file, and the built-in eCPA too: list it (https://ecpa.dgpa.gov.tw) where it is needed. For anything else, signing documents too, write all portals into the policy file and leave this one not configured."}},
	{Name: "portalsPinPad", Member: "portals", Kind: PadList, Example: "https://vault.example.gov.tw",
		Title: Bilingual{"只能在讀卡機按鍵輸入 PIN 碼的入口網站", "Portals with the PIN typed at the reader alone"},
		More: Bilingual{"每行一個來源，與前一項相同，但 PIN 碼只能在讀卡機自己的按鍵上輸入。兩份清單合併後取代政策檔的 portals，也取代內建的人事服務網 eCPA：需要時請一併列出；同一個來源只能出現在其中一份。",
			"One origin a line, granted the same as the other list, but the PIN is typed at the reader's own keys alone. Both lists together replace portals of the policy file, and the built-in eCPA too: list it where it is needed; an origin stands in one of them only."}},
	{Name: "language", Member: "language", Example: "zh-TW"},
	{Name: "modules", Member: "modules", Kind: ListValue, Example: `C:\Program Files\OpenSC Project\OpenSC\pkcs11\opensc-pkcs11.dll`,
		More: Bilingual{"每行一個路徑，不含 %ProgramFiles% 之類的變數。", "One path a line, without variables such as %ProgramFiles%."}},
	{Name: "extensions", Member: "extensions", Kind: ListValue, Example: "abcdefghijklmnopabcdefghijklmnop",
		More: Bilingual{"每行一個識別碼。", "One id a line."}},
	{Name: "audit", Member: "audit", Kind: SwitchValue},
	{Name: "unlock.citizen", Member: "unlock.citizen", Example: "https://moica.nat.gov.tw/", Title: Bilingual{"自然人憑證", "Citizen cards"}},
	{Name: "unlock.agency", Member: "unlock.agency", Example: "https://gcaweb.nat.gov.tw/", Title: Bilingual{"機關憑證", "Agency cards"}},
	{Name: "unlock.organisation", Member: "unlock.organisation", Example: "https://unlock.example.gov.tw/", Title: Bilingual{"組織憑證", "Organisation cards"}},
	{Name: "unlock.business", Member: "unlock.business", Example: "https://unlock.example.gov.tw/", Title: Bilingual{"工商憑證", "Business cards"}},
	{Name: "unlock.test", Member: "unlock.test", Example: "https://unlock.example.gov.tw/", Title: Bilingual{"測試憑證", "Test cards"}},
	{Name: "unlock.other", Member: "unlock.other", Example: "https://unlock.example.gov.tw/", Title: Bilingual{"其他憑證", "Other cards"}},
	{Name: "install.module", Member: "install.module", Example: "https://software.example.gov.tw/hicos"},
	{Name: "install.reader", Member: "install.reader", Example: "https://software.example.gov.tw/reader"},
	{Name: "install.pcsc", Member: "install.pcsc", Example: "https://software.example.gov.tw/pcsc"},
	{Name: "helpDesk.text", Member: "helpDesk.text", Example: "資訊室 分機 1234"},
	{Name: "helpDesk.phone", Member: "helpDesk.phone", Example: "02-2345-6789 #1234"},
	{Name: "helpDesk.url", Member: "helpDesk.url", Example: "https://help.example.gov.tw/"},
	{Name: "helpDesk.email", Member: "helpDesk.email", Example: "help.desk@example.gov.tw"},
	{Name: "deadlines.scan", Member: "deadlines.scan", Kind: NumberValue, Example: "20000"},
	{Name: "deadlines.prepare", Member: "deadlines.prepare", Kind: NumberValue, Example: "20000"},
	{Name: "deadlines.login", Member: "deadlines.login", Kind: NumberValue, Example: "30000"},
	{Name: "deadlines.sign", Member: "deadlines.sign", Kind: NumberValue, Example: "45000"},
	{Name: "deadlines.reset", Member: "deadlines.reset", Kind: NumberValue, Example: "5000"},
	{Name: "log.level", Member: "log.level", Example: "info"},
	{Name: "log.folder", Member: "log.folder", Example: `D:\Logs\CardBridge`},
	{Name: "log.maxMegabytes", Member: "log.maxMegabytes", Kind: NumberValue, Example: "20"},
}
