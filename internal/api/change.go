package api

import (
	"context"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/preview"
	"github.com/digital-factory/factory/internal/source/change"
	"github.com/digital-factory/factory/internal/source/git"
)

func (a *API) changes() {
	list := func(ctx context.Context, who access.Actor, f change.Filter, ask page.Ask) (*body[client.Page[client.Change]], error) {
		list, next, err := a.Change.List(ctx, who, f, ask)
		return answer(client.Page[client.Change]{Items: mapped(list, changeOf), Next: next}, err)
	}
	register(a, access.Read, op("GET /changes", "change", "List changes, last opened first"),
		func(ctx context.Context, who access.Actor, in *struct {
			Paging
			State string `query:"state" enum:"open,queued,merged,closed" doc:"Only those; open means queued too"`
			Team  string `query:"team" doc:"Only of this team's components"`
		}) (*body[client.Page[client.Change]], error) {
			return list(ctx, who, change.Filter{State: change.State(in.State), Team: ref.Team(in.Team)}, in.ask())
		})
	register(a, access.Read, op("GET /components/{name}/changes", "change", "List a component's changes, last opened first"),
		func(ctx context.Context, who access.Actor, in *struct {
			Paging
			Name  string `path:"name" doc:"The component" maxLength:"100"`
			State string `query:"state" enum:"open,queued,merged,closed" doc:"Only those; open means queued too"`
		}) (*body[client.Page[client.Change]], error) {
			return list(ctx, who, change.Filter{Component: ref.Component(in.Name), State: change.State(in.State)}, in.ask())
		})
	register(a, access.BuildComponent, op("POST /components/{name}/changes", "change", "Open a change for a branch"),
		func(ctx context.Context, who access.Actor, in *struct {
			Name string `path:"name" doc:"The component" maxLength:"100"`
			Body client.OpenChange
		}) (*body[client.ChangeDetail], error) {
			return a.detail(ctx, who)(a.Change.Open(ctx, who, ref.Component(in.Name), change.Draft{Branch: in.Body.Branch, Title: in.Body.Title, Body: in.Body.Body}))
		})
	register(a, access.Read, op("GET /changes/{id}", "change", "Show a change, and what its merge still waits for"),
		func(ctx context.Context, who access.Actor, in *id) (*body[client.ChangeDetail], error) {
			return a.detail(ctx, who)(a.Change.Get(ctx, who, ref.Change(in.ID)))
		})
	register(a, access.BuildComponent, op("PUT /changes/{id}", "change", "Edit a change's title and text"),
		func(ctx context.Context, who access.Actor, in *with[client.EditChange]) (*body[client.ChangeDetail], error) {
			d, err := a.Change.Edit(ctx, who, ref.Change(in.ID), in.Body.Version, change.Draft{Title: in.Body.Title, Body: in.Body.Body})
			if err != nil {
				return nil, current(err, changeDetail)
			}
			return a.detail(ctx, who)(d, nil)
		})
	register(a, access.Read, op("GET /changes/{id}/diff", "change", "Show what a change changes, line by line"),
		func(ctx context.Context, who access.Actor, in *id) (*body[client.Diff], error) {
			d, err := a.Change.Diff(ctx, who, ref.Change(in.ID))
			return answer(diffOf(d), err)
		})
	register(a, access.Read, op("GET /changes/{id}/comments", "change", "List the discussion of a change, oldest first"),
		func(ctx context.Context, who access.Actor, in *struct {
			Paging
			ID string `path:"id" doc:"The identifier"`
		}) (*body[client.Page[client.ChangeComment]], error) {
			list, next, err := a.Change.Comments(ctx, who, ref.Change(in.ID), in.ask())
			return answer(client.Page[client.ChangeComment]{Items: mapped(list, commentOf), Next: next}, err)
		})
	register(a, access.Discuss, op("POST /changes/{id}/comments", "change", "Say something about a change, or about a line of it"),
		func(ctx context.Context, who access.Actor, in *with[client.AddComment]) (*body[client.ChangeComment], error) {
			b := in.Body
			c, err := a.Change.Comment(ctx, who, ref.Change(in.ID), change.Say{Body: b.Body, Path: b.Path, Line: b.Line, Side: b.Side, Commit: b.Commit, ReplyTo: b.ReplyTo})
			return answer(commentOf(c), err)
		})
	register(a, access.Discuss, op("POST /changes/{id}/comments/{comment}/resolution", "change", "Settle a thread, or take it up again"),
		func(ctx context.Context, who access.Actor, in *struct {
			ID      string `path:"id" doc:"The identifier"`
			Comment string `path:"comment" doc:"The thread's first comment" maxLength:"60"`
			Body    client.ResolveComment
		}) (*body[client.ChangeComment], error) {
			c, err := a.Change.Settle(ctx, who, ref.Change(in.ID), in.Comment, in.Body.Resolved)
			return answer(commentOf(c), err)
		})
	register(a, access.Discuss, op("POST /changes/{id}/reviews", "change", "Give a verdict on a change as it is now"),
		func(ctx context.Context, who access.Actor, in *with[client.GiveReview]) (*body[client.ChangeDetail], error) {
			return a.detail(ctx, who)(a.Change.Review(ctx, who, ref.Change(in.ID), change.Verdict(in.Body.Verdict), in.Body.Commit, in.Body.Body))
		})
	register(a, access.BuildComponent, op("POST /changes/{id}/merge", "change", "Have a change merged as soon as its checks are green"),
		func(ctx context.Context, who access.Actor, in *with[client.MergeChange]) (*body[client.ChangeDetail], error) {
			return a.detail(ctx, who)(a.Change.Merge(ctx, who, ref.Change(in.ID), in.Body.Commit))
		})
	for _, verb := range []struct {
		route, summary string
		do             func(context.Context, access.Actor, ref.Change) (change.Detail, error)
	}{
		{"DELETE /changes/{id}/merge", "Take a change out of the merge queue", a.Change.Unqueue},
		{"POST /changes/{id}/close", "Close a change without merging it", a.Change.Close},
		{"POST /changes/{id}/reopen", "Open a closed change again", a.Change.Reopen},
	} {
		register(a, access.BuildComponent, op(verb.route, "change", verb.summary),
			func(ctx context.Context, who access.Actor, in *id) (*body[client.ChangeDetail], error) {
				return a.detail(ctx, who)(verb.do(ctx, who, ref.Change(in.ID)))
			})
	}
}

