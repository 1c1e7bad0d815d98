//go:build !dev

package agent

// systemSocket is made by the unit cardbridge-agent.socket, with its folder.
const systemSocket = "/run/cardbridge/agent.sock"
