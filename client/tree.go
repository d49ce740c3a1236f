package client

import (
	"context"
	"net/http"
	"time"
)

// Branch is a branch of a component's repository.
type Branch struct {
	Name   string    `json:"name" example:"retry-start"`
	Trunk  bool      `json:"trunk" doc:"The protected branch that production is built from"`
	Head   string    `json:"head" doc:"Commit that it points to"`
	Title  string    `json:"title" doc:"Of that commit"`
	Author string    `json:"author" doc:"Of that commit, as the commit has it"`
	At     time.Time `json:"at" doc:"Of that commit"`
	Change string    `json:"change,omitempty" doc:"The change that is open for it" example:"engine-controller:12"`
}

// Tree is a directory of a repository at a commit.
type Tree struct {
	Commit  string      `json:"commit" doc:"Full name of the commit that was read"`
	Branch  string      `json:"branch,omitempty" doc:"That was asked for"`
	Path    string      `json:"path" doc:"Empty for the top"`
	Entries []TreeEntry `json:"entries" nullable:"false" doc:"Directories first, then files, by name; at most 5000"`
	More    bool        `json:"more,omitempty" doc:"There are more than shown"`
}

// TreeEntry is one entry of a directory.
type TreeEntry struct {
	Name string `json:"name" example:"engine.go"`
	Path string `json:"path" doc:"From the top of the repository" example:"internal/engine.go"`
	Kind string `json:"kind" enum:"directory,file,executable,link,module" doc:"module: a commit of another repository"`
	Size int64  `json:"size,omitempty" doc:"Bytes of a file"`
}

// File is a file of a repository at a commit.
type File struct {
	Commit  string `json:"commit" doc:"Full name of the commit that was read"`
	Branch  string `json:"branch,omitempty" doc:"That was asked for"`
	Path    string `json:"path" example:"engine.go"`
	Size    int64  `json:"size" doc:"Bytes"`
	Content string `json:"content" doc:"Empty when it is binary or too large"`
	Reason  string `json:"reason,omitempty" enum:"binary,too-large" doc:"Why it has no content: it is not UTF-8 text, or it has more than 1 MiB"`
}

// CreateCommit makes a commit on a branch, by the rules of a push.
type CreateCommit struct {
	Branch  string     `json:"branch" minLength:"1" maxLength:"200" doc:"Made when it does not exist" example:"retry-start"`
	Parent  string     `json:"parent,omitempty" maxLength:"64" doc:"The head of the branch that was edited; refused when the branch has another by now. Empty: the branch is new and begins at the trunk" example:"3f1c0a5d7be24c1f9f5c9f4b8d3c2a1e0b9d8c7f"`
	Message string     `json:"message" minLength:"1" maxLength:"20000" doc:"Trailers such as Item: ENG-1 stand in its last paragraph" example:"Retry the motor start once\n\nItem: ENG-1\n"`
	Files   []EditFile `json:"files" minItems:"1" maxItems:"200" nullable:"false"`
}

// EditFile is a file as it shall be after a commit.
type EditFile struct {
	Path    string  `json:"path" minLength:"1" maxLength:"1000" example:"engine.go"`
	Content *string `json:"content" nullable:"true" required:"true" doc:"Text; null deletes the file"`
}

// CreatedCommit is a commit that was made through the API.
type CreatedCommit struct {
	Commit
	Branch string `json:"branch" doc:"That points to it now" example:"retry-start"`
	Change string `json:"change,omitempty" doc:"The change that is open for the branch" example:"engine-controller:12"`
}

// Branches lists a component's branches by name, the trunk first.
func (c *Client) Branches(ctx context.Context, component string, p Paging) (Page[Branch], error) {
	return call[Page[Branch]](ctx, c, http.MethodGet, path("components", component, "branches"), p.query(), nil)
}

// Tree lists a directory. at is a branch or a commit's full name, the trunk
// when empty; dir is empty for the top.
func (c *Client) Tree(ctx context.Context, component, at, dir string) (Tree, error) {
	q := Paging{}.query()
	narrow(q, "at", at)
	narrow(q, "path", dir)
	return call[Tree](ctx, c, http.MethodGet, path("components", component, "tree"), q, nil)
}

// File reads a file. at is a branch or a commit's full name, the trunk when
// empty.
func (c *Client) File(ctx context.Context, component, at, name string) (File, error) {
	q := Paging{}.query()
	narrow(q, "at", at)
	narrow(q, "path", name)
	return call[File](ctx, c, http.MethodGet, path("components", component, "file"), q, nil)
}

// CreateCommit makes a commit on a branch, by the rules of a push.
func (c *Client) CreateCommit(ctx context.Context, component string, in CreateCommit) (CreatedCommit, error) {
	return call[CreatedCommit](ctx, c, http.MethodPost, path("components", component, "commits"), nil, in)
}
