// Package api is the HTTP door: REST with OpenAPI 3.1, problems as RFC 9457,
// facts as server-sent events. A route declares the action that it needs;
// handlers turn the types of package client into calls of the modules'
// services and hold no rule of their own.
package api

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
)

// Version of the API as the OpenAPI document states it; it is raised with
// every change of the document.
const Version = "0.1.0"

const root = "/api/v1"

// Authenticate finds out who sends a request, from its session cookie or
// token: Nobody when it carries neither, an error when what it carries is not
// valid (any more).
type Authenticate func(r *http.Request) (access.Actor, error)

// problems makes huma answer failures that it finds itself as problems. It has
// one place for that in the whole process, which is written once: another API
// may be serving already.
var problems = sync.OnceFunc(func() { huma.NewError = newError })

// API serves the routes.
type API struct {
	Services
	mux    *http.ServeMux
	huma   huma.API
	auth   Authenticate
	routes []Route
}

// Route is a registered route and the action that it needs.
type Route struct {
	Method, Path string
	Action       access.Action
}

// New registers all routes on a mux of its own. It panics when a route has no
// action: such a program must not start.
func New(auth Authenticate, s Services) *API {
	problems()
	cfg := huma.DefaultConfig("Digital Factory", Version)
	cfg.Info.Description = "The whole value stream, from vision to effect. Every route needs a session cookie or a bearer token, unless it says otherwise."
	cfg.OpenAPIPath, cfg.DocsPath, cfg.SchemasPath = root+"/openapi", "", root+"/schemas"
	cfg.CreateHooks = nil // no $schema member in answers
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":   {Type: "http", Scheme: "bearer"},
		"session": {Type: "apiKey", In: "cookie", Name: SessionCookie},
	}
	mux := http.NewServeMux()
	a := &API{Services: s, mux: mux, huma: humago.New(mux, cfg), auth: auth}
	a.rooms()
	mux.HandleFunc("/api/", a.nothing)
	return a
}

// nothing answers what no route does: another method of the path may.
func (a *API) nothing(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := a.mux.Handler(other); pattern != "/api/" {
			allowed = append(allowed, method)
		}
	}
	p := problemOf(errs.New(errs.NotFound, "there is no %s %s", r.Method, r.URL.Path).Do("look at %s/openapi.json", root), "route")
	if len(allowed) > 0 {
		p.Status = http.StatusMethodNotAllowed
		p.Detail = r.URL.Path + " cannot be asked with " + r.Method + ", only with " + strings.Join(allowed, " or ")
		w.Header().Set("Allow", strings.Join(allowed, ", "))
	}
	write(w, p)
}

// SessionCookie is the name of the cookie that carries a session.
const SessionCookie = "factory_session"

// ServeHTTP refuses requests of other sites' pages, finds out who asks, and
// hands on.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var cross http.CrossOriginProtection
	if err := cross.Check(r); err != nil {
		write(w, problemOf(errs.Because(errs.Denied, err, "a page of another site may not act for you"), "cross-origin"))
		return
	}
	who, err := a.auth(r)
	if err != nil {
		write(w, unauthenticated(err, "authenticate"))
		return
	}
	a.mux.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), actorKey{}, who)))
}

// actorKey carries the actor from ServeHTTP to the wrapper in register, and no
// further: services take it as an argument.
type actorKey struct{}

func actor(ctx context.Context) access.Actor {
	who, _ := ctx.Value(actorKey{}).(access.Actor)
	return who
}

// Routes returns what is registered, for the test that walks every route with
// every role.
func (a *API) Routes() []Route { return a.routes }

// OpenAPI returns the document as indented JSON.
func (a *API) OpenAPI() ([]byte, error) { return a.huma.OpenAPI().MarshalJSON() }

// body is an answer.
type body[T any] struct{ Body T }

// answer makes a handler's result.
func answer[T any](v T, err error) (*body[T], error) {
	if err != nil {
		return nil, err
	}
	return &body[T]{v}, nil
}

