package client

import (
	"context"
	"net/http"
	"time"
)

// Variable is a name and a value that the workloads of a component are given in
// an environment, or, where that is the pipeline, its steps.
type Variable struct {
	Key       string    `json:"key" example:"GUST_LIMIT"`
	Secret    bool      `json:"secret" doc:"Its value can be replaced, never read"`
	Value     string    `json:"value" doc:"Empty of a secret"`
	Revision  int64     `json:"revision" doc:"That brought it"`
	ChangedBy string    `json:"changed_by"`
	Changed   time.Time `json:"changed"`
}

// EnvironmentVariables are the variables of a component in one environment.
type EnvironmentVariables struct {
	Environment string     `json:"environment" enum:"staging,production,pipeline"`
	Revision    int64      `json:"revision" doc:"The newest; 0 when nothing was ever set. A workload is given it when it is deployed, and keeps it; a step of a pipeline is given the newest"`
	ChangedBy   string     `json:"changed_by,omitempty"`
	Changed     *time.Time `json:"changed,omitempty"`
	Variables   []Variable `json:"variables" nullable:"false"`
}

// AssignedVariable gives a key a value.
type AssignedVariable struct {
	Key    string `json:"key" minLength:"1" maxLength:"100" example:"GUST_LIMIT"`
	Value  string `json:"value" maxLength:"32768"`
	Secret bool   `json:"secret,omitempty" doc:"Never show it again"`
}

// ChangeVariables sets and removes variables of a component in an environment,
// all or none.
type ChangeVariables struct {
	Environment string             `json:"environment" enum:"staging,production,pipeline"`
	Revision    int64              `json:"revision" minimum:"0" doc:"From which the change was made; a conflict when it is not the newest"`
	Set         []AssignedVariable `json:"set,omitempty" maxItems:"100"`
	Unset       []string           `json:"unset,omitempty" maxItems:"100" doc:"Keys that are removed"`
}

// Rekeyed says how many secrets were sealed with a new key.
type Rekeyed struct {
	Secrets int `json:"secrets"`
}

// Variables lists the variables of a component in each environment.
func (c *Client) Variables(ctx context.Context, component string) (Page[EnvironmentVariables], error) {
	return call[Page[EnvironmentVariables]](ctx, c, http.MethodGet, path("components", component, "variables"), nil, nil)
}

// ChangeVariables makes a new revision, and returns it.
func (c *Client) ChangeVariables(ctx context.Context, component string, in ChangeVariables) (EnvironmentVariables, error) {
	return call[EnvironmentVariables](ctx, c, http.MethodPost, path("components", component, "variables"), nil, in)
}

// RotateVariableKey seals all secrets with a new key and forgets the old ones.
func (c *Client) RotateVariableKey(ctx context.Context) (Rekeyed, error) {
	return call[Rekeyed](ctx, c, http.MethodPost, path("variables", "key"), nil, nil)
}
