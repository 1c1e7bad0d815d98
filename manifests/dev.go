//go:build dev

package manifests

// devChromium is the id that the key in extension/manifest.json pins.
var devChromium = []string{"pbjmkmfiabchoodbocfoiebiblhbiijh"}
