package client

import (
	"context"
	"io"
	"net/http"
	"time"
)

// CreateComponent asks for a component with everything that belongs to it.
type CreateComponent struct {
	Name        string            `json:"name" doc:"slug, unique in the factory, for ever" minLength:"3" maxLength:"40" pattern:"^[a-z][a-z0-9-]{1,38}[a-z0-9]$" patternDescription:"lower-case letters, digits and dashes, a letter first" example:"engine-controller"`
	Team        string            `json:"team" doc:"slug of the team that owns it" minLength:"1" maxLength:"40" example:"engine"`
	Path        string            `json:"path" doc:"golden path to create it from" minLength:"1" maxLength:"40" example:"go-service"`
	Description string            `json:"description,omitempty" doc:"what it is for, in a sentence" maxLength:"300" example:"Starts, throttles and stops the motors"`
	Answers     map[string]string `json:"answers,omitempty" doc:"to what the path asks for beside name, team and description"`
}

// AdoptComponent asks for a component whose repository is somewhere already. Who
// asks pushes its history to the trunk of the clone URL once the repository step
// is done; a change is then opened that adds what its path gives and it lacks.
type AdoptComponent struct {
	Name        string            `json:"name" doc:"slug, unique in the factory, for ever" minLength:"3" maxLength:"40" pattern:"^[a-z][a-z0-9-]{1,38}[a-z0-9]$" patternDescription:"lower-case letters, digits and dashes, a letter first" example:"engine-controller"`
	Team        string            `json:"team" doc:"slug of the team that owns it" minLength:"1" maxLength:"40" example:"engine"`
	Description string            `json:"description,omitempty" doc:"what it is for, in a sentence" maxLength:"300"`
	Origin      string            `json:"origin,omitempty" doc:"where the repository is, for people; what signs in to it is left out" maxLength:"2000" example:"https://git.example.com/engine/controller.git"`
	Path        string            `json:"path,omitempty" doc:"golden path; the one that fits when it is left out" maxLength:"40" example:"go-service"`
	Program     string            `json:"program,omitempty" doc:"folder of the main package, or the file that is started; the only one when it is left out" maxLength:"200" example:"cmd/controller"`
	Answers     map[string]string `json:"answers,omitempty" doc:"to what the path asks for besides"`
	Found       AdoptFound        `json:"found" doc:"what is in the repository's head, by which the path is chosen"`
}

// AdoptFound is what is in a repository's head.
type AdoptFound struct {
	Files    []string `json:"files" doc:"paths of files; of a large repository those least deep" maxItems:"5000" nullable:"false" example:"[\"go.mod\"]"`
	Programs []string `json:"programs,omitempty" doc:"folders with a main package of Go; . is the root" maxItems:"100" example:"[\".\"]"`
	Package  string   `json:"package,omitempty" doc:"content of package.json at the root" maxLength:"262144"`
	Health   []string `json:"health,omitempty" doc:"paths in its code that sound like a health check" maxItems:"100" example:"[\"/healthz\"]"`
}

// Component is a piece of software that a team builds and runs.
type Component struct {
	Name         string                 `json:"name" example:"engine-controller"`
	Team         string                 `json:"team" example:"engine"`
	Description  string                 `json:"description"`
	Path         string                 `json:"path" doc:"golden path it was created from" example:"go-service"`
	PathVersion  string                 `json:"pathVersion" doc:"that its trunk has" example:"1.0.0"`
	PathOffered  string                 `json:"pathOffered,omitempty" doc:"the newest version of the path that is offered, when it is another" example:"1.1.0"`
	Answers      map[string]string      `json:"answers,omitempty" doc:"to what the path asked for beside name, team and description"`
	State        string                 `json:"state" enum:"provisioning,ready,failed" doc:"ready: the first version is live in production; failed: a step of the provisioning failed and waits for a new push"`
	CloneURL     string                 `json:"cloneUrl" doc:"for git clone; sign in with an API token as password" example:"http://127.0.0.1:8080/git/engine-controller.git"`
	Environments []ComponentEnvironment `json:"environments" nullable:"false"`
	Provisioning []ProvisioningStep     `json:"provisioning" nullable:"false" doc:"what has happened and what is happening, in order"`
	Created      time.Time              `json:"created"`
	Ready        *time.Time             `json:"ready,omitempty" doc:"when the first version was live in production"`
	Version      int64                  `json:"version" doc:"counts changes"`
}

// ComponentEnvironment is a place where a component runs.
type ComponentEnvironment struct {
	Name string `json:"name" enum:"staging,production"`
	URL  string `json:"url" doc:"route on the gateway" example:"http://engine-controller.localhost:8081/"`
}

// ProvisioningStep is a step on the way from nothing to live in production.
type ProvisioningStep struct {
	Name  string     `json:"name" enum:"repository,run,staging,production"`
	Title string     `json:"title" example:"Repository with the first commit"`
	State string     `json:"state" enum:"waiting,running,done,failed"`
	Text  string     `json:"text,omitempty" doc:"what came of it, or why it failed"`
	Ref   string     `json:"ref,omitempty" doc:"subject to look at" example:"run/01923c5e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"`
	At    *time.Time `json:"at,omitempty" doc:"when the state was reached"`
}

// CreateComponent creates a component with all that its path provides.
func (c *Client) CreateComponent(ctx context.Context, in CreateComponent) (Component, error) {
	return call[Component](ctx, c, http.MethodPost, path("components"), nil, in)
}

// AdoptComponent makes a component for a repository that is somewhere already.
func (c *Client) AdoptComponent(ctx context.Context, in AdoptComponent) (Component, error) {
	return call[Component](ctx, c, http.MethodPost, path("adoptions"), nil, in)
}

// Components lists components by name; those of one team unless team is empty.
func (c *Client) Components(ctx context.Context, team string, p Paging) (Page[Component], error) {
	q := p.query()
	if team != "" {
		q.Set("team", team)
	}
	return call[Page[Component]](ctx, c, http.MethodGet, path("components"), q, nil)
}

// Component shows one component and how far its provisioning is.
func (c *Client) Component(ctx context.Context, name string) (Component, error) {
	return call[Component](ctx, c, http.MethodGet, path("components", name), nil, nil)
}

// ExportComponent reads a gzipped tar of all that builds and runs a component
// without the factory. It must be closed.
func (c *Client) ExportComponent(ctx context.Context, name string) (io.ReadCloser, error) {
	return c.open(ctx, http.MethodGet, path("components", name, "export"), nil, nil)
}
