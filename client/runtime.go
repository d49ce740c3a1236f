package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Workload is a version of a component that runs in an environment.
type Workload struct {
	ID          string    `json:"id"`
	Component   string    `json:"component" example:"engine-controller"`
	Team        string    `json:"team" example:"engine"`
	Environment string    `json:"environment" doc:"staging, production, or that of a change's preview, such as change-12" example:"staging"`
	Release     string    `json:"release" doc:"The artifact's version" example:"12"`
	Artifact    string    `json:"artifact" doc:"Digest of the image"`
	Replicas    []Replica `json:"replicas" nullable:"false" doc:"The processes that serve it; memory, processor time and requests are their sums"`
	Rolling     bool      `json:"rolling" doc:"Its processes are being replaced, one after another"`
	State       string    `json:"state" enum:"starting,ready,crashed,broken,stopping" doc:"ready when one replica is, else as the worst is. crashed: it will be started again; broken: it never became ready"`
	Reason      string    `json:"reason,omitempty" doc:"Why it crashed, is broken or is not healthy"`
	Restarts    int       `json:"restarts" doc:"Since the factory started it"`
	Share       float64   `json:"share" doc:"Of its environment's units that it serves, 0..1"`
	Worker      bool      `json:"worker" doc:"It serves nothing: no units are given to it"`
	InFlight    int64     `json:"inFlight" doc:"Requests on their way"`
	CPU         float64   `json:"cpu" doc:"Seconds of processor time since its process started"`
	Memory      int64     `json:"memory" doc:"Bytes now"`
	Peak        int64     `json:"peak" doc:"Bytes at the most"`
	Variables   int64     `json:"variables" doc:"Revision of its variables; 0: none was ever set"`
	Created     time.Time `json:"created"`
}

// Replica is one of the processes that serve a workload.
type Replica struct {
	Number   int       `json:"number" doc:"From 1"`
	State    string    `json:"state" enum:"starting,ready,crashed,broken,stopping" doc:"crashed: it will be started again; broken: it never became ready"`
	Healthy  bool      `json:"healthy" doc:"It is ready and answers its health check well"`
	Reason   string    `json:"reason,omitempty" doc:"Why it crashed, is broken or is not healthy"`
	Restarts int       `json:"restarts" doc:"Since the factory started it"`
	InFlight int64     `json:"inFlight" doc:"Requests on their way"`
	CPU      float64   `json:"cpu" doc:"Seconds of processor time since its process started"`
	Memory   int64     `json:"memory" doc:"Bytes now"`
	Peak     int64     `json:"peak" doc:"Bytes at the most"`
	Since    time.Time `json:"since" doc:"When its state began; of one that is ready, when its process became so"`
}

// Restarted says what was restarted.
type Restarted struct {
	Replicas int `json:"replicas" doc:"Processes that were replaced"`
}

// RestartWorkload replaces the processes of a workload, one after another, and
// returns when the last is replaced.
func (c *Client) RestartWorkload(ctx context.Context, id string) (Restarted, error) {
	return call[Restarted](ctx, c, http.MethodPost, path("workloads", id, "restart"), nil, nil)
}

// Workloads lists what runs; component may be empty for everything.
func (c *Client) Workloads(ctx context.Context, component string) (Page[Workload], error) {
	q := url.Values{}
	if component != "" {
		q.Set("component", component)
	}
	return call[Page[Workload]](ctx, c, http.MethodGet, path("workloads"), q, nil)
}

// WorkloadLog returns the end of what a workload printed, whole lines with
// their times, up to the number of bytes (0: 64 KiB). The caller closes it.
func (c *Client) WorkloadLog(ctx context.Context, id string, bytes int64) (io.ReadCloser, error) {
	q := url.Values{}
	if bytes > 0 {
		q.Set("bytes", strconv.FormatInt(bytes, 10))
	}
	return c.open(ctx, http.MethodGet, path("workloads", id, "log"), q, nil)
}
