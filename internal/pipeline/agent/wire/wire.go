// Package wire is what an agent and the factory say to each other, over HTTPS, in
// JSON. Both are the same program: an agent of another version is given no runs,
// but may finish those that it has.
package wire

import (
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/pipeline"
	"github.com/digital-factory/factory/internal/ref"
)

// Root is what all paths begin with.
const Root = "/agent/v1/"

// ServerName is the name in the factory's certificate, at whatever address it
// is. The factory's authority signs for nobody else's, so whoever has it is the
// factory.
const ServerName = "factory.agents.internal"

// Host is what an agent says of its machine.
type Host struct {
	Version string   `json:"version"` // of the program
	System  string   `json:"system"`
	Go      string   `json:"go,omitempty"`
	Missing []string `json:"missing,omitempty"` // what the host cannot isolate
	Slots   int      `json:"slots"`             // runs at once
}

// Join asks for a certificate, with the secret of a token.
type Join struct {
	Name    string `json:"name"`
	Secret  string `json:"secret"`
	Request string `json:"request"` // certificate request in PEM
	Host    Host   `json:"host"`
}

// Joined is a certificate, in PEM; also the answer to a renewal, whose question
// has only a request.
type Joined struct {
	Certificate string `json:"certificate"`
}

// Beat is a sign of life.
type Beat struct {
	Host     Host      `json:"host"`
	Began    bool      `json:"began,omitempty"` // the first of a process
	Draining bool      `json:"draining,omitempty"`
	Leaving  bool      `json:"leaving,omitempty"` // the last of a process
	Now      bool      `json:"now,omitempty"`     // answer at once
	Has      []ref.Run `json:"has"`
	Ending   []ref.Run `json:"ending,omitempty"` // of these, those whose processes are being ended
}

// Orders answer it, at once when there are any.
type Orders struct {
	Drain     string             `json:"drain,omitempty"` // why it is to take no more
	Take      []pipeline.Lent    `json:"take,omitempty"`
	Cancelled map[ref.Run]string `json:"cancelled,omitempty"` // by whom
	Gone      []ref.Run          `json:"gone,omitempty"`      // that it no longer has
}

// None reports whether there is nothing to do.
func (o Orders) None() bool {
	return o.Drain == "" && len(o.Take) == 0 && len(o.Cancelled) == 0 && len(o.Gone) == 0
}

// Secrets asks for those of a component.
type Secrets struct {
	Component ref.Component `json:"component"`
	Keys      []string      `json:"keys"`
}

// Printed says from where a log goes on.
type Printed struct {
	Next int64 `json:"next"`
}

// Published says what became of a build.
type Published struct {
	Artifact ref.Artifact `json:"artifact"`
	Lines    []string     `json:"lines"`
}

// End is how a run ended.
type End struct {
	State  pipeline.State `json:"state"`
	Step   string         `json:"step,omitempty"`
	Reason string         `json:"reason,omitempty"`
}

// Problem is a failure.
type Problem struct {
	Kind errs.Kind `json:"kind"`
	Text string    `json:"text"`
	Next string    `json:"next,omitempty"`
}

// Cancel adds that a run was cancelled.
func (o *Orders) Cancel(id ref.Run, by string) {
	if o.Cancelled == nil {
		o.Cancelled = map[ref.Run]string{}
	}
	o.Cancelled[id] = by
}