// none is an empty input or answer.
type none struct{}

// id is the input of a route with one identifier in its path.
type id struct {
	ID string `path:"id" doc:"The identifier"`
}

// Paging is embedded (exported, because huma skips fields of unexported types) in the input of list routes.
type Paging struct {
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"How many at the most"`
	After string `query:"after" doc:"The cursor of the page before"`
}

func (p Paging) ask() page.Ask { return page.Ask{Limit: p.Limit, After: p.After} }

// with is an input with one identifier in the path and a JSON body.
type with[T any] struct {
	ID   string `path:"id" doc:"The identifier"`
	Body T
}

// send is an input with only a JSON body.
type send[T any] struct{ Body T }

// op describes a route: method and path below /api/v1 ("GET /teams/{id}"), the
// tag (its room) and a summary in the imperative.
func op(route, tag, summary string) huma.Operation {
	method, path, _ := strings.Cut(route, " ")
	name := strings.ToLower(method) + strings.NewReplacer("/", "-", "{", "", "}", "").Replace(path)
	o := huma.Operation{Method: method, Path: root + path, Tags: []string{tag}, Summary: summary, OperationID: name}
	if method == http.MethodPost {
		o.DefaultStatus = http.StatusOK
	}
	return o
}

// register adds a route. Before anything of the request is read, the wrapper
// checks that somebody with the actor's roles could do the action at all; the
// service then decides on the object.
func register[I, O any](a *API, action access.Action, o huma.Operation, handle func(ctx context.Context, who access.Actor, in *I) (*O, error)) {
	a.declare(action, &o)
	o.Middlewares = append(o.Middlewares, func(hc huma.Context, next func(huma.Context)) {
		if p := refusal(actor(hc.Context()), action, o.OperationID); p != nil {
			_, w := humago.Unwrap(hc)
			write(w, p)
			return
		}
		next(hc)
	})
	huma.Register(a.huma, o, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, actor(ctx), in)
		if err != nil {
			return nil, problemOf(err, o.OperationID)
		}
		return out, nil
	})
}

// refusal is nil when there is an object on which the actor may do the action.
func refusal(who access.Actor, action access.Action, operation string) *problem {
	err := who.Could(action)
	switch {
	case err == nil:
		return nil
	case !who.Known():
		return unauthenticated(err, operation)
	}
	return problemOf(err, operation)
}

// declare notes a route's action and documents it.
func (a *API) declare(action access.Action, o *huma.Operation) {
	if action == "" {
		panic("api: " + o.Method + " " + o.Path + " declares no action")
	}
	a.routes = append(a.routes, Route{o.Method, o.Path, action})
	if action != access.Open {
		o.Security = []map[string][]string{{"token": {}}, {"session": {}}}
	}
	o.Description = strings.TrimSpace(o.Description + "\n\nNeeds the action `" + string(action) + "`.")
	o.Errors = []int{401, 403, 404, 409, 422, 423, 500, 503}
}

// raw adds a route that is not JSON in and out: logs, streams, files.
func (a *API) raw(action access.Action, o huma.Operation, contentType string, handle func(w http.ResponseWriter, r *http.Request, who access.Actor) error) {
	a.declare(action, &o)
	o.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{contentType: {}}}}
	for _, part := range strings.Split(o.Path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			o.Parameters = append(o.Parameters, &huma.Param{Name: strings.TrimSuffix(name, "}"), In: "path", Required: true, Schema: &huma.Schema{Type: "string"}})
		}
	}
	a.huma.OpenAPI().AddOperation(&o)
	a.mux.HandleFunc(o.Method+" "+o.Path, func(w http.ResponseWriter, r *http.Request) {
		who := actor(r.Context())
		if p := refusal(who, action, o.OperationID); p != nil {
			write(w, p)
			return
		}
		if err := handle(w, r, who); err != nil {
			write(w, problemOf(err, o.OperationID))
		}
	})
}
