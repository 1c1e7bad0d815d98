//go:build !dev

package main

const build = "release"

var devVariables []string
