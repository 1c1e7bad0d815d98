//go:build unix && !dev

package agent

func socketPath() string { return systemSocket }

// trusted are those who may be the agent's listener: root.
func trusted(uid uint32) bool { return uid == 0 }
