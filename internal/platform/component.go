package platform

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/platform/path"
	"github.com/digital-factory/factory/internal/ref"
)

// Component is a piece of software that a team builds and runs.
type Component struct {
	Name         ref.Component
	Team         ref.Team
	Description  string
	Path         string
	PathVersion  string            // that its trunk has
	PathCommit   string            // the rendering of it that the trunk has; empty for the trunk's first commit
	PathOffered  string            // the newest version that is offered, when it is another
	Answers      map[string]string // to the path's own inputs
	State        string            // provisioning, ready, failed
	CloneURL     string
	Environments []Environment
	Steps        []Step // of the provisioning, in order
	Created      time.Time
	Ready        time.Time // zero until the first version was live in production
	Version      int64

	environments []string  // names, as stored
	adopted      *adoption // nil when its first commit was rendered
}

// Environment is a place where a component runs, and its address on the
// gateway.
type Environment struct {
	Name ref.Environment
	URL  string
}

// NewComponent asks for a component.
type NewComponent struct {
	Name        string
	Team        string
	Path        string
	Description string            // one line
	Answers     map[string]string // to the path's own inputs
}

var slug = regexp.MustCompile(`^[a-z][a-z0-9-]{1,38}[a-z0-9]$`)

const (
	createKind      = "source.create" // performed by the module source
	longDescription = 300
)

// validate returns what is wrong with the request itself.
func (n NewComponent) validate() error {
	bad := errs.New(errs.Invalid, "the component cannot be created")
	if !slug.MatchString(n.Name) {
		bad.In("name", "%q must have 3 to 40 lower-case letters, digits and dashes, begin with a letter and not end with a dash", n.Name)
	}
	if len([]rune(n.Description)) > longDescription {
		bad.In("description", "must have at most %d characters", longDescription)
	}
	// It goes into files of several languages: one line, no tricks.
	if strings.IndexFunc(n.Description, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 {
		bad.In("description", "must be one line of plain text")
	}
	if strings.HasPrefix(n.Name, repositoryPrefix) {
		bad.In("name", "names that begin with %s are those of golden paths' repositories", repositoryPrefix)
	}
	if n.Team == "" {
		bad.In("team", "must name the team that builds and runs it")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// Create makes a component from a golden path. When it returns, the name is
// taken and everything else is on its way; Get shows how far it is.
func (s *Service) Create(ctx context.Context, who access.Actor, n NewComponent) (Component, error) {
	if err := who.May(access.BuildComponent, n.Team); err != nil {
		return Component{}, err
	}
	n.Description = strings.TrimSpace(n.Description)
	if err := n.validate(); err != nil {
		return Component{}, err
	}
	var from *path.Path
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		from, err = s.offered(ctx, tx, n.Path, "")
		return err
	})
	if err != nil {
		return Component{}, err
	}
	answers, err := from.Answer(n.Answers)
	if err != nil {
		return Component{}, err
	}
	if known, err := s.teams.Exists(ctx, n.Team); err != nil {
		return Component{}, err
	} else if !known {
		return Component{}, errs.New(errs.NotFound, "no team %q", n.Team).Do("create it: factory team create %s", n.Team)
	}
	if n.Description == "" {
		n.Description = "A " + from.Title + " of team " + n.Team + "."
	}
	out, err := from.Render(path.Component{Name: n.Name, Team: n.Team, Description: n.Description}, answers)
	if err != nil {
		return Component{}, err
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	c := Component{
		Name: ref.Component(n.Name), Team: ref.Team(n.Team), Description: n.Description, Path: from.Name, PathVersion: from.Version, Answers: answers,
		Steps: begin(now), Created: now,
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if err := insert(ctx, tx, c); err != nil {
			return err
		}
		err := s.effects.Plan(ctx, tx, effect.Plan{
			Key: createKind + "/" + n.Name, Kind: createKind, Subject: ref.Of("component", n.Name),
			Data: repository{Component: n.Name, Team: n.Team, Message: out.Message, Files: out.Files},
		})
		if err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("component", n.Name), fact.ComponentCreated{
			Component: c.Name, Team: c.Team, Description: c.Description, Path: c.Path, PathVersion: c.PathVersion,
		})
	})
	if err != nil {
		return Component{}, err
	}
	return s.get(ctx, n.Name)
}

// repository is the data of source.create, as the module source reads it.
type repository struct {
	Component string            `json:"component"`
	Team      string            `json:"team"`
	Message   string            `json:"message"`
	Files     map[string]string `json:"files"`
	Kind      string            `json:"kind,omitempty"`
}

// Get returns a component.
func (s *Service) Get(ctx context.Context, who access.Actor, name string) (Component, error) {
	if err := who.May(access.Read, ""); err != nil {
		return Component{}, err
	}
	return s.get(ctx, name)
}

func (s *Service) get(ctx context.Context, name string) (c Component, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if c, err = load(ctx, tx, name); err != nil {
			return err
		}
		return s.behind(ctx, tx, map[string]string{}, &c)
	})
	if err != nil {
		return Component{}, err
	}
	return s.complete(c), nil
}

// List returns components by name, a page at a time; those of one team unless
// team is empty.
func (s *Service) List(ctx context.Context, who access.Actor, team string, ask page.Ask) ([]Component, string, error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, "", err
	}
	list, next, err := s.list(ctx, team, ask)
	for i := range list {
		list[i] = s.complete(list[i])
	}
	return list, next, err
}

// complete adds what follows from the rows and the factory's addresses.
func (s *Service) complete(c Component) Component {
	at := s.addresses()
	c.State = stateOf(c.Steps, c.Ready)
	c.CloneURL = at.Main + "/git/" + string(c.Name) + ".git"
	c.Environments = make([]Environment, len(c.environments))
	for i, env := range c.environments {
		c.Environments[i] = Environment{Name: ref.Environment(env), URL: RouteURL(at.Gateway, string(c.Name), env)}
	}
	return c
}

// RouteURL is a component's address: the gateway tells components and
// environments apart by the host, <component>.localhost for production and
// <component>.<environment>.localhost for any other.
func RouteURL(gateway, component, environment string) string {
	u, err := url.Parse(gateway)
	if err != nil || u.Host == "" {
		return ""
	}
	host := component + ".localhost"
	if environment != Production {
		host = component + "." + environment + ".localhost"
	}
	if port := u.Port(); port != "" {
		host += ":" + port
	}
	return u.Scheme + "://" + host + "/"
}
