package api

import (
	"context"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release"
	"github.com/digital-factory/factory/internal/release/assembly"
)

func (a *API) assemblies() {
	register(a, access.Read, op("GET /releases", "release", "List releases of several parts, newest first"),
		func(ctx context.Context, who access.Actor, in *struct {
			Paging
			Component string `query:"component" doc:"Only those with this component among their parts"`
			State     string `query:"state" enum:"waiting,rolling_out,released,rolled_back,failed" doc:"Only those in this state"`
		}) (*body[client.Page[client.Release]], error) {
			list, next, err := a.Release.Releases(ctx, who, ref.Component(in.Component), assembly.State(in.State), in.ask())
			return answer(client.Page[client.Release]{Items: mapped(list, releaseOf), Next: next}, err)
		})
	register(a, access.Read, op("GET /releases/{id}", "release", "Show a release with the rollouts of its parts"),
		func(ctx context.Context, who access.Actor, in *id) (*body[client.Release], error) {
			t, err := a.Release.Release(ctx, who, ref.Release(in.ID))
			return answer(together(t), err)
		})
	register(a, access.Operate, op("POST /releases", "release", "Roll out several versions together or not at all"),
		func(ctx context.Context, who access.Actor, in *send[client.CreateRelease]) (*body[client.Release], error) {
			t, err := a.Release.Compose(ctx, who, in.Body.Name, in.Body.Parts, in.Body.Reason)
			return answer(together(t), err)
		})
	register(a, access.Read, op("GET /releases/solve", "release", "Find out how versions could go: what would have to go with them, or why they do not go"),
		func(ctx context.Context, who access.Actor, in *struct {
			Part []string `query:"part,explode" required:"true" minItems:"1" maxItems:"50" doc:"A version, such as engine-controller@43; may be given several times"`
		}) (*body[client.ReleaseAnswer], error) {
			found, err := a.Release.Solve(ctx, who, in.Part)
			out := client.ReleaseAnswer{Works: found.Conflict == nil, Parts: mapped(found.Together, func(v assembly.Version) client.ReleasePart { return part(v.Part) }),
				Links: mapped(found.Links, link), Waiting: found.Waits}
			if found.Conflict != nil {
				out.Reason = found.Conflict.Error()
			}
			return answer(out, err)
		})
}

func releaseOf(r assembly.Release) client.Release {
	out := client.Release{ID: string(r.ID), Name: r.Name, State: string(r.State), Why: r.Why, Reason: r.Reason, Cause: string(r.Cause), ByHand: r.ByHand,
		Parts: mapped(r.Parts, part), Links: mapped(r.Links, link), Created: r.Created, Finished: moment(r.Finished)}
	if r.State == assembly.Waiting {
		out.Waiting, out.Reason = r.Reason, ""
	}
	return out
}

func together(t release.Together) client.Release {
	out := releaseOf(t.Release)
	for i, r := range t.Rollouts {
		standing := rollout(r)
		out.Parts[i].Standing = &standing
		if out.Waiting == "" && t.State == assembly.RollingOut {
			out.Waiting = r.Waiting
		}
	}
	return out
}

func part(p assembly.Part) client.ReleasePart {
	return client.ReleasePart{Component: string(p.Component), Team: string(p.Team), Release: p.Number, Artifact: string(p.Artifact), Rollout: string(p.Rollout)}
}

func link(l assembly.Link) client.ReleaseLink {
	return client.ReleaseLink{Component: string(l.Component), Release: l.Number, Name: l.Name, Constraint: l.Rule, By: string(l.By), ByRelease: l.ByNumber, Provides: l.Provides}
}
