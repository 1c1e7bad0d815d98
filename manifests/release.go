//go:build !dev

package manifests

var devChromium []string
