package client

import (
	"context"
	"net/http"
	"time"
)

// Change is a short-lived branch on its way to the trunk: what is discussed,
// reviewed, checked and merged as one.
type Change struct {
	ID        string     `json:"id" doc:"The component and the change's number" example:"engine-controller:12"`
	Component string     `json:"component" example:"engine-controller"`
	Number    int64      `json:"number" doc:"Within the component, from 1" example:"12"`
	Team      string     `json:"team" doc:"Who owns the component" example:"engine"`
	Branch    string     `json:"branch" example:"retry-start"`
	Title     string     `json:"title" doc:"Also of the merge commit" example:"Retry the motor start once"`
	State     string     `json:"state" enum:"open,queued,merged,closed" doc:"queued: on its way into the trunk"`
	Head      string     `json:"head" doc:"Commit that the branch points to; after the merge, what was merged" example:"3f1c0a5d7be24c1f9f5c9f4b8d3c2a1e0b9d8c7f"`
	Check     string     `json:"check" enum:"none,queued,succeeded,failed,cancelled" doc:"Of the head; queued until its run has finished"`
	Items     []string   `json:"items" nullable:"false" doc:"Named by Item: trailers of its commits" example:"[\"ENG-1\"]"`
	Comments  int        `json:"comments" doc:"How many"`
	Author    string     `json:"author" doc:"Who opened it" example:"Eva Engineer"`
	Opened    time.Time  `json:"opened"`
	Updated   time.Time  `json:"updated" doc:"When anything of it last happened"`
	Merged    *time.Time `json:"merged,omitempty"`
	MergedBy  string     `json:"mergedBy,omitempty" doc:"Who had it merged"`
	Commit    string     `json:"commit,omitempty" doc:"The commit of the trunk that brought it in"`
	Closed    *time.Time `json:"closed,omitempty" doc:"Without a merge"`
	ClosedBy  string     `json:"closedBy,omitempty"`
	Version   int64      `json:"version" doc:"Send it back with an edit" example:"3"`
}

// ChangeDetail is all that the page of a change shows, but for its diff and
// its comments.
type ChangeDetail struct {
	Change
	Body      string         `json:"body" doc:"Why, in Markdown"`
	Base      string         `json:"base" doc:"Head of the trunk now; after the merge, what the trunk was before" example:"9b1d0c8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c"`
	Fork      string         `json:"fork" doc:"The commit at which the branch left the trunk; the diff counts from here"`
	Behind    int            `json:"behind" doc:"Commits of the trunk that the branch does not have"`
	Commits   []Commit       `json:"commits" nullable:"false" doc:"Oldest first; at most 250"`
	Total     int            `json:"total" doc:"Commits, also those not listed"`
	Checks    []ChangeCheck  `json:"checks" nullable:"false" doc:"Of the head, latest first"`
	Reviews   []ChangeReview `json:"reviews" nullable:"false" doc:"Oldest first"`
	Approvals int            `json:"approvals" doc:"That count: of the head, not stale, by somebody who did not push to the branch" example:"1"`
	Needed    int            `json:"needed" doc:"Approvals that the component wants" example:"1"`
	Required  bool           `json:"required" doc:"The component takes changes only; its trunk cannot be pushed to"`
	Merges    string         `json:"merges" enum:"clean,conflict,nothing,gone,unrelated,merged" doc:"clean: it can be merged; conflict: see conflicts; nothing: the trunk has all of it; gone: the branch is not there; unrelated: it shares no commit with the trunk"`
	Conflicts []string       `json:"conflicts" nullable:"false" doc:"Files that both sides changed in different ways; at most 100" example:"[\"engine.go\"]"`
	Needs     []string       `json:"needs" nullable:"false" doc:"What a merge still waits for, a sentence each; empty: it can be merged now"`
	Queue     *ChangeQueue   `json:"queue,omitempty" doc:"While it is queued"`
	Returned  string         `json:"returned,omitempty" doc:"Why it last left the queue without being merged"`
	Preview   ChangePreview  `json:"preview"`
	Own       bool           `json:"own" doc:"The asker pushed to the branch, so that their approval would not count"`
}

// ChangeCheck is a run of the pipeline for a commit of a branch.
type ChangeCheck struct {
	Run    string    `json:"run" doc:"Identifier of the run" example:"0192f0c1-2d3e-7a4b-8c5d-6e7f8a9b0c1d"`
	Commit string    `json:"commit"`
	State  string    `json:"state" enum:"queued,succeeded,failed,cancelled" doc:"queued until it has finished"`
	Step   string    `json:"step,omitempty" doc:"That failed" example:"test"`
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at" doc:"When it came into its state"`
}

