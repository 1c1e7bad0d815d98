//go:build unix

package main

// uiLanguage is the language of the system's windows and messages: on Unix the environment's word.
func uiLanguage(locale string) string { return locale }
