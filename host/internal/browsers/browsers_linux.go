package browsers

import "github.com/cardbridge/cardbridge/manifests"

func placesOf(b manifests.Browser) manifests.Places { return b.Linux }
