// Package preview runs each change in an environment of its own, so that it can
// be tried before it is merged: what the check of its head built, reachable at
// <component>.change-<number>.
//
// When the check of a branch is green, what it built is kept. When a change is
// open for the branch, that is started, answers its health path and smoke
// requests, and takes the traffic from the head before. It goes, with its
// processes and its bytes, when the change is merged or closed, after a week
// without a push, and when newer ones need its place.
//
// What a branch built is no version: it is not signed, stands in no registry
// and in no table of artifacts, and so nothing can promote it. It is told the
// variables of staging that are no secrets. A preview that cannot start is
// shown with what it printed and holds up nothing.
//
// # Owns
//
// release_preview and release_preview_build.
//
// # Tells
//
// preview.started, preview.failed, preview.removed.
//
// # Asks
//
// Runtime to run and route, Images for what was built.
//
// # Invariants
//
// Of a change at most one head takes traffic. A team has at most [PerTeam]
// previews and all have [InAll]; who was pushed to longest ago gives way. A
// crash at any line leaves a row from which the next step is found anew.
package preview

import (
	"context"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// Limits of what runs and of what is kept.
const (
	PerTeam  = 3
	InAll    = 20
	KeptMost = 60                 // builds of branches, whether they run or not
	Week     = 7 * 24 * time.Hour // without a push, after which a preview goes
)

// smokeUnits is how many smoke requests a preview must answer.
const smokeUnits = 5

// logLines is how much of what a failed one printed is shown.
const (
	logBytes = 8 << 10
	logLines = 20
)

// Runtime runs workloads and routes traffic.
type Runtime interface {
	// Deploy starts a workload, or finds it running, and returns once it answers
	// its health check. errs.Blocked or errs.Invalid says why it never will.
	Deploy(ctx context.Context, d Deployment) error
	// Route makes all traffic of an environment go to a workload; one with a
	// lower sequence than the last is stale.
	Route(ctx context.Context, c ref.Component, e ref.Environment, sequence int64, w ref.Workload) error
	// Unroute leaves an environment without traffic.
	Unroute(ctx context.Context, c ref.Component, e ref.Environment) error
	// Stop drains and stops a workload and forgets what it printed; an unknown
	// one is no error.
	Stop(ctx context.Context, w ref.Workload) error
	// Probe sends smoke requests of n units and reports how many failed, with an
	// example.
	Probe(ctx context.Context, w ref.Workload, n int) (failed int, example string, err error)
	// Printed returns the end of what a workload printed, up to most bytes.
	Printed(ctx context.Context, w ref.Workload, most int64) (string, error)
	// Crashing returns why a workload takes no traffic just now; empty when it
	// does.
	Crashing(w ref.Workload) string
}

// Deployment is a workload to run.
type Deployment struct {
	Workload    ref.Workload
	Component   ref.Component
	Team        ref.Team
	Environment ref.Environment
	Artifact    ref.Artifact
	Number      string
}

// Images keeps what checks built, by their run.
type Images interface {
	// Remove removes the bytes of a build; unknown ones are no error.
	Remove(run ref.Run) error
	// Kept returns of which runs there are bytes.
	Kept() ([]ref.Run, error)
}

// Service keeps the previews.
type Service struct {
	db      *store.DB
	journal *journal.Journal
	effects *effect.Log
	runtime Runtime
	images  Images
	address func(ref.Component, ref.Environment) string
	now     func() time.Time
	wake    chan struct{}
}

// New returns the service. It starts nothing. address returns where an
// environment of a component is reached.
func New(db *store.DB, j *journal.Journal, e *effect.Log, r Runtime, i Images, address func(ref.Component, ref.Environment) string, now func() time.Time) *Service {
	return &Service{db: db, journal: j, effects: e, runtime: r, images: i, address: address, now: now, wake: make(chan struct{}, 1)}
}

func (s *Service) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// imagePrefix begins what names a build where a version's digest stands: no registry
// knows it.
const imagePrefix = "preview:"

// Image names what the check of a run built.
func Image(run ref.Run) ref.Artifact { return ref.Artifact(imagePrefix + string(run)) }

// RunOf returns of which run an image is; false when it is a version.
func RunOf(a ref.Artifact) (ref.Run, bool) {
	if len(a) <= len(imagePrefix) || a[:len(imagePrefix)] != imagePrefix {
		return "", false
	}
	return ref.Run(a[len(imagePrefix):]), true
}

// workload names the process of a build for a change: the same name after a
// restart, so that it is found rather than started twice.
func (r row) workload(run ref.Run) ref.Workload {
	return ref.Workload(string(run) + "-" + string(r.environment()))
}

// short is how many digits of a commit stand where a version has its number.
const short = 10

func number(c ref.Commit) string { return string(c[:min(short, len(c))]) }
