package client

import (
	"context"
	"io"
	"net/http"
	"time"
)

// Resource is what a component has beside its own process in an environment.
type Resource struct {
	Name        string    `json:"name" example:"db"`
	Environment string    `json:"environment" example:"production"`
	Type        string    `json:"type" enum:"postgres,volume"`
	State       string    `json:"state" enum:"in use,down,unused" doc:"Unused: no deployed version declares it. It is kept until it is deleted"`
	Reason      string    `json:"reason,omitempty" doc:"Why it is down"`
	Bytes       int64     `json:"bytes" doc:"That it holds, as of the last half minute in which it could be seen"`
	Limit       int64     `json:"limit,omitempty" doc:"Bytes that fit into a volume"`
	Restarts    int       `json:"restarts" doc:"Of its server, since the factory started"`
	Created     time.Time `json:"created"`
	Used        time.Time `json:"used" doc:"When a workload began to use it last"`
	Workloads   []string  `json:"workloads" nullable:"false" doc:"Deployed ones that were given it"`
}

// DeleteResource removes a resource with all data that is in it.
type DeleteResource struct {
	Environment string `json:"environment" minLength:"1" maxLength:"40" example:"staging"`
	Name        string `json:"name" minLength:"1" maxLength:"20" example:"db"`
	Confirm     string `json:"confirm" maxLength:"120" doc:"Its full name, component/environment/name: what is gone stays gone" example:"shop/staging/db"`
}

// Resources lists what a component has in each environment.
func (c *Client) Resources(ctx context.Context, component string) (Page[Resource], error) {
	return call[Page[Resource]](ctx, c, http.MethodGet, path("components", component, "resources"), nil, nil)
}

// DeleteResource removes a resource that no deployed version declares.
func (c *Client) DeleteResource(ctx context.Context, component string, in DeleteResource) (Page[Resource], error) {
	return call[Page[Resource]](ctx, c, http.MethodPost, path("components", component, "resources", "delete"), nil, in)
}

// DumpResource reads a database as SQL. It must be closed.
func (c *Client) DumpResource(ctx context.Context, component, environment, name string) (io.ReadCloser, error) {
	return c.open(ctx, http.MethodGet, path("components", component, "resources", environment, name, "dump"), nil, nil)
}
