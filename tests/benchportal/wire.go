//go:build linux

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// wire is one kept connection to a portal. It writes a request in one piece, reads of the answer what a login needs: the
// client shares two cores with what it measures, and net/http's client computes more than the portal's own side of HTTP.
type wire struct {
	conn   net.Conn
	reader *bufio.Reader
	out    []byte
}

// answer is a response: its status, its first cookie as name=value, its body.
type answer struct {
	status int
	cookie string
	body   []byte
}

const wireWait = time.Minute

func dial(address string) (*wire, error) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
	if err != nil {
		return nil, err
	}
	return &wire{conn: conn, reader: bufio.NewReaderSize(conn, 16<<10)}, nil
}

// post sends what a browser behind a proxy would.
func (w *wire) post(path, cookie string, body []byte) (answer, error) {
	w.out = fmt.Appendf(w.out[:0], "POST %s HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n",
		path, strings.TrimPrefix(origin, "https://"), origin, len(body))
	if cookie != "" {
		w.out = fmt.Appendf(w.out, "Cookie: %s\r\n", cookie)
	}
	w.out = append(append(w.out, "\r\n"...), body...)
	if err := w.conn.SetDeadline(time.Now().Add(wireWait)); err != nil {
		return answer{}, err
	}
	if _, err := w.conn.Write(w.out); err != nil {
		return answer{}, err
	}
	return w.read()
}

func (w *wire) read() (a answer, err error) {
	length := -1
	for first := true; ; first = false {
		line, err := w.reader.ReadSlice('\n')
		if err != nil {
			return a, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if first {
			if len(line) < 12 {
				return a, fmt.Errorf("an answer that begins with %q", line)
			}
			a.status, err = strconv.Atoi(string(line[9:12]))
			if err != nil {
				return a, err
			}
			continue
		}
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch string(name) {
		case "Content-Length":
			if length, err = strconv.Atoi(string(value)); err != nil {
				return a, err
			}
		case "Set-Cookie":
			pair, _, _ := bytes.Cut(value, []byte(";"))
			a.cookie = string(pair)
		}
	}
	if length < 0 {
		return a, fmt.Errorf("an answer %d without Content-Length", a.status)
	}
	a.body = make([]byte, length)
	_, err = io.ReadFull(w.reader, a.body)
	return a, err
}

// wires are the idle connections to one portal.
type wires struct {
	address string
	mu      sync.Mutex
	idle    []*wire
}

// post uses an idle connection or a new one; one that failed is not used again.
func (p *wires) post(path, cookie string, body []byte) (answer, error) {
	p.mu.Lock()
	var w *wire
	if n := len(p.idle); n > 0 {
		w, p.idle = p.idle[n-1], p.idle[:n-1]
	}
	p.mu.Unlock()
	if w == nil {
		var err error
		if w, err = dial(p.address); err != nil {
			return answer{}, err
		}
	}
	a, err := w.post(path, cookie, body)
	if err != nil {
		_ = w.conn.Close()
		return a, err
	}
	p.mu.Lock()
	p.idle = append(p.idle, w)
	p.mu.Unlock()
	return a, nil
}

func (p *wires) close() {
	for _, w := range p.idle {
		_ = w.conn.Close()
	}
}
