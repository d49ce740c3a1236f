package fact

import "github.com/digital-factory/factory/internal/ref"

// ChangeOpened tells that a branch shall come into the trunk. Subject: change.
type ChangeOpened struct {
	Change    ref.Change    `json:"change"`
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
	Branch    string        `json:"branch"`
	Title     string        `json:"title"`
	Head      ref.Commit    `json:"head"`
	Items     []ref.Item    `json:"items,omitempty"`
}

// Kind returns "change.opened".
func (ChangeOpened) Kind() string { return "change.opened" }

// ChangeEdited tells which fields of a change a person changed. Subject:
// change.
type ChangeEdited struct {
	Change    ref.Change    `json:"change"`
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
	Title     string        `json:"title"`
	Fields    []string      `json:"fields"`
}

// Kind returns "change.edited".
func (ChangeEdited) Kind() string { return "change.edited" }

// ChangeCommented tells that somebody said something about a change, or about
// a line of it. Subject: change.
type ChangeCommented struct {
	Change    ref.Change    `json:"change"`
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
	Comment   string        `json:"comment"` // UUIDv7
	Path      string        `json:"path,omitempty"`
	Line      int           `json:"line,omitempty"`
	ReplyTo   string        `json:"reply_to,omitempty"` // the comment that began the thread
}

// Kind returns "change.commented".
func (ChangeCommented) Kind() string { return "change.commented" }

// ChangeSettled tells that a thread of a change's discussion was settled, or
// taken up again. Subject: change.
type ChangeSettled struct {
	Change    ref.Change    `json:"change"`
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
	Comment   string        `json:"comment"` // that began the thread
	Resolved  bool          `json:"resolved"`
}

// Kind returns "change.settled".
func (ChangeSettled) Kind() string { return "change.settled" }

// ChangeReviewed tells a person's verdict on one state of a change. Subject:
// change.
type ChangeReviewed struct {
	Change    ref.Change    `json:"change"`
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
	Review    string        `json:"review"`  // UUIDv7
	Verdict   string        `json:"verdict"` // approve, request-changes, comment
	Commit    ref.Commit    `json:"commit"`  // the head that it was given for
	Own       bool          `json:"own"`     // the reviewer pushed to the branch: it does not count
}

// Kind returns "change.reviewed".
func (ChangeReviewed) Kind() string { return "change.reviewed" }

// ChangeQueued tells that a change is to be merged as soon as it is green.
// Subject: change.
type ChangeQueued struct {
	Change    ref.Change    `json:"change"`
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
	Head      ref.Commit    `json:"head"`
}

// Kind returns "change.queued".
func (ChangeQueued) Kind() string { return "change.queued" }

// ChangeUnqueued tells why a change left the merge queue without being merged.
// Subject: change.
type ChangeUnqueued struct {
	Change    ref.Change    `json:"change"`
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
	Reason    string        `json:"reason"`
}

// Kind returns "change.unqueued".
func (ChangeUnqueued) Kind() string { return "change.unqueued" }

// ChangeMerged tells that the trunk has a change. Subject: change.
type ChangeMerged struct {
	Change    ref.Change    `json:"change"`
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
	Branch    string        `json:"branch"`
	Title     string        `json:"title"`
	Head      ref.Commit    `json:"head"`
	Commit    ref.Commit    `json:"commit"` // of the trunk, that brought it in
	Items     []ref.Item    `json:"items,omitempty"`
}

// Kind returns "change.merged".
func (ChangeMerged) Kind() string { return "change.merged" }

// ChangeClosed tells that a change was given up. Subject: change.
type ChangeClosed struct {
	Change    ref.Change    `json:"change"`
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
}

// Kind returns "change.closed".
func (ChangeClosed) Kind() string { return "change.closed" }

// ChangeReopened tells that a change that was given up goes on. Subject:
// change.
type ChangeReopened struct {
	Change    ref.Change    `json:"change"`
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
}

// Kind returns "change.reopened".
func (ChangeReopened) Kind() string { return "change.reopened" }
