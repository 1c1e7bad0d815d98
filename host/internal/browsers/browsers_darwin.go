package browsers

import "github.com/cardbridge/cardbridge/manifests"

// packageList: the package for macOS has none.
const packageList = ""

func placesOf(b manifests.Browser) manifests.Places { return b.Darwin }
