package faults

// class groups faults that mean the same to the host.
type class string

const (
	dies    class = "dies"
	hangs   class = "hangs"
	fails   class = "fails"   // a code that says nothing of the card
	removed class = "removed" // a code that says that the card is gone, though PC/SC sees it
	lies    class = "lies"
)

var classes = map[string]class{
	"crash": dies, "hang": hangs, "general error": fails, "device removed": removed, "token not present": removed, "session invalid": removed,
	"function failed": fails, "host memory": fails, "vendor code": fails, "garbage": lies, "garbage, huge": lies,
}

// usual is how a login ends for a fault in a phase: "wait …" is a sentence in the window, which waits; else an error's code.
var usual = map[phase]map[class]string{
	scan:    {dies: "wait moduleFailed", hangs: "wait moduleTimeout", fails: "wait moduleFailed", removed: "wait cardNotRecognised", lies: "wait moduleFailed"},
	prepare: {dies: "moduleFailed", hangs: "moduleTimeout", fails: "moduleFailed", removed: "cardChanged", lies: "moduleFailed"},
	login:   {dies: "moduleFailed", hangs: "moduleTimeout", fails: "moduleFailed", removed: "cardRemoved", lies: "moduleFailed"},
	sign:    {dies: "moduleFailed", hangs: "moduleTimeout", fails: "moduleFailed", removed: "cardRemoved", lies: "moduleFailed"},
}

// special are the calls for which it is another.
var special = []struct {
	phase   phase
	call    string
	faults  []class
	outcome string
	because string
}{
	{scan, "C_CloseSession", []class{fails, removed, lies}, "ok", "everything was read before"},
	{scan, "C_GetFunctionList", []class{removed}, "wait moduleFailed", "it speaks of no card"},
	{scan, "C_Initialize", []class{removed}, "wait moduleFailed", "it speaks of no card"},
	{scan, "C_GetSlotList", []class{removed}, "wait moduleFailed", "it speaks of no card"},
	{scan, "C_GetAttributeValue", []class{removed}, "wait moduleFailed", "a certificate that cannot be read, for whatever reason"},
	{scan, "C_GetSlotInfo", []class{lies}, "ok", "one reader alone has a card, whatever the module calls it"},
	{scan, "C_GetTokenInfo", []class{lies}, "cardChanged", "the signer reads another serial number"},
	{prepare, "C_GetFunctionList", []class{removed}, "moduleFailed", "it speaks of no card"},
	{prepare, "C_GetSlotList", []class{fails, removed}, "ok", "crypto11 alone asks for it; there is a way without"},
	{prepare, "C_Finalize", []class{fails, removed, lies}, "ok", "crypto11's goodbye"},
	{prepare, "C_GetSlotInfo", []class{lies}, "ok", "the slot was chosen before"},
	{prepare, "C_GetAttributeValue", []class{removed}, "moduleFailed", "a certificate that cannot be read, for whatever reason"},
	{prepare, "C_GetTokenInfo", []class{lies}, "cardChanged", "another serial number"},
	{login, "C_GetSlotInfo", []class{lies}, "ok", "the slot was chosen before"},
	{login, "C_GetAttributeValue", []class{removed}, "moduleFailed", "a certificate that cannot be read, for whatever reason"},
	{login, "C_GetTokenInfo", []class{lies}, "cardChanged", "another serial number"},
	{login, "C_Login", []class{dies, hangs}, "pinOutcomeUnknown", "the card may have counted the try"},
	{sign, "C_GetAttributeValue", []class{fails, removed, lies}, "ok", "whether the key wants the PIN again shows in C_Sign too"},
	{sign, "C_OpenSession", []class{fails, removed}, "ok", "crypto11's own session; there is a way without"},
}

// certificateLies are the two ways in which a certificate can be garbage.
var certificateLies = map[phase]map[string]string{
	prepare: {"garbage": "cardChanged", "garbage, huge": "moduleFailed"},
	login:   {"garbage": "cardChanged", "garbage, huge": "moduleFailed"},
}

// expected is how a login with that fault ends.
func (c cell) expected() string {
	if outcome := certificateLies[c.phase][c.fault]; outcome != "" && c.call == "C_GetAttributeValue" {
		return outcome
	}
	for _, s := range special {
		if s.phase != c.phase || s.call != c.call {
			continue
		}
		for _, f := range s.faults {
			if f == classes[c.fault] {
				return s.outcome
			}
		}
	}
	return usual[c.phase][classes[c.fault]]
}

// verifies is how often the card itself was asked for the PIN in a login that ended so.
func (c cell) verifies(outcome string) int {
	switch {
	case c.phase == sign && c.call == "C_GetAttributeValue" && c.fault == "garbage":
		return 2 // the key seems to want the PIN for each use
	case c.phase == sign, outcome == "ok", c.call == "C_Login" && classes[c.fault] == lies:
		return 1
	}
	return 0
}
