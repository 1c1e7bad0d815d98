package browsers

import "github.com/cardbridge/cardbridge/manifests"

// Spot is where one browser looks for the host's manifest, the person's own place first, with whom the manifest must let in.
type Spot struct {
	ID, Name, Family string
	User, System     string // files, on Windows registry keys; User "": the home folder is not known
	System64         string // where 64-bit builds of Red Hat's and SUSE's family look instead of System; "": in System, too
	Policies         string // where it takes the administrator's: a folder, for Firefox a file; a registry key; a preference domain
	Allowed          []string
}

// Spots are those of every known browser, whether it is installed or not. System, Only and Root of the target do not matter.
func Spots(t Target) ([]Spot, error) {
	list, err := manifests.Browsers()
	if err != nil {
		return nil, err
	}
	ids, err := t.extensions()
	if err != nil {
		return nil, err
	}
	t.System = false
	spots := make([]Spot, 0, len(list))
	for _, b := range list {
		s := Spot{ID: b.ID, Name: b.Name, Family: b.Family, Policies: placesOf(b).Policies, Allowed: ids.Allowed(b.Family)}
		s.System = location(placesOf(b).System, t.Host)
		if place := placesOf(b).System64; place != "" {
			s.System64 = location(place, t.Host)
		}
		if places := t.places(b); len(places) > 0 {
			s.User = location(places[0], t.Host)
		}
		spots = append(spots, s)
	}
	return spots, nil
}
