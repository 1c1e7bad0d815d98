package main

import "golang.org/x/sys/windows"

// uiLanguage is the language of the system's windows and messages: on Windows the person's first choice.
func uiLanguage(string) string {
	names, err := windows.GetUserPreferredUILanguages(windows.MUI_LANGUAGE_NAME)
	if err != nil || len(names) == 0 {
		return ""
	}
	return names[0]
}
