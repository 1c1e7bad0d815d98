package doctor

// replaceable does not look at access lists.
func (v *visit) replaceable(string) (string, bool) { return "", false }
