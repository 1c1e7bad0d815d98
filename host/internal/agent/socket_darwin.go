//go:build !dev

package agent

const systemSocket = "/var/run/cardbridge/agent.sock"
