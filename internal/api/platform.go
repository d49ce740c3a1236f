package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/platform"
	"github.com/digital-factory/factory/internal/platform/adopt"
	"github.com/digital-factory/factory/internal/ref"
)

// named is the input of a route with a name in its path.
type named struct {
	Name string `path:"name" doc:"The name" maxLength:"100"`
}

func (a *API) platform() {
	a.paths()
	a.upgrades()
	register(a, access.Read, op("GET /components", "platform", "List components by name"),
		func(ctx context.Context, who access.Actor, in *struct {
			Team  string `query:"team" doc:"Only those of this team" maxLength:"40"`
			Limit int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"How many at the most"`
			After string `query:"after" doc:"The cursor of the page before"`
		}) (*body[client.Page[client.Component]], error) {
			list, next, err := a.Platform.List(ctx, who, in.Team, page.Ask{Limit: in.Limit, After: in.After})
			return answer(client.Page[client.Component]{Items: mapped(list, component), Next: next}, err)
		})
	register(a, access.BuildComponent, op("POST /components", "platform", "Create a component with repository, pipeline, environments, telemetry and access"),
		func(ctx context.Context, who access.Actor, in *send[client.CreateComponent]) (*body[client.Component], error) {
			b := in.Body
			c, err := a.Platform.Create(ctx, who, platform.NewComponent{Name: b.Name, Team: b.Team, Path: b.Path, Description: b.Description, Answers: b.Answers})
			return answer(component(c), err)
		})
	register(a, access.BuildComponent, op("POST /adoptions", "platform", "Make a component for a repository that is somewhere already; its history is then pushed, and a change adds what its path gives"),
		func(ctx context.Context, who access.Actor, in *send[client.AdoptComponent]) (*body[client.Component], error) {
			b := in.Body
			c, err := a.Platform.Adopt(ctx, who, platform.Adoption{Name: b.Name, Team: b.Team, Description: b.Description, Origin: b.Origin, Path: b.Path, Program: b.Program, Answers: b.Answers,
				Found: adopt.Found{Files: b.Found.Files, Programs: b.Found.Programs, Package: b.Found.Package, Health: b.Found.Health}})
			return answer(component(c), err)
		})
	register(a, access.Read, op("GET /components/{name}", "platform", "Show a component and how far its provisioning is"),
		func(ctx context.Context, who access.Actor, in *named) (*body[client.Component], error) {
			c, err := a.Platform.Get(ctx, who, in.Name)
			return answer(component(c), err)
		})
	out := op("GET /components/{name}/export", "platform", "Take a component along: repository, build and manifests that need no factory")
	out.Description = "A gzipped tar. The values of secret variables are not in it."
	a.raw(access.BuildComponent, out, "application/gzip", a.export)
}

// export sends an archive.
func (a *API) export(w http.ResponseWriter, r *http.Request, who access.Actor) error {
	archive, err := a.Export.Export(r.Context(), who, ref.Component(r.PathValue("name")))
	if err != nil {
		return err
	}
	defer func() { _ = archive.Close() }() // a folder of temporary files that cannot be removed is the host's to sweep
	w.Header().Set("Content-Type", "application/gzip")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", archive.Component+".tar.gz"))
	if _, err := archive.WriteTo(w); err != nil {
		// It has begun: all that is left is to break off, so that half an archive is not taken for a whole.
		slog.Warn("an export broke off", "component", archive.Component, "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

func component(c platform.Component) client.Component {
	return client.Component{
		Name: string(c.Name), Team: string(c.Team), Description: c.Description, Path: c.Path, PathVersion: c.PathVersion, PathOffered: c.PathOffered, Answers: c.Answers, State: c.State,
		CloneURL: c.CloneURL, Created: c.Created, Ready: moment(c.Ready), Version: c.Version,
		Environments: mapped(c.Environments, func(e platform.Environment) client.ComponentEnvironment {
			return client.ComponentEnvironment{Name: string(e.Name), URL: e.URL}
		}),
		Provisioning: mapped(c.Steps, func(s platform.Step) client.ProvisioningStep {
			return client.ProvisioningStep{Name: s.Name, Title: s.Title, State: s.State, Text: s.Text, Ref: string(s.Subject), At: moment(s.At)}
		}),
	}
}
