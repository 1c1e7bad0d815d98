//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// wire is one kept connection to a portal. Requests were put together before; of the answer it reads what a login needs: the
// client shares two processors with what it measures, and net/http's client computes as much as a portal's whole HTTP.
type wire struct {
	conn   net.Conn
	reader *bufio.Reader
	body   []byte
}

// answer is a response: its status, its first cookie as name=value, its body. It is good until the wire's next request.
type answer struct {
	status       int
	cookie, body []byte
}

const (
	wireWait = 10 * time.Minute // of a connection's whole life: a deadline for each request costs too
	maxBody  = 64 << 10
)

var errAnswer = errors.New("an answer that is not HTTP/1.1 with Content-Length")

func dial(address string) (*wire, error) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
	if err != nil {
		return nil, err
	}
	return &wire{conn: conn, reader: bufio.NewReaderSize(conn, 16<<10)}, conn.SetDeadline(time.Now().Add(wireWait))
}

// request is what a browser sends, passed on by a proxy; a cookie of "" is none.
func request(path, cookie string, body []byte) []byte {
	head := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n",
		path, strings.TrimPrefix(origin, "https://"), origin, len(body))
	if cookie != "" {
		head = fmt.Appendf(head, "Cookie: %s\r\n", cookie)
	}
	return append(append(head, "\r\n"...), body...)
}

func (w *wire) send(request []byte) (answer, error) {
	if _, err := w.conn.Write(request); err != nil {
		return answer{}, err
	}
	status, err := w.line()
	if err != nil || len(status) < 12 {
		return answer{}, errors.Join(errAnswer, err)
	}
	var a answer
	if a.status, err = strconv.Atoi(string(status[9:12])); err != nil {
		return answer{}, err
	}
	length, err := w.head(&a)
	if err != nil || length < 0 || length > maxBody {
		return answer{}, errors.Join(errAnswer, err)
	}
	if cap(w.body) < length {
		w.body = make([]byte, length)
	}
	a.body = w.body[:length]
	_, err = io.ReadFull(w.reader, a.body)
	return a, err
}

func (w *wire) line() ([]byte, error) {
	line, err := w.reader.ReadSlice('\n')
	return bytes.TrimRight(line, "\r\n"), err
}

var lengthHeader, cookieHeader = []byte("Content-Length: "), []byte("Set-Cookie: ")

// head reads the headers; length is -1 where none says it.
func (w *wire) head(a *answer) (length int, err error) {
	length = -1
	for {
		line, err := w.line()
		if err != nil || len(line) == 0 {
			return length, err
		}
		if value, ok := bytes.CutPrefix(line, lengthHeader); ok {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return length, err
			}
		}
		if value, ok := bytes.CutPrefix(line, cookieHeader); ok && a.cookie == nil {
			pair, _, _ := bytes.Cut(value, []byte{';'})
			a.cookie = bytes.Clone(pair)
		}
	}
}

// wires are the idle connections to one portal.
type wires struct {
	address string
	mu      sync.Mutex
	idle    []*wire
}

// send uses an idle connection or a new one; one that failed is not used again.
func (p *wires) send(request []byte, read func(answer) error) error {
	w, err := p.take()
	if err != nil {
		return err
	}
	a, err := w.send(request)
	if err == nil {
		err = read(a)
	}
	if err != nil {
		return errors.Join(err, w.conn.Close())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, w)
	return nil
}

func (p *wires) take() (*wire, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		w := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return w, nil
	}
	p.mu.Unlock()
	return dial(p.address)
}

func (p *wires) close() {
	for _, w := range p.idle {
		_ = w.conn.Close()
	}
}
