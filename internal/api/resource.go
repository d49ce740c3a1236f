package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/platform/resource"
	"github.com/digital-factory/factory/internal/ref"
)

func (a *API) resources() {
	register(a, access.Read, op("GET /components/{component}/resources", "platform", "List what a component has beside its own process: databases, volumes"),
		func(ctx context.Context, who access.Actor, in *struct {
			Component ref.Component `path:"component"`
		}) (*body[client.Page[client.Resource]], error) {
			return answer(a.resourcesOf(ctx, who, in.Component))
		})
	register(a, access.Operate, op("POST /components/{component}/resources/delete", "platform", "Delete a resource that no deployed version declares, with all data that is in it"),
		func(ctx context.Context, who access.Actor, in *struct {
			Component ref.Component `path:"component"`
			Body      client.DeleteResource
		}) (*body[client.Page[client.Resource]], error) {
			if err := a.Resource.Delete(ctx, who, in.Component, ref.Environment(in.Body.Environment), in.Body.Name, in.Body.Confirm); err != nil {
				return nil, err
			}
			return answer(a.resourcesOf(ctx, who, in.Component))
		})
	a.raw(access.Operate, op("GET /components/{component}/resources/{environment}/{resource}/dump", "platform", "Read a database as SQL that makes it again"), "application/sql", a.dump)
}

func (a *API) resourcesOf(ctx context.Context, who access.Actor, c ref.Component) (client.Page[client.Resource], error) {
	list, err := a.Resource.List(ctx, who, c)
	return client.Page[client.Resource]{Items: mapped(list, resourceOf)}, err
}

func resourceOf(r resource.Resource) client.Resource {
	return client.Resource{Name: r.Name, Environment: string(r.Environment), Type: r.Type, State: r.State, Reason: r.Reason, Bytes: r.Bytes, Limit: r.Size,
		Restarts: r.Restarts, Created: r.Created, Used: r.Used, Workloads: mapped(r.Workloads, func(w ref.Workload) string { return string(w) })}
}

// dump sends a database.
func (a *API) dump(w http.ResponseWriter, r *http.Request, who access.Actor) error {
	begun := false
	err := a.Resource.Dump(r.Context(), who, ref.Component(r.PathValue("component")), ref.Environment(r.PathValue("environment")), r.PathValue("resource"), func() io.Writer {
		w.Header().Set("Content-Type", "application/sql")
		return writerFunc(func(p []byte) (int, error) {
			begun = true
			return w.Write(p)
		})
	})
	if err != nil && begun {
		// All that is left is to break off, so that half a dump is not taken for a whole.
		slog.Warn("a dump broke off", "component", r.PathValue("component"), "error", err)
		panic(http.ErrAbortHandler)
	}
	return err
}

// writerFunc is a function that writes.
type writerFunc func(p []byte) (int, error)

// Write calls it.
func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
