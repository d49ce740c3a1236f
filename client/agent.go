package client

import (
	"context"
	"net/http"
	"time"
)

// Agent is a machine that takes pipeline runs.
type Agent struct {
	ID         string     `json:"id"`
	Name       string     `json:"name" example:"build-1"`
	State      string     `json:"state" enum:"expected,expired,connected,draining,stopped,lost" doc:"expected: it has not joined yet; expired: its token does not hold any more; draining: it takes no more runs"`
	Slots      int        `json:"slots" doc:"Runs at once; 0 before it joined"`
	Version    string     `json:"version,omitempty" doc:"Of the program; the factory's own, or it is given no runs"`
	System     string     `json:"system,omitempty" doc:"Whose programs its steps use" example:"debian 12 linux/amd64"`
	Go         string     `json:"go,omitempty" example:"go1.26.1"`
	Isolation  []string   `json:"isolation" nullable:"false" doc:"What its host cannot isolate; empty: all is isolated"`
	Created    time.Time  `json:"created"`
	CreatedBy  string     `json:"createdBy"`
	Joined     *time.Time `json:"joined,omitempty"`
	Seen       *time.Time `json:"seen,omitempty" doc:"When it gave its last sign of life"`
	CertExpiry *time.Time `json:"certificateExpires,omitempty" doc:"It renews its certificate by itself when a third of the time is left"`
	Runs       []Run      `json:"runs" nullable:"false" doc:"That it has"`
}

// Agents are all of them.
type Agents struct {
	Items   []Agent `json:"items" nullable:"false"`
	Door    string  `json:"door,omitempty" doc:"Address at which the factory waits for agents; absent: it does not, start it with --agents" example:"0.0.0.0:8443"`
	Runners int     `json:"runners" doc:"Runs at once in the factory's own process"`
}

// CreateAgent registers a machine.
type CreateAgent struct {
	Name string `json:"name" minLength:"1" maxLength:"40" example:"build-1"`
}

// CreatedAgent has the token with which the machine joins. It is shown once.
type CreatedAgent struct {
	Agent Agent  `json:"agent"`
	Token string `json:"token" doc:"Holds for an hour, once"`
	Door  string `json:"door" doc:"Address at which the factory waits for agents"`
}

// Agents lists the machines that take pipeline runs, by name.
func (c *Client) Agents(ctx context.Context) (Agents, error) {
	return call[Agents](ctx, c, http.MethodGet, path("agents"), nil, nil)
}

// CreateAgent registers a machine.
func (c *Client) CreateAgent(ctx context.Context, in CreateAgent) (CreatedAgent, error) {
	return call[CreatedAgent](ctx, c, http.MethodPost, path("agents"), nil, in)
}

// DrainAgent has an agent take no more runs, and end when those that it has have.
func (c *Client) DrainAgent(ctx context.Context, name string) (Agent, error) {
	return call[Agent](ctx, c, http.MethodPost, path("agents", name, "drain"), nil, nil)
}

// RemoveAgent refuses an agent from now on; its runs begin again elsewhere.
func (c *Client) RemoveAgent(ctx context.Context, name string) error {
	_, err := call[struct{}](ctx, c, http.MethodDelete, path("agents", name), nil, nil)
	return err
}
