package main

import (
	"fmt"
	"strings"

	"github.com/cardbridge/cardbridge/manifests"
)

// document is the page of all settings, for who writes the registry by other means than an editor of policies.
func document(settings []setting, l language) []byte {
	var b strings.Builder
	line := func(zh, en string) { fmt.Fprintln(&b, l.say(zh, en)) }
	line("<!-- 由 make generate 產生 -->", "<!-- made by: make generate -->")
	line("# 群組原則的設定", "# Settings of Group Policy")
	line("\n[English](group-policy.md) · 政策檔本身：[administration.zh-TW.md](administration.zh-TW.md)\n", "\n[中文版](group-policy.zh-TW.md) · the policy file itself: [administration.md](administration.md)\n")
	line("只用於 Windows。`HKLM\\"+manifests.GroupPolicyKey+"` 的每個值取代政策檔裡同名的成員，沒有寫的以政策檔為準；清單整份取代。兩份入口網站清單也取代內建的人事服務網 eCPA（`https://ecpa.dgpa.gov.tw`），沒有政策檔時也是：需要時請一併列出。檔案與登錄檔任何一邊有錯，都一律不允許任何事。每次使用時讀取，不必重新啟動。只有系統管理員能寫入這個機碼。",
		"On Windows alone. Each value of `HKLM\\"+manifests.GroupPolicyKey+"` replaces the member of that name of the policy file; what is not there stays as the file has it; a list is replaced as a whole. Either list of portals replaces the built-in eCPA (`https://ecpa.dgpa.gov.tw`) too, also where there is no policy file: list it where it is needed. A mistake on either side permits nothing. It is read at each session, nothing has to be restarted. Administrators alone can write that key.")
	line("\n登錄檔的入口網站只有登入（`authenticate`）與列出憑證（`certificates`）。其他功能、`pinFromPage`、`signRaw`、`webEID`、`cardKinds`、`issuers` 只能寫在政策檔：那時請不要設定下面兩份入口網站清單。\n",
		"\nA portal of the registry may log in (`authenticate`) and list certificates (`certificates`), nothing else. Other operations, `pinFromPage`, `signRaw`, `webEID`, `cardKinds`, `issuers` stand in the policy file alone: leave the two lists of portals below not configured then.\n")
	line("| 群組原則 | 機碼（`HKLM\\"+manifests.GroupPolicyKey+"` 之下） | 型別 | 成員 | 範例 |", "| setting | below `HKLM\\"+manifests.GroupPolicyKey+"` | type | member | example |")
	fmt.Fprintln(&b, "|---|---|---|---|---|")
	for _, s := range settings {
		where, example := strings.ReplaceAll(s.Name, ".", `\`), "`"+strings.ReplaceAll(s.Example, "\n", "`, `")+"`"
		if s.Kind.List() {
			where += `\1`
		}
		if s.Kind == manifests.SwitchValue {
			example = l.say("`1`（是）、`0`（否）", "`1` (yes), `0` (no)")
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | `%s` | %s |\n", s.fullTitle(l), where, s.typeName(), s.Member, example)
	}
	return []byte(b.String())
}
