package api

import (
	"context"
	"net/http"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/platform"
	"github.com/digital-factory/factory/internal/platform/path"
	"github.com/digital-factory/factory/internal/platform/upgrade"
	"github.com/digital-factory/factory/internal/ref"
)

// namedWith is the input of a route with a name in its path, and a body.
type namedWith[T any] struct {
	Name string `path:"name" doc:"The name" maxLength:"100"`
	Body T
}

func (a *API) paths() {
	register(a, access.Read, op("GET /paths", "platform", "List the golden paths"),
		func(ctx context.Context, who access.Actor, _ *none) (*body[client.Page[client.Path]], error) {
			list, err := a.Platform.Paths(ctx, who)
			return answer(client.Page[client.Path]{Items: mapped(list, goldenPath)}, err)
		})
	register(a, access.Read, op("GET /paths/{name}", "platform", "Show a golden path with all that it provides"),
		func(ctx context.Context, who access.Actor, in *named) (*body[client.Path], error) {
			p, err := a.Platform.Path(ctx, who, in.Name)
			if err != nil {
				return nil, err
			}
			return answer(goldenPath(p), nil)
		})
	const schemaType = "application/schema+json"
	a.raw(access.Open, op("GET /schemas/path.json", "platform", "Read the JSON Schema of a golden path's path.yaml, for editors"), schemaType,
		func(w http.ResponseWriter, _ *http.Request, _ access.Actor) error {
			return document(w, schemaType, path.Schema(), nil)
		})
	register(a, access.PublishPath, op("POST /paths", "platform", "Make the repository of a new golden path, which begins as another one is"),
		func(ctx context.Context, who access.Actor, in *send[client.CreatePath]) (*body[client.Path], error) {
			p, err := a.Platform.CreatePath(ctx, who, in.Body.Name, in.Body.From)
			if err != nil {
				return nil, err
			}
			return answer(goldenPath(p), nil)
		})
	register(a, access.Read, op("GET /paths/{name}/versions", "platform", "List the versions of a golden path, newest first"),
		func(ctx context.Context, who access.Actor, in *named) (*body[client.Page[client.PathVersion]], error) {
			list, err := a.Platform.Versions(ctx, who, in.Name)
			return answer(client.Page[client.PathVersion]{Items: mapped(list, pathVersion)}, err)
		})
	register(a, access.PublishPath, op("POST /paths/{name}/versions", "platform", "Publish a version from a commit: it is tried, and offered when it is green"),
		func(ctx context.Context, who access.Actor, in *namedWith[client.PublishPath]) (*body[client.PathVersion], error) {
			v, err := a.Platform.Publish(ctx, who, in.Name, in.Body.Commit)
			return answer(pathVersion(v), err)
		})
	register(a, access.PublishPath, op("POST /paths/{name}/versions/{version}/withdraw", "platform", "Take a version back: new components and upgrades get the one before it"),
		func(ctx context.Context, who access.Actor, in *struct {
			Name    string `path:"name" doc:"The path" maxLength:"100"`
			Version string `path:"version" doc:"The version" maxLength:"40"`
			Body    client.WithdrawPath
		}) (*body[client.PathVersion], error) {
			v, err := a.Platform.Withdraw(ctx, who, in.Name, in.Version, in.Body.Reason)
			return answer(pathVersion(v), err)
		})
	register(a, access.PublishPath, op("POST /paths/{name}/versions/{version}/offer", "platform", "Offer a version again that was taken back"),
		func(ctx context.Context, who access.Actor, in *struct {
			Name    string `path:"name" doc:"The path" maxLength:"100"`
			Version string `path:"version" doc:"The version" maxLength:"40"`
			Body    client.OfferPath
		}) (*body[client.PathVersion], error) {
			v, err := a.Platform.Offer(ctx, who, in.Name, in.Version, in.Body.Reason)
			return answer(pathVersion(v), err)
		})
}

func (a *API) upgrades() {
	register(a, access.BuildComponent, op("POST /paths/{name}/upgrades", "platform", "Bring a version of a golden path to its components, cohort after cohort"),
		func(ctx context.Context, who access.Actor, in *namedWith[client.StartUpgrade]) (*body[client.Upgrade], error) {
			b := in.Body
			u, err := a.Upgrade.Start(ctx, who, upgrade.Ask{Path: in.Name, Version: b.Version, Cohorts: b.Cohorts, First: mapped(b.First, toComponent), Only: mapped(b.Only, toComponent), Answers: b.Answers, Failures: b.Failures})
			return answer(upgradeOf(u), err)
		})
	register(a, access.Read, op("GET /upgrades", "platform", "List upgrades, newest first"),
		func(ctx context.Context, who access.Actor, in *struct {
			Paging
			Path string `query:"path" doc:"Only of this golden path" maxLength:"100"`
		}) (*body[client.Page[client.Upgrade]], error) {
			list, next, err := a.Upgrade.List(ctx, who, in.Path, in.ask())
			return answer(client.Page[client.Upgrade]{Items: mapped(list, upgradeOf), Next: next}, err)
		})
	register(a, access.Read, op("GET /upgrades/{id}", "platform", "Show how far an upgrade is with each component"),
		func(ctx context.Context, who access.Actor, in *id) (*body[client.Upgrade], error) {
			u, err := a.Upgrade.Get(ctx, who, ref.Upgrade(in.ID))
			return answer(upgradeOf(u), err)
		})
	for _, verb := range []struct {
		route, summary string
		do             func(context.Context, access.Actor, ref.Upgrade) (upgrade.Upgrade, error)
	}{
		{"POST /upgrades/{id}/pause", "Let no further cohort's turn come", a.Upgrade.Pause},
		{"POST /upgrades/{id}/resume", "Go on, and accept what failed in the cohort whose turn it is", a.Upgrade.Resume},
		{"POST /upgrades/{id}/stop", "End an upgrade, and close its changes that are not merged", a.Upgrade.Stop},
	} {
		register(a, access.BuildComponent, op(verb.route, "platform", verb.summary),
			func(ctx context.Context, who access.Actor, in *id) (*body[client.Upgrade], error) {
				u, err := verb.do(ctx, who, ref.Upgrade(in.ID))
				return answer(upgradeOf(u), err)
			})
	}
	register(a, access.Read, op("GET /components/{name}/drift", "platform", "Show how a component stands to its golden path, file by file"),
		func(ctx context.Context, who access.Actor, in *named) (*body[client.Drift], error) {
			d, err := a.Upgrade.Drift(ctx, who, ref.Component(in.Name))
			return answer(driftOf(d), err)
		})
}

