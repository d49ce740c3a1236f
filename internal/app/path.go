package app

import (
	"context"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/platform"
	"github.com/digital-factory/factory/internal/platform/path"
	"github.com/digital-factory/factory/internal/platform/upgrade"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/source/change"
	sourcegit "github.com/digital-factory/factory/internal/source/git" // git is what here runs
	"github.com/digital-factory/factory/internal/source/upstream"
)

// pathRepositories lets platform ask source for the paths' repositories.
type pathRepositories struct{ upstream *upstream.Service }

// Tree reads the files of a commit.
func (p pathRepositories) Tree(ctx context.Context, repository, commit string) (string, []path.Entry, error) {
	sha, files, err := p.upstream.Tree(ctx, repository, commit)
	tree := make([]path.Entry, len(files))
	for i, f := range files {
		tree[i] = path.Entry{Path: f.Path, Mode: path.Plain, Text: f.Text}
		switch f.Mode {
		case sourcegit.Executable:
			tree[i].Mode = path.Executable
		case sourcegit.Link:
			tree[i].Mode = path.Link
		case sourcegit.Module:
			tree[i].Mode = path.Other
		}
	}
	return sha, tree, err
}

// Write makes a commit of files.
func (p pathRepositories) Write(ctx context.Context, repository string, files map[string]string, message string, at time.Time) (string, error) {
	return p.upstream.Write(ctx, repository, files, message, at)
}

// Put moves a branch.
func (p pathRepositories) Put(ctx context.Context, repository, branch, commit string) error {
	return p.upstream.Put(ctx, access.System("platform").By(), repository, branch, commit)
}

// upgradeRepositories lets upgrade ask source for merges.
type upgradeRepositories struct{ upstream *upstream.Service }

// Merge merges a newer rendering with a trunk.
func (u upgradeRepositories) Merge(ctx context.Context, m upgrade.Merge) (out upgrade.MergeResult, err error) {
	got, err := u.upstream.Merge(ctx, upstream.Upgrade{Component: string(m.Component), Base: m.Base, Files: m.Files, Message: m.Message, At: m.At})
	if err != nil {
		return out, err
	}
	out = upgrade.MergeResult{Trunk: got.Trunk, Render: got.Render, Head: got.Head}
	for _, c := range got.Conflicts {
		clash := upgrade.Clash{Path: c.Path}
		for _, h := range c.Hunks {
			clash.Hunks = append(clash.Hunks, upgrade.Hunk(h))
		}
		out.Conflicts = append(out.Conflicts, clash)
	}
	return out, nil
}

// Put moves a branch that has no commits but ours.
func (u upgradeRepositories) Put(ctx context.Context, component ref.Component, branch, commit string, ours []string) error {
	return u.upstream.Put(ctx, access.System("platform").By(), string(component), branch, commit, ours...)
}

// Drift compares a trunk with what the path rendered.
func (u upgradeRepositories) Drift(ctx context.Context, component ref.Component, base string, newer map[string]string) (string, []upgrade.File, error) {
	trunk, list, err := u.upstream.Drift(ctx, string(component), base, newer)
	files := make([]upgrade.File, len(list))
	for i, f := range list {
		files[i] = upgrade.File{Path: f.Path, State: string(f.State), Next: string(f.Next)}
	}
	return trunk, files, err
}

// upgradeChanges lets upgrade ask source for changes.
type upgradeChanges struct{ changes *change.Service }

// Open opens a change, or finds the one that is open.
func (u upgradeChanges) Open(ctx context.Context, component ref.Component, branch, title, body string) (ref.Change, error) {
	me := access.System("platform")
	open, err := u.changes.OpenFor(ctx, me, component)
	if err != nil {
		return "", err
	}
	if id := open[branch]; id != "" {
		return id, nil
	}
	d, err := u.changes.Open(ctx, me, component, change.Draft{Branch: branch, Title: title, Body: body})
	return d.ID, err
}

// Merge queues a change.
func (u upgradeChanges) Merge(ctx context.Context, id ref.Change, head string) error {
	_, err := u.changes.Merge(ctx, access.System("platform"), id, head)
	return err
}

// Close gives a change up.
func (u upgradeChanges) Close(ctx context.Context, id ref.Change) error {
	_, err := u.changes.Close(ctx, access.System("platform"), id)
	if errs.Is(err, errs.Blocked) || errs.Is(err, errs.NotFound) {
		return nil
	}
	return err
}

// Living reports whether a change may still be merged.
func (u upgradeChanges) Living(ctx context.Context, id ref.Change) (bool, error) {
	d, err := u.changes.Get(ctx, access.System("platform"), id)
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	return d.State == change.Open || d.State == change.Queued, err
}

// adopting lets platform ask source about repositories that were adopted.
type adopting struct {
	upgradeChanges
	upstream *upstream.Service
	commits  commits
}

// Lacking returns which files the trunk does not have.
func (a adopting) Lacking(ctx context.Context, component ref.Component, files []string) (lacking []string, err error) {
	head, err := trunks{a.commits}.Head(ctx, component)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if _, err := a.commits.Read(ctx, component, head, f); errs.Is(err, errs.NotFound) {
			lacking = append(lacking, f)
		} else if err != nil && !errs.Is(err, errs.Invalid) { // one that is no text, or large, is there too
			return nil, err
		}
	}
	return lacking, nil
}

// Add puts files on a branch.
func (a adopting) Add(ctx context.Context, to platform.Addition) (string, error) {
	render, head, err := a.upstream.Add(ctx, upstream.Addition{Component: string(to.Component), Files: to.Files, Fitted: to.Fitted, Message: to.Message, At: to.At})
	if err != nil {
		return "", err
	}
	return render, a.upstream.Put(ctx, access.System("platform").By(), string(to.Component), to.Branch, head, head)
}
