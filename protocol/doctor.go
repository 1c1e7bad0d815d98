package protocol

// MethodDoctor examines the computer. The extension's own pages alone ask it.
const MethodDoctor = "doctor"

// DoctorParams has nothing to say: no portal may ask, so that there is no origin.
type DoctorParams struct{}

// Check implements Params.
func (DoctorParams) Check() error { return nil }

// DoctorResult is what the host found, the worst first. Nothing in it is secret: it is what a help desk asks for.
type DoctorResult struct {
	Version  string          `json:"version"`
	Build    string          `json:"build"`  // release, dev
	System   string          `json:"system"` // linux/amd64
	Level    string          `json:"level"`  // the worst finding's
	Findings []DoctorFinding `json:"findings"`
}

// DoctorFinding is what one check says of one place.
type DoctorFinding struct {
	Check   string     `json:"check"`
	Code    string     `json:"code"`
	Level   string     `json:"level"` // ok, info, warning, error
	Where   string     `json:"where,omitzero"`
	Chinese DoctorText `json:"zh-TW"`
	English DoctorText `json:"en"`
}

// DoctorText is what was found; Fix is what to do about it, "" if nothing is.
type DoctorText struct {
	Finding string `json:"finding"`
	Fix     string `json:"fix,omitzero"`
}
