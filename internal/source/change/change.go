// Package change brings short-lived branches into the trunk: what is discussed,
// reviewed, checked and merged as one, and the queue that keeps the trunk
// green.
//
// A change that is to be merged waits in its component's queue. The queue takes
// one at a time: it makes the merge commit that the trunk would get, on a
// branch of its own below queue/, where it is checked like any push; when that
// is green the trunk moves forward to exactly that commit, and the branches go,
// all together. A merge commit with the very files of a head that is green
// already needs no second check. What is red, or conflicts, leaves the queue
// with the reason, and the next is tried on the trunk as it is then.
//
// # Owns
//
// source_change, source_comment, source_review, source_check (what the
// pipeline told of branches) and source_pusher (who pushed to a branch).
//
// # Tells
//
// change.opened, change.edited, change.commented, change.settled,
// change.reviewed, change.queued, change.unqueued, change.merged,
// change.closed, change.reopened; through its room commits.pushed.
//
// # Asks
//
// Its room for repositories, rules and moves of refs.
//
// # Invariants
//
// The trunk only moves to what was checked, and only forward from where it was
// when that was made. An approval holds for one head, and nobody's own counts.
// A change is merged when the trunk has been told to have it, and told so once.
// A crash at any line leaves a state from which the next step is found anew.
package change

import (
	"time"

	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/source/git"
)

// State of a change.
type State string

// A change is open, waits in the queue, is merged, or was given up.
const (
	Open   State = "open"
	Queued State = "queued"
	Merged State = "merged"
	Closed State = "closed"
)

// Change is a branch on its way into the trunk.
type Change struct {
	ID         ref.Change
	Component  ref.Component
	Number     int64
	Team       ref.Team
	Branch     string
	Title      string
	Body       string
	State      State
	Head       string   // as last told; after the merge, what was merged
	Items      []string // of its commits, as told
	Comments   int64
	Author     string // account
	AuthorName string
	Opened     time.Time
	Updated    time.Time
	Check      CheckState // of the head

	Queued      time.Time // zero unless queued
	QueuedHead  string    // the head that was asked to be merged
	QueuedBy    string    // account
	QueuedName  string
	QueuedEmail string // in the merge commit
	Candidate   string // merge commit that is tried out
	Base        string // head of the trunk that the candidate builds on
	Returned    string // why it last left the queue

	Merged     time.Time
	MergedBy   string
	MergedBase string // what the trunk was before
	Commit     string // of the trunk, that brought it in
	Closed     time.Time
	ClosedBy   string
	Version    int64
}

// Ref is the full name of the change's branch.
func (c Change) Ref() string { return "refs/heads/" + c.Branch }

// living reports whether the change may still be merged.
func (c Change) living() bool { return c.State == Open || c.State == Queued }

// CheckState is how far the check of a commit is.
type CheckState string

// The states of checks.
const (
	Unchecked CheckState = "none"
	Waiting   CheckState = "queued" // waiting or running
	Green     CheckState = "succeeded"
	Red       CheckState = "failed"
	Cancelled CheckState = "cancelled"
)

// Check is a run of the pipeline for a commit of a branch.
type Check struct {
	Run    ref.Run
	Branch string
	Commit string
	State  CheckState
	Step   string // that failed
	Reason string
	At     time.Time
}

// Verdict of a review.
type Verdict string

// The verdicts.
const (
	Approve        Verdict = "approve"
	RequestChanges Verdict = "request-changes"
	Remark         Verdict = "comment"
)

// Review is one person's verdict on one state of a change.
type Review struct {
	ID       string
	Account  string
	Name     string
	Verdict  Verdict
	Commit   string
	Body     string
	Own      bool // by who pushed to the branch or wrote a commit of it
	Stale    bool // the head is another by now
	Replaced bool // by a later one of the same person on the same head
	At       time.Time
}

// counts reports whether the review says something about the head as it is.
func (r Review) counts() bool { return !r.Stale && !r.Replaced && !r.Own }

// Comment is one contribution to the discussion.
type Comment struct {
	ID       string
	Author   string // account
	Name     string
	Body     string
	Path     string
	Line     int
	Side     string // old, new
	Commit   string
	ReplyTo  string
	Resolved time.Time
	Resolver string
	At       time.Time
}

// Merges says what a merge would do now.
type Merges string

// What a merge may do.
const (
	Clean     Merges = "clean"
	Conflict  Merges = "conflict"
	Nothing   Merges = "nothing"   // the trunk has all of it
	Gone      Merges = "gone"      // there is no branch
	Unrelated Merges = "unrelated" // it shares no commit with the trunk
	Done      Merges = "merged"
)

// Detail is all of a change but its diff and comments.
type Detail struct {
	Change
	Trunk     string // head of the trunk; after the merge, what it was before
	Fork      string // where the branch left the trunk
	Behind    int    // commits of the trunk that the branch does not have
	Commits   []git.Commit
	Total     int
	Checks    []Check // of the head, latest first
	Reviews   []Review
	Approvals int
	Needed    int
	Required  bool
	Merges    Merges
	Conflicts []string
	Needs     []string
	Position  int   // in the queue, from 1; 0 when it is not queued
	Trial     Check // of the candidate
	Own       bool  // the asker pushed to the branch
}
