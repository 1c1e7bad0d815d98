package web

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
)

var languages = []string{"zh-TW", "en"}

func isLanguage(text string) bool { return text == "zh-TW" || text == "en" }

//go:embed texts.json
var textsJSON []byte

// Texts is texts.json: everything that a person reads, by language; {helpDesk} stands for Links.HelpDesk.
type Texts struct {
	// Refusals are the server's answers, by code.
	Refusals map[string]map[string]Refusal `json:"refusals"`
	// Page are single texts, by key; those whose key begins with "js." go to the script.
	Page map[string]map[string]string `json:"page"`
}

// Refusal says what happened, then what to do.
type Refusal struct {
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

func loadTexts() (Texts, error) {
	var texts Texts
	if err := json.Unmarshal(textsJSON, &texts, json.RejectUnknownMembers(true)); err != nil {
		return Texts{}, fmt.Errorf("texts.json: %w", err)
	}
	return texts, nil
}

func (t Texts) page(lang string) map[string]string {
	out := make(map[string]string, len(t.Page))
	for key, byLanguage := range t.Page {
		out[key] = byLanguage[lang]
	}
	return out
}

// refusal gives the texts of a code; an unknown one is our mistake, so the person reads that the server failed.
func (p *Portal) refusal(code, lang string) Refusal {
	text, ok := p.texts.Refusals[code]
	if !ok {
		text = p.texts.Refusals["internal"]
	}
	return Refusal{p.fill(text[lang].Message, lang), p.fill(text[lang].Hint, lang)}
}

// fill puts the operator's help desk into a text.
func (p *Portal) fill(text, lang string) string {
	return strings.ReplaceAll(text, "{helpDesk}", p.Links.HelpDesk.Text[lang])
}

// script gives the texts of login.js without their prefix, with the names of the card kinds.
func (t Texts) script(lang string) map[string]string {
	out := map[string]string{}
	for key, byLanguage := range t.Page {
		if name, ok := strings.CutPrefix(key, "js."); ok {
			out[name] = byLanguage[lang]
		} else if strings.HasPrefix(key, "card.") {
			out[key] = byLanguage[lang]
		}
	}
	return out
}
