package api

import (
	"context"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/source"
	"github.com/digital-factory/factory/internal/source/git"
)

func (a *API) source() {
	register(a, access.Read, op("GET /components/{name}/commits", "source", "List a branch's commits, newest first"),
		func(ctx context.Context, who access.Actor, in *struct {
			Name   string `path:"name" doc:"The component" maxLength:"100"`
			Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"How many at the most"`
			After  string `query:"after" doc:"The cursor of the page before"`
			Branch string `query:"branch" doc:"The branch; the trunk when absent" example:"main" maxLength:"200"`
		}) (*body[client.Page[client.Commit]], error) {
			list, next, err := a.Source.Commits(ctx, who, in.Name, in.Branch, page.Ask{Limit: in.Limit, After: in.After})
			items := mapped(list, func(c git.Commit) client.Commit { return commit(in.Name, c) })
			return answer(client.Page[client.Commit]{Items: items, Next: next}, err)
		})
	register(a, access.Read, op("GET /components/{name}/commits/{sha}", "source", "Show a commit and what it changed"),
		func(ctx context.Context, who access.Actor, in *struct {
			Name string `path:"name" doc:"The component" maxLength:"100"`
			SHA  string `path:"sha" doc:"The full object name, or at least its first seven digits" maxLength:"64"`
		}) (*body[client.CommitDetail], error) {
			d, err := a.Source.Show(ctx, who, in.Name, in.SHA)
			return answer(client.CommitDetail{
				Commit: commit(in.Name, d.Commit), Message: d.Message, Email: d.Email, Authored: d.Authored,
				Changed: d.Changed, Additions: d.Additions, Deletions: d.Deletions,
				Files: mapped(d.Files, func(f source.FileChange) client.FileChange {
					return client.FileChange{Path: f.Path, Additions: f.Additions, Deletions: f.Deletions, Binary: f.Binary}
				}),
			}, err)
		})
}

func commit(component string, c git.Commit) client.Commit {
	return client.Commit{
		Commit: c.SHA, Component: component, Author: c.Author, Title: c.Title, Items: mapped(c.Items, text),
		Hotfix: c.Hotfix(), At: c.Committed, Parents: mapped(c.Parents, text),
	}
}
