//go:build unix

package main

import (
	"os"
	"strconv"
)

// user is whom the audit lines of this process are about.
func user() string { return strconv.Itoa(os.Getuid()) }
