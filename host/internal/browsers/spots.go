package browsers

import "github.com/cardbridge/cardbridge/manifests"

// Spot is where one browser looks for the host's manifest, the person's own place first, with whom the manifest must let in.
type Spot struct {
	ID, Name, Family string
	User, System     string // files, on Windows registry keys; User "": the home folder is not known
	Policies         string // where it takes the administrator's: a folder, for Firefox a file; a registry key; a preference domain
	Allowed          []string
}

// Spots are those of every known browser, whether it is installed or not. System and Only of the target do not matter.
func Spots(t Target) ([]Spot, error) {
	list, err := manifests.Browsers()
	if err != nil {
		return nil, err
	}
	ids, err := t.extensions()
	if err != nil {
		return nil, err
	}
	spots := make([]Spot, 0, len(list))
	for _, b := range list {
		s := Spot{ID: b.ID, Name: b.Name, Family: b.Family, Policies: placesOf(b).Policies, Allowed: ids.Allowed(b.Family)}
		t.System = true
		s.System = location(t.place(b), t.Host)
		t.System = false
		if place := t.place(b); place != "" {
			s.User = location(place, t.Host)
		}
		spots = append(spots, s)
	}
	return spots, nil
}
