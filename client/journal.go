package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Fact is one entry of the journal.
type Fact struct {
	Seq       int64           `json:"seq" doc:"Its place; without gaps"`
	ID        string          `json:"id"`
	Kind      string          `json:"kind" example:"rollout.started"`
	At        time.Time       `json:"at"`
	Actor     string          `json:"actor" doc:"Account identifier, or system/<part>"`
	ActorName string          `json:"actorName"`
	Subject   string          `json:"subject" example:"rollout/01920000-0000-7000-8000-000000000000"`
	Data      json.RawMessage `json:"data" doc:"The payload; its members depend on the kind"`
	Prev      string          `json:"prev" doc:"Hash of the fact before"`
	Hash      string          `json:"hash"`
}

// FactFilter narrows a list of facts.
type FactFilter struct {
	Subject string // e.g. "rollout/0192..."
	Kind    string // "rollout.started", or "rollout" for all of its kinds
	Actor   string
}

// Verified is the outcome of walking the chain.
type Verified struct {
	Facts int64  `json:"facts" doc:"How many were checked: all"`
	Head  string `json:"head" doc:"Hash of the last; note it elsewhere to prove later that nothing was cut off"`
}

// Effect is something the factory does to the outside.
type Effect struct {
	ID        string          `json:"id"`
	Key       string          `json:"key" doc:"Once-only"`
	Kind      string          `json:"kind" example:"runtime.deploy"`
	Subject   string          `json:"subject"`
	Data      json.RawMessage `json:"data"`
	State     string          `json:"state" enum:"waiting,running,done,failed,parked"`
	Attempts  int             `json:"attempts"`
	Error     string          `json:"error,omitempty"`
	Planned   time.Time       `json:"planned"`
	Done      *time.Time      `json:"done,omitempty"`
	DecidedBy string          `json:"decidedBy,omitempty"`
	Reason    string          `json:"reason,omitempty"`
}

// DecideEffect approves or rejects a parked effect.
type DecideEffect struct {
	Approve bool   `json:"approve"`
	Reason  string `json:"reason" minLength:"1" maxLength:"2000"`
}

// Health is how the factory itself is doing.
type Health struct {
	Status    string   `json:"status" enum:"ok,degraded"`
	Version   string   `json:"version"`
	Ready     float64  `json:"readySeconds" doc:"From start to the first served request"`
	RSS       float64  `json:"rssMB" doc:"Resident memory now"`
	Isolation []string `json:"isolation" nullable:"false" doc:"What this host cannot isolate, and what follows from it; empty when all is well"`
	Followers []Lag    `json:"followers" nullable:"false"`
}

// Lag is how far a follower of the journal is behind.
type Lag struct {
	Name   string `json:"name"`
	Behind int64  `json:"behind"`
}

// Facts lists facts, newest first.
func (c *Client) Facts(ctx context.Context, f FactFilter, p Paging) (Page[Fact], error) {
	q := p.query()
	for k, v := range map[string]string{"subject": f.Subject, "kind": f.Kind, "actor": f.Actor} {
		if v != "" {
			q.Set(k, v)
		}
	}
	return call[Page[Fact]](ctx, c, http.MethodGet, path("facts"), q, nil)
}

// FactsAfter lists facts in order after a place in the journal.
func (c *Client) FactsAfter(ctx context.Context, seq int64, limit int) (Page[Fact], error) {
	q := url.Values{"since": {strconv.FormatInt(seq, 10)}, "limit": {strconv.Itoa(limit)}}
	return call[Page[Fact]](ctx, c, http.MethodGet, path("facts"), q, nil)
}

// Verify walks the whole chain.
func (c *Client) Verify(ctx context.Context) (Verified, error) {
	return call[Verified](ctx, c, http.MethodGet, path("journal", "verify"), nil, nil)
}

// Effects lists effects, newest first; state and subject may be empty.
func (c *Client) Effects(ctx context.Context, state, subject string, p Paging) (Page[Effect], error) {
	q := p.query()
	if state != "" {
		q.Set("state", state)
	}
	if subject != "" {
		q.Set("subject", subject)
	}
	return call[Page[Effect]](ctx, c, http.MethodGet, path("effects"), q, nil)
}

// DecideEffect approves or rejects a parked effect.
func (c *Client) DecideEffect(ctx context.Context, id string, in DecideEffect) error {
	_, err := call[struct{}](ctx, c, http.MethodPost, path("effects", id, "decide"), nil, in)
	return err
}

// Health asks how the factory itself is doing.
func (c *Client) Health(ctx context.Context) (Health, error) {
	return call[Health](ctx, c, http.MethodGet, path("health"), nil, nil)
}
