package roster

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/transform"
)

// column is known by two names.
type column struct{ english, chinese string }

func (c column) is(header string) bool {
	header = strings.TrimSpace(header)
	return strings.EqualFold(header, c.english) || strings.EqualFold(header, c.chinese)
}

// line is one row with what is wrong in it.
type line struct {
	number int
	fields []string
	places map[column]int
	errs   []*LineError
}

func (l *line) text(of column) string { return strings.TrimSpace(l.fields[l.places[of]]) }

func (l *line) refuse(of column, reason Reason) *LineError {
	err := &LineError{Line: l.number, Column: of.english, Reason: reason, chinese: of.chinese}
	l.errs = append(l.errs, err)
	return err
}

// rows gives what read makes of each line, or what is wrong in the line.
func rows[R any](r io.Reader, encoding Encoding, columns []column, read func(*line) R) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		var none R
		t := newTable(r, encoding)
		if err := t.header(columns); err != nil {
			yield(none, err)
			return
		}
		for wrong := 0; ; {
			l, ended := t.next()
			if ended != nil {
				if ended.Reason != end {
					yield(none, ended)
				}
				return
			}
			var row R
			if len(l.errs) == 0 {
				row = read(l)
			}
			if len(l.errs) == 0 && !yield(row, nil) {
				return
			}
			for _, err := range l.errs {
				if !yield(none, err) {
					return
				}
			}
			if wrong += len(l.errs); wrong >= MaxErrors {
				yield(none, &LineError{Line: l.number, Reason: ErrTooMany})
				return
			}
		}
	}
}

// end is no error: nothing follows.
const end Reason = "end"

type table struct {
	bounded  *bounded
	csv      *csv.Reader
	encoding Encoding
	columns  []column
	places   map[column]int
	rows     int
	last     int // line
}

func newTable(r io.Reader, encoding Encoding) *table {
	limited := &bounded{from: decoded(r, encoding), left: MaxLine}
	reader := csv.NewReader(limited)
	reader.ReuseRecord = true
	return &table{bounded: limited, csv: reader, encoding: encoding}
}

// decoded gives UTF-8; a Big5 byte that is none becomes U+FFFD, which Big5 itself cannot say.
func decoded(r io.Reader, encoding Encoding) io.Reader {
	if encoding == Big5 {
		return transform.NewReader(r, traditionalchinese.Big5.NewDecoder())
	}
	buffered := bufio.NewReader(r)
	mark := []byte("\uFEFF")
	if start, err := buffered.Peek(len(mark)); err == nil && bytes.Equal(start, mark) {
		_, _ = buffered.Discard(len(mark))
	}
	return buffered
}

// header finds the columns.
func (t *table) header(columns []column) error {
	l, ended := t.next()
	switch {
	case ended != nil && ended.Reason == end:
		return &LineError{Line: 1, Reason: ErrNoHeader}
	case ended != nil:
		return ended
	case len(l.errs) > 0:
		return l.errs[0]
	case len(l.fields) > MaxFields:
		return &LineError{Line: l.number, Reason: ErrFields}
	}
	places := map[column]int{}
	for _, c := range columns {
		for i, header := range l.fields {
			if !c.is(header) {
				continue
			}
			if _, twice := places[c]; twice {
				return l.refuse(c, ErrTwoColumns)
			}
			places[c] = i
		}
		if _, there := places[c]; !there {
			return l.refuse(c, ErrNoColumn)
		}
	}
	t.columns, t.places, t.rows = columns, places, 0
	return nil
}

// next reads one line. What is wrong in it stands in the line; the second result ends the file.
func (t *table) next() (*line, *LineError) {
	t.bounded.left = MaxLine
	fields, err := t.csv.Read()
	l := &line{number: t.last + 1, fields: fields, places: t.places}
	if len(fields) > 0 {
		l.number, _ = t.csv.FieldPos(0)
	}
	var syntax *csv.ParseError
	switch {
	case errors.As(err, &syntax):
		l.number = syntax.StartLine
		l.refuse(column{}, map[bool]Reason{true: ErrFields, false: ErrCSV}[errors.Is(err, csv.ErrFieldCount)])
	case errors.Is(err, io.EOF):
		return nil, &LineError{Line: l.number, Reason: end}
	case errors.Is(err, ErrLongLine):
		return nil, &LineError{Line: l.number, Reason: ErrLongLine}
	case err != nil:
		return nil, &LineError{Line: l.number, Reason: ErrRead, Cause: err}
	}
	t.last = l.number
	if t.rows++; t.rows > MaxRows {
		return nil, &LineError{Line: l.number, Reason: ErrRows}
	}
	if !t.legible(fields) {
		return nil, &LineError{Line: l.number, Reason: ErrEncoding, Try: t.encoding.other()}
	}
	if len(l.errs) == 0 {
		t.measure(l)
	}
	return l, nil
}

func (t *table) legible(fields []string) bool {
	for _, field := range fields {
		if !utf8.ValidString(field) || (t.encoding == Big5 && strings.ContainsRune(field, utf8.RuneError)) {
			return false
		}
	}
	return true
}

func (t *table) measure(l *line) {
	for _, c := range t.columns {
		if len(l.fields[t.places[c]]) > MaxField {
			l.refuse(c, ErrLong)
		}
	}
}

// bounded refuses a line that does not end: encoding/csv keeps a line whole. What csv has read ahead comes on top.
type bounded struct {
	from io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, ErrLongLine
	}
	n, err := b.from.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// printable wants some text, no control characters, at most so many bytes.
func printable(text string, most int) bool {
	return text != "" && len(text) <= most && !strings.ContainsFunc(text, unicode.IsControl)
}
