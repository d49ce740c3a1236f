package fact

import "github.com/digital-factory/factory/internal/ref"

// ResourceProvisioned tells that a component has something new beside its own
// process in an environment. Subject: component.
type ResourceProvisioned struct {
	Component   ref.Component   `json:"component"`
	Team        ref.Team        `json:"team"`
	Environment ref.Environment `json:"environment"`
	Resource    string          `json:"resource"` // its name
	Type        string          `json:"type"`     // postgres, volume
}

// Kind returns "resource.provisioned".
func (ResourceProvisioned) Kind() string { return "resource.provisioned" }

// ResourceFailed tells that what a workload uses ended by itself; it is started
// again. Subject: component.
type ResourceFailed struct {
	Component   ref.Component   `json:"component"`
	Team        ref.Team        `json:"team"`
	Environment ref.Environment `json:"environment"`
	Resource    string          `json:"resource"`
	Type        string          `json:"type"`
	Reason      string          `json:"reason"`
}

// Kind returns "resource.failed".
func (ResourceFailed) Kind() string { return "resource.failed" }

// ResourceDeleted tells that a resource is gone, with all data that was in it.
// Subject: component.
type ResourceDeleted struct {
	Component   ref.Component   `json:"component"`
	Team        ref.Team        `json:"team,omitempty"`
	Environment ref.Environment `json:"environment"`
	Resource    string          `json:"resource"`
	Type        string          `json:"type"`
}

// Kind returns "resource.deleted".
func (ResourceDeleted) Kind() string { return "resource.deleted" }
