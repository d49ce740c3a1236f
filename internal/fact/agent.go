package fact

import "github.com/digital-factory/factory/internal/ref"

// AgentJoined tells that another machine may take runs. Subject: agent.
type AgentJoined struct {
	Agent   ref.Agent `json:"agent"`
	Name    string    `json:"name"`
	System  string    `json:"system"` // whose programs its steps use, e.g. "debian 12 linux/amd64"
	Version string    `json:"version"`
}

// Kind returns "agent.joined".
func (AgentJoined) Kind() string { return "agent.joined" }

// AgentLost tells that an agent gave no sign of life; its runs begin again
// elsewhere. Subject: agent.
type AgentLost struct {
	Agent ref.Agent `json:"agent"`
	Name  string    `json:"name"`
	Runs  []ref.Run `json:"runs"`
}

// Kind returns "agent.lost".
func (AgentLost) Kind() string { return "agent.lost" }

// AgentRemoved tells that a machine may take no more runs; those that it had
// begin again elsewhere. Subject: agent.
type AgentRemoved struct {
	Agent ref.Agent `json:"agent"`
	Name  string    `json:"name"`
	Runs  []ref.Run `json:"runs"`
}

// Kind returns "agent.removed".
func (AgentRemoved) Kind() string { return "agent.removed" }