func toComponent(name string) ref.Component { return ref.Component(name) }

// commonInputs are what every path asks for.
func commonInputs() []client.PathInput {
	return []client.PathInput{
		{Name: "name", Type: "slug", Text: "The component's name, in addresses and images", Required: true, Pattern: "^[a-z][a-z0-9-]{1,38}[a-z0-9]$"},
		{Name: "team", Type: "team", Text: "The team that builds and runs it", Required: true},
		{Name: "description", Type: "text", Text: "What it is for, in a sentence"},
	}
}

func goldenPath(p platform.GoldenPath) client.Path {
	out := client.Path{
		Name: p.Name, Version: p.Version, Title: p.Title, Description: p.Description, News: p.News, Files: mapped(p.Names(), text), Repository: p.Repository, CloneURL: p.CloneURL,
		Provides: mapped(p.Provides, func(x path.Part) client.PathPart { return client.PathPart{Name: x.Name, Text: x.Text} }),
		Inputs:   commonInputs(),
		Components: mapped(p.Instances, func(i platform.Instance) client.PathInstance {
			return client.PathInstance{Version: i.Version, Components: i.Components}
		}),
	}
	for _, i := range p.Inputs {
		in := client.PathInput{Name: i.Name, Type: string(i.Type), Text: i.Text, Required: i.Required, Default: string(i.Default), Pattern: i.Pattern}
		for _, c := range i.Choices {
			in.Choices = append(in.Choices, string(c))
		}
		out.Inputs = append(out.Inputs, in)
	}
	if p.Trying != nil {
		v := pathVersion(*p.Trying)
		out.Trying = &v
	}
	return out
}

func pathVersion(v platform.Version) client.PathVersion {
	return client.PathVersion{Version: v.Version, State: v.State, Commit: v.Commit, Run: string(v.Run), Step: v.Step, Reason: v.Reason, By: v.By,
		Published: moment(v.Published), Changed: v.Changed, Components: v.Instances}
}

func upgradeOf(u upgrade.Upgrade) client.Upgrade {
	n := u.Counts
	out := client.Upgrade{
		ID: string(u.ID), Path: u.Path, Version: u.Version, State: string(u.State), Reason: u.Reason, Cohorts: append([]int{}, u.Cohorts...), Cohort: u.Cohort,
		Failures: u.Failures, Whole: u.Whole, By: u.By, Started: u.Started, Finished: moment(u.Finished),
		Counts: client.UpgradeCounts{Waiting: n[upgrade.Waiting] + n[upgrade.Preparing] + n[upgrade.Open], Merged: n[upgrade.Merged] + n[upgrade.Current],
			Conflict: n[upgrade.Conflict], Approval: n[upgrade.Approval], Failed: n[upgrade.Failed], Left: n[upgrade.Left] + n[upgrade.Declined]},
	}
	for _, c := range u.Components {
		out.Components = append(out.Components, upgraded(c, u.Path, u.Version))
	}
	return out
}

func upgraded(c upgrade.Component, path, version string) client.UpgradeComponent {
	out := client.UpgradeComponent{Component: string(c.Component), Team: string(c.Team), Cohort: c.Cohort, From: c.From, State: string(c.Stage), Reason: c.Reason,
		Change: string(c.Change), Branch: c.Branch(path, version), Answers: c.Asked, Changed: c.Changed}
	for _, f := range c.Conflicts {
		out.Conflicts = append(out.Conflicts, client.UpgradeConflict{Path: f.Path, Hunks: mapped(f.Hunks, func(h upgrade.Hunk) client.UpgradeHunk {
			return client.UpgradeHunk{Line: h.Line, Ours: h.Ours, Theirs: h.Theirs}
		})})
	}
	return out
}

func driftOf(d upgrade.Drift) client.Drift {
	out := client.Drift{Component: string(d.Component), Path: d.Path, Version: d.Version, Offered: d.Offered, Commit: d.Trunk, To: d.To,
		Files: mapped(d.Files, func(f upgrade.File) client.DriftFile {
			return client.DriftFile{Path: f.Path, State: f.State, Next: f.Next}
		})}
	if d.Upgrade != nil {
		u := upgraded(*d.Upgrade, d.Path, d.To)
		out.Upgrade, out.UpgradeID = &u, string(d.Upgrade.Upgrade)
	}
	return out
}
