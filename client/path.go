package client

import (
	"context"
	"io"
	"net/http"
	"time"
)

// Path is a golden path: a template, with all that a component created from it
// gets without asking anybody.
type Path struct {
	Name        string         `json:"name" example:"go-service"`
	Version     string         `json:"version" doc:"that new components get; empty while none is offered" example:"1.0.0"`
	Title       string         `json:"title" example:"Go service"`
	Description string         `json:"description"`
	News        string         `json:"news,omitempty" doc:"what this version brings to who has the one before, in Markdown"`
	Provides    []PathPart     `json:"provides" nullable:"false" doc:"what a component gets"`
	Inputs      []PathInput    `json:"inputs" nullable:"false" doc:"what the path asks for"`
	Files       []string       `json:"files" nullable:"false" doc:"files of the first commit" example:"[\"main.go\"]"`
	Repository  string         `json:"repository,omitempty" doc:"where it is written; none when it comes with the program" example:"path-web-service"`
	CloneURL    string         `json:"cloneUrl,omitempty" doc:"of the repository"`
	Components  []PathInstance `json:"components" nullable:"false" doc:"how many are on each of its versions, newest first"`
	Trying      *PathVersion   `json:"trying,omitempty" doc:"a version newer than what is offered, being tried or refused"`
}

// PathInstance counts the components on a version.
type PathInstance struct {
	Version    string `json:"version" example:"1.0.0"`
	Components int    `json:"components" example:"12"`
}

// PathPart is one thing that a path provides.
type PathPart struct {
	Name string `json:"name" example:"repository"`
	Text string `json:"text" example:"Git over HTTP with a protected trunk"`
}

// PathInput is one thing that a path asks for. Every path asks for name, team
// and description.
type PathInput struct {
	Name     string   `json:"name" example:"name"`
	Type     string   `json:"type" enum:"slug,team,text,choice,boolean"`
	Text     string   `json:"text"`
	Required bool     `json:"required"`
	Default  string   `json:"default,omitempty"`
	Pattern  string   `json:"pattern,omitempty" doc:"regular expression that the value must match"`
	Choices  []string `json:"choices,omitempty" doc:"of a choice"`
}

// PathVersion is a version of a golden path.
type PathVersion struct {
	Version    string     `json:"version" example:"1.1.0"`
	State      string     `json:"state" enum:"testing,refused,offered,withdrawn" doc:"testing: its example is rendered and built; refused: that failed; offered: new components and upgrades take the newest of these"`
	Commit     string     `json:"commit,omitempty" doc:"of the path's repository"`
	Run        string     `json:"run,omitempty" doc:"identifier of the run that tried it"`
	Step       string     `json:"step,omitempty" doc:"of the run, that failed" example:"test"`
	Reason     string     `json:"reason,omitempty" doc:"why it was refused, withdrawn or offered again"`
	By         string     `json:"by,omitempty" doc:"who published it"`
	Published  *time.Time `json:"published,omitempty" doc:"since when it was offered"`
	Changed    time.Time  `json:"changed" doc:"when it came into its state"`
	Components int        `json:"components" doc:"that are on it"`
}

// CreatePath asks for the repository of a new golden path.
type CreatePath struct {
	Name string `json:"name" doc:"of the path, for ever; its repository is path-NAME" minLength:"3" maxLength:"34" pattern:"^[a-z][a-z0-9-]{1,32}[a-z0-9]$" patternDescription:"lower-case letters, digits and dashes, a letter first" example:"web-service"`
	From string `json:"from" doc:"golden path as which it begins" minLength:"1" maxLength:"40" example:"go-service"`
}

// PublishPath asks for a version to be tried, and offered when it is green.
type PublishPath struct {
	Commit string `json:"commit,omitempty" doc:"of the path's repository; the trunk's head when it is empty" maxLength:"64"`
}

// WithdrawPath takes a version back.
type WithdrawPath struct {
	Reason string `json:"reason" doc:"why; the teams read it" minLength:"1" maxLength:"300" example:"Services of this version leak memory"`
}

// OfferPath offers a version again that was withdrawn.
type OfferPath struct {
	Reason string `json:"reason" doc:"why; the teams read it" minLength:"1" maxLength:"300" example:"It was the library that leaked memory"`
}

// Paths lists the golden paths.
func (c *Client) Paths(ctx context.Context) (Page[Path], error) {
	return call[Page[Path]](ctx, c, http.MethodGet, path("paths"), nil, nil)
}

// Path shows one golden path.
func (c *Client) Path(ctx context.Context, name string) (Path, error) {
	return call[Path](ctx, c, http.MethodGet, path("paths", name), nil, nil)
}

// PathSchema returns the JSON Schema of path.yaml.
func (c *Client) PathSchema(ctx context.Context) ([]byte, error) {
	body, err := c.open(ctx, http.MethodGet, path("schemas", "path.json"), nil, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	return io.ReadAll(body)
}

// CreatePath makes the repository of a new golden path.
func (c *Client) CreatePath(ctx context.Context, in CreatePath) (Path, error) {
	return call[Path](ctx, c, http.MethodPost, path("paths"), nil, in)
}

// PathVersions lists the versions of a golden path, newest first.
func (c *Client) PathVersions(ctx context.Context, name string) (Page[PathVersion], error) {
	return call[Page[PathVersion]](ctx, c, http.MethodGet, path("paths", name, "versions"), nil, nil)
}

// PublishPath has a version tried, and offered when it is green.
func (c *Client) PublishPath(ctx context.Context, name string, in PublishPath) (PathVersion, error) {
	return call[PathVersion](ctx, c, http.MethodPost, path("paths", name, "versions"), nil, in)
}

// WithdrawPath takes a version back: new components and upgrades get the one
// before it.
func (c *Client) WithdrawPath(ctx context.Context, name, version string, in WithdrawPath) (PathVersion, error) {
	return call[PathVersion](ctx, c, http.MethodPost, path("paths", name, "versions", version, "withdraw"), nil, in)
}

// OfferPath offers a version again that was withdrawn.
func (c *Client) OfferPath(ctx context.Context, name, version string, in OfferPath) (PathVersion, error) {
	return call[PathVersion](ctx, c, http.MethodPost, path("paths", name, "versions", version, "offer"), nil, in)
}
