package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/cardbridge/cardbridge/host/internal/logs"
	"github.com/cardbridge/cardbridge/host/internal/policy"
)

// shownSettings are what the policy says beside who may ask for what.
type shownSettings struct {
	Language *policy.Value[string]           `json:"language"` // null: the page's, the browser's
	Install  map[string]policy.Value[string] `json:"install"`
	HelpDesk map[string]policy.Value[string] `json:"helpDesk"`
	Log      shownLog                        `json:"log"`
	Audit    policy.Value[bool]              `json:"audit"`
}

type shownLog struct {
	Level        policy.Value[string]  `json:"level"`
	Folder       *policy.Value[string] `json:"folder"` // of the service; null: the system's log
	MaxMegabytes policy.Value[int]     `json:"maxMegabytes"`
}

func settingsOf(e policy.Effective, doc *policy.Policy) shownSettings {
	s := shownSettings{Language: e.Language, Install: e.Install, HelpDesk: e.HelpDesk, Audit: e.Audit, Log: shownLog{
		Level:        policy.Value[string]{Value: logs.DefaultLevel, Source: policy.BuiltIn},
		MaxMegabytes: policy.Value[int]{Value: logs.DefaultMegabytes, Source: policy.BuiltIn},
	}}
	if e.Log.Level != "" {
		s.Log.Level = policy.Value[string]{Value: e.Log.Level, Source: doc.SourceOf("log.level")}
	}
	if e.Log.Folder != "" {
		s.Log.Folder = &policy.Value[string]{Value: e.Log.Folder, Source: doc.SourceOf("log.folder")}
	}
	if e.Log.MaxMegabytes != 0 {
		s.Log.MaxMegabytes = policy.Value[int]{Value: e.Log.MaxMegabytes, Source: doc.SourceOf("log.maxMegabytes")}
	}
	return s
}

func (s shownSettings) print(w sheet) {
	named := func(values map[string]policy.Value[string]) {
		for _, name := range slices.Sorted(maps.Keys(values)) {
			fmt.Fprintf(w, "  %s\t%s\t%s\n", name, printable(values[name].Value), values[name].Source)
		}
	}
	heading(w, "安裝網頁", "install", len(s.Install))
	named(s.Install)
	heading(w, "服務窗口", "help desk", len(s.HelpDesk))
	named(s.HelpDesk)
	heading(w, "視窗語言", "language", 1)
	if s.Language != nil {
		fmt.Fprintf(w, "  %s\t%s\n", s.Language.Value, s.Language.Source)
	} else {
		fmt.Fprintf(w, "  %s\t%s\n", w.say("依網站或瀏覽器", "as the web site or the browser"), policy.BuiltIn)
	}
	heading(w, "紀錄檔", "log", 1)
	fmt.Fprintf(w, "  level\t%s\t%s\n", s.Log.Level.Value, s.Log.Level.Source)
	if s.Log.Folder != nil {
		fmt.Fprintf(w, "  folder\t%s\t%s\n", printable(s.Log.Folder.Value), s.Log.Folder.Source)
	}
	fmt.Fprintf(w, "  maxMegabytes\t%d\t%s\n", s.Log.MaxMegabytes.Value, s.Log.MaxMegabytes.Source)
	fmt.Fprintf(w, "  audit\t%t\t%s\n", s.Audit.Value, s.Audit.Source)
}
