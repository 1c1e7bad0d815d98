package browsers

import "github.com/cardbridge/cardbridge/manifests"

// packageList is what the deb and rpm packages list (installer/linux/stage): a file of theirs, a space, the place where it is linked.
const packageList = "/usr/share/cardbridge/places"

func placesOf(b manifests.Browser) manifests.Places { return b.Linux }
