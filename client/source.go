package client

import (
	"context"
	"net/http"
	"time"
)

// Commit is one commit of a component's repository.
type Commit struct {
	Commit    string    `json:"commit" doc:"hex object name" example:"3f1c0a5d7be24c1f9f5c9f4b8d3c2a1e0b9d8c7f"`
	Component string    `json:"component" example:"engine-controller"`
	Author    string    `json:"author" doc:"name as the commit has it; not who pushed it" example:"Eva Engineer"`
	Title     string    `json:"title" doc:"first line of the message" example:"Retry the motor start once"`
	Items     []string  `json:"items" nullable:"false" doc:"items named by Item: trailers" example:"[\"ENG-1\"]"`
	Hotfix    bool      `json:"hotfix" doc:"has the trailer Lane: hotfix"`
	At        time.Time `json:"at" doc:"committer time"`
	Parents   []string  `json:"parents" nullable:"false" doc:"object names; empty for the first commit"`
}

// CommitDetail is a commit with its whole message and what it changed.
type CommitDetail struct {
	Commit
	Message   string       `json:"message" doc:"whole message with trailers"`
	Email     string       `json:"email" doc:"author's address as the commit has it"`
	Authored  time.Time    `json:"authored" doc:"author time"`
	Files     []FileChange `json:"files" nullable:"false" doc:"against the first parent; at most 1000"`
	Changed   int          `json:"changed" doc:"files changed, also those not listed"`
	Additions int          `json:"additions" doc:"lines added"`
	Deletions int          `json:"deletions" doc:"lines removed"`
}

// FileChange is what a commit did to one file.
type FileChange struct {
	Path      string `json:"path" example:"handler.go"`
	Additions int    `json:"additions"`
	Deletions int    `json:"deletions"`
	Binary    bool   `json:"binary" doc:"lines are not counted"`
}

// Commits lists a branch's commits, newest first; the trunk's for an empty
// branch.
func (c *Client) Commits(ctx context.Context, component, branch string, p Paging) (Page[Commit], error) {
	q := p.query()
	if branch != "" {
		q.Set("branch", branch)
	}
	return call[Page[Commit]](ctx, c, http.MethodGet, path("components", component, "commits"), q, nil)
}

// Commit shows one commit, named by its full object name or by at least its
// first seven digits.
func (c *Client) Commit(ctx context.Context, component, sha string) (CommitDetail, error) {
	return call[CommitDetail](ctx, c, http.MethodGet, path("components", component, "commits", sha), nil, nil)
}
