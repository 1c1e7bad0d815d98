//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

const maxBody = 64 << 10 // bytes

// parameters are a request's: from the query, and from a flat JSON object in the body.
type parameters map[string]string

func readParameters(w http.ResponseWriter, r *http.Request) (parameters, error) {
	q := parameters{}
	for name, values := range r.URL.Query() {
		q[name] = values[0]
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.UseNumber()
	var body map[string]any
	if err := d.Decode(&body); errors.Is(err, io.EOF) {
		return q, nil
	} else if err != nil {
		return nil, fmt.Errorf("the body is not one JSON object: %w", err)
	}
	for name, v := range body {
		switch v.(type) {
		case string, bool, json.Number:
			q[name] = fmt.Sprint(v)
		default:
			return nil, fmt.Errorf("%s is neither string, number nor boolean", name)
		}
	}
	return q, nil
}

func (q parameters) number(name string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(q[name]))
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s is a number from 0, not %q", name, q[name])
	}
	return n, nil
}
