//go:build dev

package main

const build = "dev"

// devVariables let tests point real modules at tokens of their own.
var devVariables = []string{"SOFTHSM2_CONF", "OPENSC_CONF"}
