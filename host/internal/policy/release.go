//go:build !dev

package policy

// Path is the document's place. Nothing moves it in a release: no flag, no environment variable.
func Path() string { return systemPath }

func devPortal(string) (portal, bool) { return portal{}, false }

func devGrants() []portal { return nil }

func ownerAllowed(uid uint32) bool { return uid == 0 }
