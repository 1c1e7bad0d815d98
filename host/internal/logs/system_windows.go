package logs

import (
	"bytes"
	"io"
	"path/filepath"
	"strings"

	"github.com/rs/zerolog"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc/eventlog"
)

// EventSource is the service's name in the Windows event log; the installer registers it.
const EventSource = "CardBridge"

const (
	// eventID is one that EventCreate.exe, the message file of the registration, has a text for.
	eventID = 1
	// maxEvent is what an event's string may hold, in UTF-16 units (ReportEvent); bytes are never fewer.
	maxEvent = 31839
)

// systemLog is the event log. A service has no standard error, but a person who runs it by hand has.
func systemLog(stderr io.Writer) (io.Writer, func()) {
	events, err := eventlog.Open(EventSource)
	if err != nil {
		return stderr, func() {}
	}
	return eventWriter{events, stderr}, func() { events.Close() }
}

// serviceFolder: the event log takes only what matters, the file has all.
func serviceFolder() string {
	dir, err := windows.KnownFolderPath(windows.FOLDERID_ProgramData, 0)
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "CardBridge", "log")
}

// eventWriter puts warnings, errors and audit lines into the event log.
type eventWriter struct {
	events *eventlog.Log
	stderr io.Writer
}

// Write implements io.Writer; zerolog calls WriteLevel.
func (e eventWriter) Write(line []byte) (int, error) { return e.WriteLevel(zerolog.NoLevel, line) }

// WriteLevel implements zerolog.LevelWriter.
func (e eventWriter) WriteLevel(level zerolog.Level, line []byte) (int, error) {
	text := strings.ToValidUTF8(strings.ReplaceAll(string(line[:min(len(line), maxEvent)]), "\x00", ""), "")
	var err error
	switch {
	case level >= zerolog.ErrorLevel && level < zerolog.NoLevel:
		err = e.events.Error(eventID, text)
	case level == zerolog.WarnLevel:
		err = e.events.Warning(eventID, text)
	case isAudit(line):
		err = e.events.Info(eventID, text)
	}
	if err != nil {
		return e.stderr.Write(line)
	}
	return len(line), nil
}

// isAudit needs no decoder: in a string of JSON each quotation mark has a backslash in front.
func isAudit(line []byte) bool { return bytes.Contains(line, []byte(`"audit":true`)) }
