package doctor

import "github.com/cardbridge/cardbridge/host/internal/token"

// AgentProblem is why a session does not use the agent, the OS service.
type AgentProblem string

// The problems. Impostor: what is at its place is not the system's. Refused: it does not serve this session, which is not the
// active local one. Readers: it does not see a reader that this session sees. Busy: too many connections are open. NoPCSC: it does not
// get at PC/SC. Silent: it does not answer as an agent does.
const (
	AgentImpostor AgentProblem = "impostor"
	AgentRefused  AgentProblem = "refused"
	AgentReaders  AgentProblem = "readers"
	AgentBusy     AgentProblem = "busy"
	AgentNoPCSC   AgentProblem = "noPCSC"
	AgentSilent   AgentProblem = "silent"
)

// AgentState is what somebody who has asked the agent knows of it.
type AgentState struct {
	Installed bool
	Path      string // its socket or pipe; of an impostor what is not the system's
	Version   string // "": it did not say
	Problem   AgentProblem
	Err       error // what was met
}

var agentCodes = map[AgentProblem]string{
	AgentImpostor: "agentImpostor", AgentRefused: "agentRefused", AgentReaders: "agentReaders", AgentBusy: "agentBusy",
	AgentNoPCSC: "agentNoPCSC", AgentSilent: "agentSilent",
}

// agent tells of the OS service. That there is none is nothing to repair.
func agent(v *visit) {
	a := v.agent
	why := ""
	if a.Err != nil {
		why = a.Err.Error()
	}
	switch code, bad := agentCodes[a.Problem]; {
	case a.Problem == AgentImpostor: // also where nothing of ours is installed
		v.tell(code, a.Path)
	case !a.Installed:
		v.tell("agentNone", "")
	case a.Version != "" && a.Version != v.Version:
		v.tell("agentOther", a.Path, "{version}", a.Version, "{ours}", v.Version)
	case bad && !(a.Problem == AgentNoPCSC && v.view.Service != token.ServiceRunning): // of that, pcsc tells
		v.tell(code, a.Path, "{reason}", why)
	default:
		v.tell("agent", a.Path, "{version}", a.Version)
	}
}