// ChangePreview is what of a change can be tried before it is merged.
type ChangePreview struct {
	Environment string          `json:"environment" doc:"Where it runs; empty when it cannot" example:"change-12"`
	State       string          `json:"state" enum:"none,starting,running,crashed,failed" doc:"starting: a green head is being started, what ran before still answers at the URL; crashed: it will be started again; failed: the head could not be started and nothing else runs"`
	URL         string          `json:"url,omitempty" doc:"On the gateway, while something runs" example:"http://engine-controller.change-12.localhost:8081/"`
	Commit      string          `json:"commit,omitempty" doc:"That answers at the URL"`
	Head        bool            `json:"head" doc:"That is the head of the change"`
	Since       *time.Time      `json:"since,omitempty" doc:"Since when that commit answers"`
	Workload    string          `json:"workload,omitempty" doc:"Identifier of the workload, whose log can be read"`
	Note        string          `json:"note,omitempty" doc:"Why nothing runs, or why it crashed" example:"it is switched off: preview: false in .factory/component.yaml"`
	Failure     *PreviewFailure `json:"failure,omitempty" doc:"Why a later head does not run"`
}

// PreviewFailure is why a head of a change could not be started.
type PreviewFailure struct {
	Commit string `json:"commit"`
	Reason string `json:"reason"`
	Log    string `json:"log,omitempty" doc:"The last lines that it printed, with their times"`
}

// ChangeReview is one person's verdict on one state of a change.
type ChangeReview struct {
	ID       string    `json:"id"`
	Reviewer string    `json:"reviewer" example:"Otto Reviewer"`
	Account  string    `json:"account" doc:"Identifier of the reviewer's account"`
	Verdict  string    `json:"verdict" enum:"approve,request-changes,comment"`
	Commit   string    `json:"commit" doc:"The head that it was given for"`
	Body     string    `json:"body,omitempty" doc:"Markdown"`
	Stale    bool      `json:"stale" doc:"The branch has another head since; it does not count any more"`
	Replaced bool      `json:"replaced" doc:"The same person reviewed the same head again; it does not count any more"`
	Own      bool      `json:"own" doc:"The reviewer pushed to the branch or wrote a commit of it; it does not count"`
	At       time.Time `json:"at"`
}

// ChangeQueue is a change's place in the merge queue of its component.
type ChangeQueue struct {
	Position  int       `json:"position" doc:"1 is next" example:"1"`
	Since     time.Time `json:"since"`
	By        string    `json:"by" doc:"Who had it queued; the merge commit's author" example:"Eva Engineer"`
	Branch    string    `json:"branch,omitempty" doc:"Where the merge is tried out" example:"queue/12"`
	Candidate string    `json:"candidate,omitempty" doc:"The merge commit that is tried out; absent while it waits"`
	Base      string    `json:"base,omitempty" doc:"The head of the trunk that the candidate builds on"`
	Check     string    `json:"check" enum:"none,queued,succeeded,failed,cancelled" doc:"Of the candidate"`
	Run       string    `json:"run,omitempty" doc:"Identifier of the candidate's run"`
}

// ChangeComment is one contribution to the discussion of a change. One with a
// path stands at a line of a file as the commit has it.
type ChangeComment struct {
	ID       string     `json:"id"`
	Author   string     `json:"author" example:"Otto Reviewer"`
	Account  string     `json:"account" doc:"Identifier of the author's account"`
	Body     string     `json:"body" doc:"Markdown"`
	Path     string     `json:"path,omitempty" example:"engine.go"`
	Line     int        `json:"line,omitempty" doc:"From 1; 0 means the file as a whole" example:"42"`
	Side     string     `json:"side,omitempty" enum:"old,new" doc:"Whose line it is: before or after the change"`
	Commit   string     `json:"commit" doc:"The head of the branch when it was written"`
	ReplyTo  string     `json:"replyTo,omitempty" doc:"The comment that began the thread"`
	Resolved *time.Time `json:"resolved,omitempty" doc:"Of a thread's first comment: since when it is settled"`
	Resolver string     `json:"resolver,omitempty" doc:"Who settled it"`
	At       time.Time  `json:"at"`
}

// OpenChange opens a change for a branch.
type OpenChange struct {
	Branch string `json:"branch" minLength:"1" maxLength:"200" example:"retry-start"`
	Title  string `json:"title,omitempty" maxLength:"200" doc:"Default: of the branch's first commit" example:"Retry the motor start once"`
	Body   string `json:"body,omitempty" maxLength:"20000" doc:"Markdown"`
}

// EditChange replaces what a person says about a change.
type EditChange struct {
	Version int64  `json:"version" doc:"The version that the edit is based on"`
	Title   string `json:"title" minLength:"1" maxLength:"200"`
	Body    string `json:"body,omitempty" maxLength:"20000"`
}

// AddComment says something about a change, or about a line of it.
type AddComment struct {
	Body    string `json:"body" minLength:"1" maxLength:"20000" doc:"Markdown"`
	Path    string `json:"path,omitempty" maxLength:"1000" doc:"The file that it is about" example:"engine.go"`
	Line    int    `json:"line,omitempty" minimum:"0" doc:"From 1; 0 or absent: the file as a whole" example:"42"`
	Side    string `json:"side,omitempty" enum:"old,new" doc:"Default: new"`
	Commit  string `json:"commit,omitempty" maxLength:"64" doc:"The head that was looked at; default: what it is now"`
	ReplyTo string `json:"replyTo,omitempty" maxLength:"60" doc:"A comment; the reply stands in its thread, at its line"`
}

