package client

import (
	"context"
	"net/http"
	"time"
)

// Scale is how many processes serve, and what each of them may use at the most.
// What is left out is not said.
type Scale struct {
	Replicas int    `json:"replicas,omitempty" doc:"Processes, 1 to 10; they share the work" example:"3"`
	CPU      string `json:"cpu,omitempty" maxLength:"20" doc:"Processors of each, from 100m to 2" example:"500m"`
	Memory   string `json:"memory,omitempty" maxLength:"20" doc:"Memory of each, from 16Mi to 512Mi" example:"256Mi"`
}

// SaidScale is what the version that runs says of itself, with what the platform
// gives where it says nothing.
type SaidScale struct {
	Release string `json:"release" doc:"The version's number; of two, the one that has more of the environment" example:"12"`
	Worker  bool   `json:"worker" doc:"It serves nothing: each process takes work itself"`
	Scale
}

// EnvironmentScale is how a component is scaled in one environment.
type EnvironmentScale struct {
	Environment string     `json:"environment" enum:"staging,production"`
	Set         Scale      `json:"set" doc:"What was set; what is left out holds as the version says"`
	Says        *SaidScale `json:"says,omitempty" doc:"What the version that runs says; left out where nothing runs"`
	Holds       Scale      `json:"holds" doc:"What is in force"`
	Version     int64      `json:"version" doc:"Counts changes; 0 when nothing was ever set"`
	ChangedBy   string     `json:"changed_by,omitempty"`
	Changed     *time.Time `json:"changed,omitempty"`
}

// SetScale replaces how a component is scaled in an environment. What is left
// out is left to the version.
type SetScale struct {
	Version int64 `json:"version" minimum:"0" doc:"From which the change was made; a conflict when it is not the newest"`
	Scale
}

// Scales returns how a component is scaled in each environment.
func (c *Client) Scales(ctx context.Context, component string) (Page[EnvironmentScale], error) {
	return call[Page[EnvironmentScale]](ctx, c, http.MethodGet, path("components", component, "scale"), nil, nil)
}

// SetScale sets how a component is scaled in an environment, at once.
func (c *Client) SetScale(ctx context.Context, component, environment string, in SetScale) (EnvironmentScale, error) {
	return call[EnvironmentScale](ctx, c, http.MethodPut, path("components", component, "scale", environment), nil, in)
}
