// Package upgrade brings a golden path's new version to the components that
// were created from it: as a change in each, cohort after cohort.
//
// For each component of a cohort the newer rendering is merged with the trunk.
// Where that goes without a conflict the merge is a change that lands by itself
// as soon as the component's own pipeline is green and its rules are kept. Where
// it does not, the change has the newer rendering alone, shows what conflicts,
// and waits for its team. When everything of a cohort is settled and enough of
// it went well, the next one's turn comes; else the upgrade pauses, with the
// reason, until a person decides.
//
// # Owns
//
// platform_upgrade and platform_upgrade_component (how far each component is).
//
// # Tells
//
// upgrade.started, upgrade.advanced, upgrade.paused, upgrade.resumed,
// upgrade.finished, component.upgrade-parked; through its room
// component.path-upgraded.
//
// # Asks
//
// Its room for versions and instances; Repositories for merges; Changes for what
// teams review and the merge queue lands.
//
// # Invariants
//
// A component is on another version when, and only when, a change with it was
// merged. Nobody's commits are lost: a branch that a team pushed to is left
// alone. What is next is found from the tables alone, so a crash at any line
// loses nothing.
package upgrade

import (
	"context"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/platform/path"
	"github.com/digital-factory/factory/internal/ref"
)

// State of an upgrade.
type State string

// An upgrade runs, is paused by a person or because too much failed, is through
// all its cohorts, or was stopped.
const (
	Running State = "running"
	Paused  State = "paused"
	Done    State = "done"
	Stopped State = "stopped"
)

// Stage of a component in an upgrade.
type Stage string

// The stages.
const (
	Waiting   Stage = "waiting"   // its cohort's turn has not come
	Preparing Stage = "preparing" // it is being merged
	Open      Stage = "open"      // its change is on its way into the trunk
	Approval  Stage = "approval"  // its change needs people
	Conflict  Stage = "conflict"  // its change conflicts, and waits for the team
	Failed    Stage = "failed"    // its change is not green, or it could not be made
	Declined  Stage = "declined"  // the team closed its change
	Merged    Stage = "merged"    // the trunk has it
	Current   Stage = "current"   // the trunk had it already
	Left      Stage = "left"      // the upgrade was stopped, or another one replaced it
)

// Check is how the check of a change's head ended.
type Check int64

// How it ended.
const (
	Unknown Check = 0
	Green   Check = 1
	Red     Check = 2
)

// Upgrade brings one version to components.
type Upgrade struct {
	ID         ref.Upgrade
	Path       string
	Version    string
	State      State
	Reason     string // why it is paused or stopped
	Cohorts    []int  // components in each
	Cohort     int    // whose turn it is, from 1; 0 before the first
	Accepted   int    // cohort whose failures a person accepted
	Failures   int    // percent of a cohort that may fail
	Whole      bool   // of all components of the path, not of a few that were named
	By         string
	Started    time.Time
	Finished   time.Time
	Components []Component // by cohort and name; nil in lists
	Counts     map[Stage]int
}

// Component is a component in an upgrade.
type Component struct {
	Upgrade   ref.Upgrade
	Component ref.Component
	Team      ref.Team
	Cohort    int
	From      string
	Stage     Stage
	Reason    string // why it is parked
	Check     Check
	Change    ref.Change
	Conflicts []Clash
	Asked     map[string]string // what its team answers anew
	Changed   time.Time

	attempts int
	trunk    string // merged with; empty: still to be merged
	render   string
	head     string            // what was put on the branch
	before   string            // what was put there before that
	answers  map[string]string // that it is rendered with
}

// Clash is a file that a person must settle.
type Clash struct {
	Path  string `json:"path"`
	Hunks []Hunk `json:"hunks,omitempty"` // none when one side deleted or renamed it, or it is no text
}

// Hunk is a place at which the team and the path changed the same lines.
type Hunk struct {
	Line   int    `json:"line"` // of the file with both sides in it, from 1
	Ours   string `json:"ours"`
	Theirs string `json:"theirs"`
}

// Room is what upgrades ask of their room.
type Room interface {
	// Offered returns a version of a path that is offered: the newest when it is
	// empty.
	Offered(ctx context.Context, tx *store.Tx, name, version string) (*path.Path, error)
	// Instances returns the components of a path, or only that one.
	Instances(ctx context.Context, tx *store.Tx, name string, component ref.Component) ([]path.Instance, error)
	// Moved notes that a component's trunk has another version.
	Moved(ctx context.Context, tx *store.Tx, m path.Move) error
}

// Merge asks for the merge of a newer rendering with a component's trunk.
type Merge struct {
	Component ref.Component
	Base      string // commit of the rendering that the trunk has; empty for its first
	Files     map[string]string
	Message   string
	At        time.Time
}

// MergeResult is what came of it.
type MergeResult struct {
	Trunk     string
	Render    string // commit of the newer rendering
	Head      string // what the branch is to have
	Conflicts []Clash
}

// Repositories merges. What it commits is on no branch until it is put there.
type Repositories interface {
	Merge(ctx context.Context, m Merge) (MergeResult, error)
	// Put moves a branch to a commit, unless it has others than ours: an
	// errs.Conflict.
	Put(ctx context.Context, component ref.Component, branch, commit string, ours []string) error
	// Drift compares a trunk with the rendering that it has, and that with a
	// newer one unless it is nil.
	Drift(ctx context.Context, component ref.Component, base string, newer map[string]string) (trunk string, files []File, err error)
}

// Changes brings branches into trunks.
type Changes interface {
	// Open opens a change for a branch, and returns the one that is open for it
	// already.
	Open(ctx context.Context, component ref.Component, branch, title, body string) (ref.Change, error)
	// Merge has a change merged as soon as it is green. What waiting does not
	// bring is an errs.Blocked.
	Merge(ctx context.Context, change ref.Change, head string) error
	// Close gives a change up, and does nothing when it is not open.
	Close(ctx context.Context, change ref.Change) error
	// Living reports whether a change may still be merged.
	Living(ctx context.Context, change ref.Change) (bool, error)
}

// Service runs upgrades.
type Service struct {
	db           *store.DB
	journal      *journal.Journal
	effects      *effect.Log
	room         Room
	repositories Repositories
	changes      Changes
	now          func() time.Time
}

// New returns the service. It starts nothing.
func New(db *store.DB, j *journal.Journal, effects *effect.Log, room Room, r Repositories, c Changes, now func() time.Time) *Service {
	return &Service{db: db, journal: j, effects: effects, room: room, repositories: r, changes: c, now: now}
}

func (s *Service) clock() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// Branch is where an upgrade of a component stands.
func Branch(name, version string) string { return "upgrade/" + name + "-" + version }

// Branch is where an upgrade of it stands: what is answered anew may come to the
// same version as an upgrade before it, and is a change of its own.
func (c Component) Branch(name, version string) string {
	if len(c.Asked) > 0 {
		return Branch(name, version) + "-answers"
	}
	return Branch(name, version)
}
