package doctor

// text is a kind of finding: how bad it is, its words in both languages.
type text struct {
	level            Level
	chinese, english Text
}

// catalogue holds every finding there is, by its code. docs/administration.md tells of each.
var catalogue = map[string]text{
	"binary": {OK, Text{"CardBridge {version}（{system}）", ""}, Text{"CardBridge {version} ({system})", ""}},
	"binaryWritable": {Error, Text{"其他人可以改寫這個程式或它所在的資料夾。", "請執行 chmod go-w，或重新安裝到系統資料夾。"},
		Text{"others may write this program or its folder", "chmod go-w, or install it anew in a folder of the system's"}},
	"binaryUnreadable": {Error, Text{"無法檢查這個程式的檔案（{reason}）。", "請重新安裝 CardBridge。"},
		Text{"this program's file cannot be looked at ({reason})", "install CardBridge anew"}},
	"clock": {OK, Text{"時鐘沒有落後這個程式的檔案。", ""}, Text{"the clock is not behind this program's file", ""}},
	"clockBehind": {Warning, Text{"電腦的時間是 {now}，這個程式的檔案卻寫於 {written}。", "請校正電腦的日期與時間；時間不對，憑證會被當成過期或尚未生效。"},
		Text{"the computer's time is {now}, but this program's file was written on {written}", "set the computer's date and time; with a wrong one certificates seem expired or not yet valid"}},

	"policy": {OK, Text{"政策有效。", ""}, Text{"the policy is valid", ""}},
	"policyInvalid": {Error, Text{"政策檔不能使用，所以不允許任何網站（{code}）：{place}{chinese}", "請資訊人員更正，再以 cardbridge policy check 檢查。"},
		Text{"the policy file cannot be used, so nothing is permitted ({code}): {place}{english}", "have IT correct it; cardbridge policy check judges it"}},

	"browsers": {OK, Text{"已安裝的瀏覽器：{names}", ""}, Text{"browsers installed: {names}", ""}},
	"browserNone": {Warning, Text{"找不到認得的瀏覽器。", "請安裝 Chrome、Chromium、Edge、Brave 或 Firefox。"},
		Text{"no known browser was found", "install Chrome, Chromium, Edge, Brave or Firefox"}},
	"browserSandboxed": {Warning, Text{"{name} 是以 {packaging} 安裝的，通常不能啟動電腦上的其他程式。", "請改用瀏覽器廠商或系統提供的一般套件。"},
		Text{"{name} is a {packaging} package, which mostly cannot start programs of the computer", "use the browser's ordinary package, from its maker or from the system"}},

	"manifest": {OK, Text{"{name} 找得到主程式。", ""}, Text{"{name} finds the host", ""}},
	"manifestMissing": {Error, Text{"{name} 沒有登記主程式。", "請執行 cardbridge register --browser={browser}。"},
		Text{"{name} does not know the host", "run cardbridge register --browser={browser}"}},
	"manifestUnreadable": {Error, Text{"無法讀取 {name} 的登記檔（{reason}）。", "請修正檔案權限（檔案 644、資料夾 755），或重新執行 cardbridge register。"},
		Text{"the manifest for {name} cannot be read ({reason})", "mend its rights (file 644, folder 755), or run cardbridge register again"}},
	"manifestInvalid": {Error, Text{"{name} 的登記檔內容不對（{reason}）。", "請重新執行 cardbridge register。"},
		Text{"the manifest for {name} is not one of this host ({reason})", "run cardbridge register again"}},
	"manifestPath": {Error, Text{"{name} 的登記檔指向不能執行的檔案：{path}", "請以現在的程式重新執行 cardbridge register。"},
		Text{"the manifest for {name} leads to something that cannot be run: {path}", "run cardbridge register with the program that is here now"}},
	"manifestOther": {Warning, Text{"{name} 的登記檔指向另一個程式，不是現在這一個：{path}", "請移除舊的程式，再重新執行 cardbridge register。"},
		Text{"the manifest for {name} leads to another program than this one: {path}", "remove the old program, then run cardbridge register again"}},
	"manifestID": {Error, Text{"{name} 的登記檔沒有列出擴充功能 {id}。", "請重新執行 cardbridge register；政策檔的 extensions 改變後也要。"},
		Text{"the manifest for {name} does not list the extension {id}", "run cardbridge register again, as after each change of extensions in the policy"}},
	"manifestNoID": {Error, Text{"沒有 {name} 可用的擴充功能識別碼，所以無法登記。", "請在政策檔的 extensions 加入您的擴充功能識別碼，再執行 cardbridge register。"},
		Text{"no extension id for {name} is known, so that it cannot be registered", "put your extension's id into extensions in the policy, then run cardbridge register"}},
	"manifestShadow": {Warning, Text{"個人的登記檔蓋過系統的登記檔，兩者不同（{name}）。", "請執行 cardbridge unregister --browser={browser} 移除個人的登記檔。"},
		Text{"the person's manifest hides the system's, which is another ({name})", "take the person's back: cardbridge unregister --browser={browser}"}},
	"manifestUnknown": {Info, Text{"在這個作業系統上還不檢查登記。", ""}, Text{"registrations are not checked on this system yet", ""}},

	"browserPolicy": {OK, Text{"{name} 的政策沒有阻擋。", ""}, Text{"the policies of {name} block nothing of ours", ""}},
	"hostBlocked": {Error, Text{"{name} 的政策 {policy} 阻擋主程式。", "請把 {host} 加入 NativeMessagingAllowlist。"},
		Text{"the policy {policy} of {name} blocks the host", "put {host} into NativeMessagingAllowlist"}},
	"userLevelBlocked": {Error, Text{"{name} 的政策 NativeMessagingUserLevelHosts 不採用個人的登記檔。", "請由系統管理員執行 cardbridge register --system。"},
		Text{"the policy NativeMessagingUserLevelHosts of {name} leaves the person's manifest aside", "have an administrator run cardbridge register --system"}},
	"extensionBlocked": {Error, Text{"{name} 的政策 {policy} 阻擋擴充功能 {id}。", "請在瀏覽器的政策允許這個識別碼（ExtensionInstallAllowlist 或 ExtensionSettings）。"},
		Text{"the policy {policy} of {name} blocks the extension {id}", "allow that id in the browser's policies (ExtensionInstallAllowlist or ExtensionSettings)"}},
	"extensionForced": {Info, Text{"{name} 的政策會自動安裝擴充功能 {id}。", ""}, Text{"the policies of {name} install the extension {id}", ""}},
	"browserPolicyUnreadable": {Warning, Text{"無法讀取 {name} 的政策檔（{reason}），瀏覽器可能也讀不到。", "請修正檔案的權限或內容。"},
		Text{"a policy file of {name} cannot be read ({reason}), perhaps not by the browser either", "mend its rights or its text"}},

	"extension": {OK, Text{"{name}：{count} 個使用者設定檔裝了擴充功能。", ""}, Text{"{name}: the extension is installed in {count} profiles", ""}},
	"extensionMissing": {Warning, Text{"沒有任何瀏覽器的使用者設定檔裝了擴充功能。", "請安裝擴充功能；以解壓縮資料夾載入的不會在這裡看到。"},
		Text{"no profile of any browser has the extension", "install it; one that was loaded from a folder is not seen here"}},

	"pcsc":        {OK, Text{"讀卡機服務正常。", ""}, Text{"the PC/SC service answers", ""}},
	"pcscMissing": {Error, Text{"這台電腦沒有讀卡機服務（PC/SC）的程式庫。", "請安裝 pcscd（libpcsclite1）。"}, Text{"this computer has no PC/SC library", "install pcscd (libpcsclite1)"}},
	"pcscNotRunning": {Error, Text{"讀卡機服務（PC/SC）沒有執行。", "請啟動服務，例如 systemctl enable --now pcscd.socket（Windows：Smart Card 服務）。"},
		Text{"the PC/SC service is not running", "start it, for instance: systemctl enable --now pcscd.socket (Windows: the service Smart Card)"}},
	"pcscRefused": {Error, Text{"讀卡機服務（PC/SC）在，但不回應或不讓這個使用者使用。", "請重新啟動 pcscd；遠端連線時，請資訊人員檢查 polkit 的規則 org.debian.pcsc-lite.access_pcsc。"},
		Text{"the PC/SC service is there, but does not answer or does not let this person in", "restart pcscd; in a remote session have IT look at polkit's rule org.debian.pcsc-lite.access_pcsc"}},
	"scanFailed": {Error, Text{"讀卡片時沒有完成（{reason}）。", "請拔出卡片再插入，然後重試。"}, Text{"the cards could not be read to the end ({reason})", "pull the card, insert it, try again"}},

	"reader":     {OK, Text{"讀卡機：{state}", ""}, Text{"reader: {state}", ""}},
	"readerNone": {Warning, Text{"沒有讀卡機。", "請接上讀卡機，並確認驅動程式（例如 libccid）。"}, Text{"there is no reader", "plug one in; see that its driver is there (libccid, for instance)"}},
	"readerInUse": {Warning, Text{"另一個程式獨占讀卡機裡的卡片。", "請關閉使用卡片的其他程式，見 rivals。"},
		Text{"another program holds the card in the reader", "close other programs that use the card; see rivals"}},
	"readersUnknown": {Info, Text{"讀卡機服務不能使用，所以沒有檢查讀卡機與卡片。", ""}, Text{"without the PC/SC service readers, cards were not looked at", ""}},

	"module": {OK, Text{"找到模組。", ""}, Text{"the module is there", ""}},
	"moduleNone": {Error, Text{"沒有找到任何 PKCS#11 模組。", "請安裝 HiCOS、open-gpki-pkcs11 或 OpenSC，或在政策檔的 modules 寫出路徑。"},
		Text{"no PKCS#11 module was found", "install HiCOS, open-gpki-pkcs11 or OpenSC, or name the path in modules in the policy"}},
	"moduleMissing": {Error, Text{"政策檔指定的模組不存在或無法讀取（{reason}）。", "請安裝模組，或更正政策檔的 modules。"},
		Text{"a module that the policy names is not there or not readable ({reason})", "install it, or correct modules in the policy"}},
	"moduleArchitecture": {Error, Text{"模組不是這種處理器（{system}）的程式庫。", "請安裝與 CardBridge 相同架構的模組。"},
		Text{"the module is no library for this processor ({system})", "install the module of the architecture that CardBridge has"}},
	"moduleWritable": {Error, Text{"其他人可以改寫這個模組。", "請執行 chmod go-w，或重新安裝。"}, Text{"others may write this module", "chmod go-w, or install it anew"}},
	"moduleInvalid":  {Error, Text{"模組不能載入，或不是 PKCS#11 模組。", "請重新安裝模組與它需要的程式庫。"}, Text{"the module cannot be loaded, or is none", "install it anew, with the libraries that it needs"}},
	"moduleFailed":   {Error, Text{"模組出錯（{call}，CKR {ckr}）。", "請更新模組；仍然出錯時，請通知模組的廠商。"}, Text{"the module failed ({call}, CKR {ckr})", "update it; if it still fails, tell its vendor"}},
	"moduleTimeout":  {Error, Text{"模組沒有在時限內回答，已經結束它。", "請拔插讀卡機再試；卡片很慢時，可以在政策檔提高 deadlines.scan。"}, Text{"the module gave no answer in time; it was ended", "replug the reader, try again; for slow cards raise deadlines.scan in the policy"}},

	"cards":            {OK, Text{"讀到 {count} 張憑證。", ""}, Text{"certificates read: {count}", ""}},
	"cardNone":         {Info, Text{"讀卡機裡沒有卡片，所以沒有檢查模組能否讀卡。", ""}, Text{"no card is in a reader, so that no module was tried", ""}},
	"cardUnrecognised": {Warning, Text{"沒有模組認得這張卡片，或卡片不回應。", "請確認卡片方向；請安裝這種卡片的模組（例如 HiCOS）。"}, Text{"no module knows this card, or it does not answer", "see that it is the right way round; install the module for such cards (HiCOS, for instance)"}},

	"certificate":          {OK, Text{"憑證 {kind}，{issuer}，有效至 {until}，還有 {days} 天。", ""}, Text{"certificate {kind}, {issuer}, until {until}, {days} days left", ""}},
	"certificateExpiring":  {Warning, Text{"憑證 {kind}，{issuer}，將在 {until} 到期，還有 {days} 天。", "請向憑證管理中心申請展期或換發。"}, Text{"certificate {kind}, {issuer}, expires on {until}, in {days} days", "have the CA renew it"}},
	"certificateExpired":   {Error, Text{"憑證 {kind}，{issuer}，已在 {until} 到期。", "請向憑證管理中心換發；若日期不對，請校正電腦的時間。"}, Text{"certificate {kind}, {issuer}, expired on {until}", "have the CA issue another; if that date is not past, set the computer's clock"}},
	"certificateNotYet":    {Warning, Text{"憑證 {kind}，{issuer}，要到 {from} 才生效。", "若那天已過，請校正電腦的時間。"}, Text{"certificate {kind}, {issuer}, is not valid before {from}", "if that day is past, set the computer's clock"}},
	"certificateNone":      {Info, Text{"卡片上沒有可登入的憑證。", ""}, Text{"no card has a certificate to log in with", ""}},
	"certificateUncounted": {Info, Text{"沒有讀到卡片，所以沒有檢查憑證。", ""}, Text{"no card was read, so that no certificate was looked at", ""}},

	"rivals":          {OK, Text{"沒有看到會爭用卡片的其他程式。", ""}, Text{"no other program that may take the card was seen", ""}},
	"signServer":      {Info, Text{"連接埠 {port} 上有本機簽章程式（舊的元件）。", ""}, Text{"a local sign server, an older component, listens on port {port}", ""}},
	"signServerHolds": {Warning, Text{"連接埠 {port} 上有本機簽章程式，而且有卡片被獨占。", "請結束該程式再試。"}, Text{"a local sign server listens on port {port}, while a card is held", "end that program, try again"}},
	"scdaemon":        {Info, Text{"GnuPG 的 scdaemon 正在執行，可能占用讀卡機。", ""}, Text{"GnuPG's scdaemon is running; it may take the reader", ""}},
	"scdaemonHolds":   {Warning, Text{"GnuPG 的 scdaemon 正在執行，而且有卡片被獨占。", "請執行 gpgconf --kill scdaemon，並在 ~/.gnupg/scdaemon.conf 加上 pcsc-shared。"}, Text{"GnuPG's scdaemon is running, while a card is held", "gpgconf --kill scdaemon; put pcsc-shared into ~/.gnupg/scdaemon.conf"}},

	"session":       {OK, Text{"不是遠端連線。", ""}, Text{"not a remote session", ""}},
	"sessionRemote": {Info, Text{"這是遠端連線（{how}）；系統可能不讓遠端連線使用這台電腦的讀卡機。", ""}, Text{"a remote session ({how}); the system may keep this computer's readers from it", ""}},
}