// detail answers with a change and what of it can be tried.
func (a *API) detail(ctx context.Context, who access.Actor) func(change.Detail, error) (*body[client.ChangeDetail], error) {
	return func(d change.Detail, err error) (*body[client.ChangeDetail], error) {
		if err != nil {
			return nil, err
		}
		out := changeDetail(d)
		p, err := a.Preview.Of(ctx, who, d.ID)
		out.Preview = previewOf(p)
		return answer(out, err)
	}
}

func previewOf(p preview.Preview) client.ChangePreview {
	out := client.ChangePreview{Environment: string(p.Environment), State: string(p.State), URL: p.URL, Commit: string(p.Commit), Head: p.Head, Since: moment(p.Since),
		Workload: string(p.Workload), Note: p.Note}
	if f := p.Failure; f.Commit != "" {
		out.Failure = &client.PreviewFailure{Commit: string(f.Commit), Reason: f.Reason, Log: f.Log}
	}
	return out
}

func changeOf(c change.Change) client.Change {
	return client.Change{
		ID: string(c.ID), Component: string(c.Component), Number: c.Number, Team: string(c.Team), Branch: c.Branch, Title: c.Title, State: string(c.State), Head: c.Head,
		Check: string(c.Check), Items: mapped(c.Items, text), Comments: int(c.Comments), Author: c.AuthorName, Opened: c.Opened, Updated: c.Updated,
		Merged: moment(c.Merged), MergedBy: c.MergedBy, Commit: c.Commit, Closed: moment(c.Closed), ClosedBy: c.ClosedBy, Version: c.Version,
	}
}

func changeDetail(d change.Detail) client.ChangeDetail {
	out := client.ChangeDetail{
		Change: changeOf(d.Change), Body: d.Body, Base: d.Trunk, Fork: d.Fork, Behind: d.Behind, Total: d.Total,
		Commits: mapped(d.Commits, func(c git.Commit) client.Commit { return commit(string(d.Component), c) }),
		Checks:  mapped(d.Checks, checkOf), Reviews: mapped(d.Reviews, reviewed), Approvals: d.Approvals, Needed: d.Needed, Required: d.Required,
		Merges: string(d.Merges), Conflicts: mapped(d.Conflicts, text), Needs: mapped(d.Needs, text), Returned: d.Returned, Own: d.Own,
	}
	if d.State == change.Queued {
		out.Queue = &client.ChangeQueue{Position: d.Position, Since: d.Queued, By: d.QueuedName, Candidate: d.Candidate, Base: d.Change.Base, Check: string(d.Trial.State), Run: string(d.Trial.Run)}
		if d.Candidate != "" {
			out.Queue.Branch = change.QueueBranch(d.Number)
		}
	}
	return out
}

func checkOf(c change.Check) client.ChangeCheck {
	return client.ChangeCheck{Run: string(c.Run), Commit: c.Commit, State: string(c.State), Step: c.Step, Reason: c.Reason, At: c.At}
}

func reviewed(r change.Review) client.ChangeReview {
	return client.ChangeReview{ID: r.ID, Reviewer: r.Name, Account: r.Account, Verdict: string(r.Verdict), Commit: r.Commit, Body: r.Body, Stale: r.Stale, Replaced: r.Replaced, Own: r.Own, At: r.At}
}

func commentOf(c change.Comment) client.ChangeComment {
	return client.ChangeComment{ID: c.ID, Author: c.Name, Account: c.Author, Body: c.Body, Path: c.Path, Line: c.Line, Side: c.Side, Commit: c.Commit, ReplyTo: c.ReplyTo,
		Resolved: moment(c.Resolved), Resolver: c.Resolver, At: c.At}
}
