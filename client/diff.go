package client

import (
	"context"
	"net/http"
)

// Diff is what differs between two commits, file by file, within bounds.
type Diff struct {
	From    string     `json:"from" doc:"Commit before; empty for the first commit of a repository"`
	To      string     `json:"to" doc:"Commit after"`
	Files   []DiffFile `json:"files" nullable:"false" doc:"At most 300"`
	Total   int        `json:"total" doc:"Files that differ, also those not listed"`
	Added   int        `json:"added" doc:"Lines, in all files"`
	Removed int        `json:"removed" doc:"Lines, in all files"`
	LeftOut []string   `json:"leftOut" nullable:"false" doc:"What is not shown and why, a sentence each; empty: everything is"`
}

// DiffFile is what differs in one file.
type DiffFile struct {
	Path     string     `json:"path" doc:"After; before, when it was deleted" example:"engine.go"`
	OldPath  string     `json:"oldPath,omitempty" doc:"Before, when it was renamed or copied"`
	Status   string     `json:"status" enum:"added,modified,deleted,renamed,copied,type-changed"`
	OldMode  string     `json:"oldMode,omitempty" doc:"Octal, when the mode changed" example:"100644"`
	NewMode  string     `json:"newMode,omitempty" doc:"Octal, when the mode changed" example:"100755"`
	Added    int        `json:"added" doc:"Lines"`
	Removed  int        `json:"removed" doc:"Lines"`
	Binary   bool       `json:"binary" doc:"It has no lines to show"`
	TooLarge bool       `json:"tooLarge" doc:"Its lines, or the rest of them, are left out"`
	Hunks    []DiffHunk `json:"hunks" nullable:"false"`
}

// DiffHunk is a part of a file with what differs and three lines around.
type DiffHunk struct {
	OldStart int        `json:"oldStart" doc:"Number of its first line before" example:"40"`
	OldLines int        `json:"oldLines"`
	NewStart int        `json:"newStart" doc:"Number of its first line after" example:"40"`
	NewLines int        `json:"newLines"`
	Heading  string     `json:"heading,omitempty" doc:"The function or section that it is in, as git finds it" example:"func Start() error {"`
	Lines    []DiffLine `json:"lines" nullable:"false"`
}

// DiffLine is one line of a hunk.
type DiffLine struct {
	Kind  string `json:"kind" enum:"context,added,removed"`
	Old   int    `json:"old,omitempty" doc:"Its number before; absent when it was added" example:"42"`
	New   int    `json:"new,omitempty" doc:"Its number after; absent when it was removed" example:"42"`
	Text  string `json:"text" doc:"Without the line's end; cut with an ellipsis after 2000 characters"`
	NoEnd bool   `json:"noEnd,omitempty" doc:"The file ends here without a line's end"`
}

// CommitDiff returns what a commit changed, against its first parent.
func (c *Client) CommitDiff(ctx context.Context, component, commit string) (Diff, error) {
	return call[Diff](ctx, c, http.MethodGet, path("components", component, "commits", commit, "diff"), nil, nil)
}