// ResolveComment settles a thread or takes it up again.
type ResolveComment struct {
	Resolved bool `json:"resolved"`
}

// GiveReview says what a person thinks of a change as it is now.
type GiveReview struct {
	Verdict string `json:"verdict" enum:"approve,request-changes,comment"`
	Commit  string `json:"commit" minLength:"7" maxLength:"64" doc:"The head that was looked at; refused when the branch has another by now"`
	Body    string `json:"body,omitempty" maxLength:"20000" doc:"Markdown; required unless it is an approval"`
}

// MergeChange puts a change into the merge queue.
type MergeChange struct {
	Commit string `json:"commit,omitempty" maxLength:"64" doc:"The head that was looked at; refused when the branch has another by now. Default: whatever it is"`
}

// ChangeFilter narrows a list of changes; empty fields do not.
type ChangeFilter struct{ State, Team string }

// Changes lists changes of all components, last opened first.
func (c *Client) Changes(ctx context.Context, f ChangeFilter, p Paging) (Page[Change], error) {
	q := p.query()
	narrow(q, "state", f.State)
	narrow(q, "team", f.Team)
	return call[Page[Change]](ctx, c, http.MethodGet, path("changes"), q, nil)
}

// ChangesOf lists changes of one component, last opened first; all states when
// state is empty.
func (c *Client) ChangesOf(ctx context.Context, component, state string, p Paging) (Page[Change], error) {
	q := p.query()
	narrow(q, "state", state)
	return call[Page[Change]](ctx, c, http.MethodGet, path("components", component, "changes"), q, nil)
}

// OpenChange opens a change for a branch.
func (c *Client) OpenChange(ctx context.Context, component string, in OpenChange) (ChangeDetail, error) {
	return call[ChangeDetail](ctx, c, http.MethodPost, path("components", component, "changes"), nil, in)
}

// Change returns one change.
func (c *Client) Change(ctx context.Context, id string) (ChangeDetail, error) {
	return call[ChangeDetail](ctx, c, http.MethodGet, path("changes", id), nil, nil)
}

// EditChange replaces a change's title and text.
func (c *Client) EditChange(ctx context.Context, id string, in EditChange) (ChangeDetail, error) {
	return call[ChangeDetail](ctx, c, http.MethodPut, path("changes", id), nil, in)
}

// ChangeDiff returns what a change changes, counted from where its branch left
// the trunk.
func (c *Client) ChangeDiff(ctx context.Context, id string) (Diff, error) {
	return call[Diff](ctx, c, http.MethodGet, path("changes", id, "diff"), nil, nil)
}

// ChangeComments lists the discussion of a change, oldest first.
func (c *Client) ChangeComments(ctx context.Context, id string, p Paging) (Page[ChangeComment], error) {
	return call[Page[ChangeComment]](ctx, c, http.MethodGet, path("changes", id, "comments"), p.query(), nil)
}

// AddComment says something about a change.
func (c *Client) AddComment(ctx context.Context, id string, in AddComment) (ChangeComment, error) {
	return call[ChangeComment](ctx, c, http.MethodPost, path("changes", id, "comments"), nil, in)
}

// ResolveComment settles a thread or takes it up again.
func (c *Client) ResolveComment(ctx context.Context, id, comment string, in ResolveComment) (ChangeComment, error) {
	return call[ChangeComment](ctx, c, http.MethodPost, path("changes", id, "comments", comment, "resolution"), nil, in)
}

// GiveReview gives a verdict on a change as it is now.
func (c *Client) GiveReview(ctx context.Context, id string, in GiveReview) (ChangeDetail, error) {
	return call[ChangeDetail](ctx, c, http.MethodPost, path("changes", id, "reviews"), nil, in)
}

// MergeChange has a change merged as soon as its checks are green.
func (c *Client) MergeChange(ctx context.Context, id string, in MergeChange) (ChangeDetail, error) {
	return call[ChangeDetail](ctx, c, http.MethodPost, path("changes", id, "merge"), nil, in)
}

// UnqueueChange takes a change out of the merge queue.
func (c *Client) UnqueueChange(ctx context.Context, id string) (ChangeDetail, error) {
	return call[ChangeDetail](ctx, c, http.MethodDelete, path("changes", id, "merge"), nil, nil)
}

// CloseChange closes a change without merging it. Its branch stays.
func (c *Client) CloseChange(ctx context.Context, id string) (ChangeDetail, error) {
	return call[ChangeDetail](ctx, c, http.MethodPost, path("changes", id, "close"), nil, nil)
}

// ReopenChange opens a closed change again.
func (c *Client) ReopenChange(ctx context.Context, id string) (ChangeDetail, error) {
	return call[ChangeDetail](ctx, c, http.MethodPost, path("changes", id, "reopen"), nil, nil)
}
