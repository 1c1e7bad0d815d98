package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// tablesText is every table as it must be, what differs from build to build in braces. Whoever changes the tables changes it too, and
// reads there what became of the change.
//
//go:embed tables.txt
var tablesText string

// check compares the tables of a finished MSI with what they must be: the tools write some things wrongly without a word.
func (p product) check(msi string) error {
	text, err := p.tables(msi)
	if err != nil {
		return err
	}
	want, got := strings.Split(strings.TrimSpace(tablesText), "\n"), strings.Split(strings.TrimSpace(text), "\n")
	var wrong []string
	for _, line := range want {
		if !slices.Contains(got, line) {
			wrong = append(wrong, "- "+line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			wrong = append(wrong, "+ "+line)
		}
	}
	if len(wrong) == 0 && len(want) != len(got) {
		wrong = append(wrong, "a row stands twice")
	}
	if len(wrong) > 0 {
		return errors.New("the tables are not as they must be (installer/windows/tables.txt):\n" + strings.Join(wrong, "\n"))
	}
	return nil
}

// tables are all tables as text, each line with its table's name, sorted.
func (p product) tables(msi string) (string, error) {
	list, err := exec.Command("msiinfo", "tables", msi).Output()
	if err != nil {
		return "", fmt.Errorf("msiinfo tables: %w", err)
	}
	var all []string
	for _, table := range strings.Fields(string(list)) {
		text, err := export(msi, table)
		if err != nil {
			return "", err
		}
		for n, row := range strings.Split(strings.Trim(text, "\r\n\x00"), "\r\n") {
			if row = p.plain(table, n, strings.Split(row, "\t")); row != "" {
				all = append(all, row)
			}
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n") + "\n", nil
}

// optional are rows that a build has which was given an extension of its own, settings.
var optional = []string{"Default_EXTENSION_ID", "Default_UPDATE_URL", "ManagedNames", "ManagedLanguage", "ManagedInstallURL", "ManagedHelpDesk"}

// changing are the columns that depend on what was compiled, by table.
var changing = map[string][]int{"File": {3}, "MsiFileHash": {2, 3, 4, 5}}

// plain is a row without what differs from build to build; the first three rows of a table name and type its columns.
func (p product) plain(table string, n int, cells []string) string {
	if n > 2 {
		if slices.Contains(optional, cells[0]) {
			return ""
		}
		for _, c := range changing[table] {
			cells[c] = "{content}"
		}
		if table == "_SummaryInformation" && slices.Contains([]string{"9", "12", "13"}, cells[0]) {
			cells[1] = "{content}"
		}
	}
	row := table + "\t" + strings.Join(cells, "\t")
	for _, c := range inFolder {
		row = strings.ReplaceAll(row, p.GUID(c), "{"+c+"}")
	}
	row = strings.ReplaceAll(row, p.ProductCode(), "{product}")
	row = strings.ReplaceAll(row, p.Folder(), "{folder}")
	return strings.TrimRight(strings.ReplaceAll(row, p.Version, "{version}"), "\t")
}
