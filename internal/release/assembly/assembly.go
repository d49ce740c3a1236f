// Package assembly keeps releases: versions of several components that roll out
// together or not at all. It knows which versions there are and what they
// provide and require, says what a version has to wait for or go together with,
// and how parts that take traffic go on as one. The release module moves the
// rollouts of the parts.
package assembly

import (
	"time"

	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/parts"
)

// State of a release.
type State string

// A release waits until the components of all its parts are free, rolls out,
// and ends: all parts are live, or none is. A failed one never took traffic.
const (
	Waiting    State = "waiting"
	RollingOut State = "rolling_out"
	Released   State = "released"
	RolledBack State = "rolled_back"
	Failed     State = "failed"
)

// Ended reports whether nothing more happens by itself.
func (s State) Ended() bool { return s == Released || s == RolledBack || s == Failed }

// Part is one version of a release.
type Part struct {
	Rollout   ref.Rollout
	Component ref.Component
	Team      ref.Team
	Artifact  ref.Artifact
	Number    string
}

// String names the part, e.g. "engine-controller 43".
func (p Part) String() string { return string(p.Component) + " " + p.Number }

// Link is a requirement and what meets it in the release.
type Link struct {
	Component ref.Component `json:"component"`
	Number    string        `json:"number"`
	Name      string        `json:"name"`     // that is required
	Rule      string        `json:"rule"`     // the constraint
	By        ref.Component `json:"by"`       // that provides it; empty when nothing does
	ByNumber  string        `json:"byNumber"` // its version
	Provides  string        `json:"provides"` // in which version
	InRelease bool          `json:"inRelease"`
}

// Release is a named set of parts in the order in which they go; back they go
// in reverse.
type Release struct {
	ID       ref.Release
	Name     string
	State    State
	Why      string      // it was assembled
	Reason   string      // it ended as it did, or what a waiting one waits for
	Cause    ref.Rollout // of the part that took the others back
	ByHand   string      // who chose the parts; empty when the factory did
	SplitKey string      // keys the assignment of units to arms, the same for all parts
	Links    []Link      // how requirements are met, as it was assembled
	Parts    []Part
	Created  time.Time
	Finished time.Time
	Version  int64
}

// Subject is what facts and effects of a release are about.
func (r Release) Subject() ref.Subject { return ref.Of("release", r.ID) }

// Told is how facts name the parts.
func (r Release) Told() []fact.ReleasePart {
	out := make([]fact.ReleasePart, len(r.Parts))
	for i, p := range r.Parts {
		out[i] = fact.ReleasePart{Component: p.Component, Version: p.Number, Artifact: p.Artifact, Rollout: p.Rollout}
	}
	return out
}

// Part returns the part of a rollout.
func (r Release) Part(id ref.Rollout) Part {
	for _, p := range r.Parts {
		if p.Rollout == id {
			return p
		}
	}
	return Part{Rollout: id}
}

// links says how the requirements of all parts and of what they are provided to
// are met by what will be live.
func links(live []parts.Part, changed []parts.Part) (list []Link) {
	of := func(p parts.Part) bool {
		for _, c := range changed {
			if c.Component == p.Component && c.Version.Equal(p.Version) {
				return true
			}
		}
		return false
	}
	for _, p := range live {
		for _, n := range p.Names() {
			rule, asks := p.Requires[n]
			if !asks {
				continue
			}
			l := Link{Component: p.Component, Number: p.Version.String(), Name: n, Rule: rule.String()}
			inside := false
			for _, o := range live {
				if rule.Admits(o.Provides[n]) && (l.By == "" || of(o) && !inside) {
					l.By, l.ByNumber, l.Provides, inside = o.Component, o.Version.String(), o.Provides[n].String(), of(o)
				}
			}
			l.InRelease = of(p)
			if l.InRelease || inside {
				list = append(list, l)
			}
		}
	}
	return list
}
