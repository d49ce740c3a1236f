package platform

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/platform/adopt"
	"github.com/digital-factory/factory/internal/platform/path"
	"github.com/digital-factory/factory/internal/ref"
)

// adoptKind is the effect that opens the change by which an adopted repository
// gets what its path gives.
const adoptKind = "component.adopt"

// adoptedRepository is the kind of repository that source makes without a commit.
const adoptedRepository = "adopted"

// Adoption asks for a component whose repository is somewhere already. Who asks
// pushes its history when the component has its repository: so it is read with
// that person's own access, and the factory reaches out to nobody.
type Adoption struct {
	Name        string
	Team        string
	Description string
	Origin      string // where it is, for people
	Path        string // empty: the one that fits
	Program     string // folder or file of the program; empty: the only one
	Answers     map[string]string
	Found       adopt.Found
}

// adoption is how a component was adopted.
type adoption struct {
	adopt.Proposal
	Origin string     `json:"origin,omitempty"`
	Own    []string   `json:"own,omitempty"` // files of the path's that it had itself
	Change ref.Change `json:"change,omitempty"`
}

func (a *adoption) text() (string, error) {
	if a == nil {
		return "", nil
	}
	raw, err := json.Marshal(a)
	return string(raw), err
}

// Adopting is how the platform reaches an adopted repository.
type Adopting interface {
	// Lacking returns which of the files the trunk does not have.
	Lacking(ctx context.Context, component ref.Component, files []string) ([]string, error)
	// Add puts on a branch the trunk with files, as they are rendered and then as
	// they are fitted, and returns the commit of the rendering. The same is put
	// each time; a branch with something else is an errs.Conflict.
	Add(ctx context.Context, a Addition) (render string, err error)
	// Open opens a change for a branch, and returns the one that is open for it
	// already.
	Open(ctx context.Context, component ref.Component, branch, title, body string) (ref.Change, error)
}

// Addition is what Adopting adds.
type Addition struct {
	Component ref.Component
	Branch    string
	Files     map[string]string
	Fitted    map[string]string
	Message   string
	At        time.Time
}

// AdoptWith says how, when the rooms are wired.
func (s *Service) AdoptWith(a Adopting) { s.adopting = a }

// Adopt makes a component for a repository that is somewhere already. When it
// returns, the name is taken; when the repository step is done, the history can
// be pushed to the trunk. Nothing is built of that: a change is opened that adds
// what the path gives and the repository lacks, and its merge is what is built.
func (s *Service) Adopt(ctx context.Context, who access.Actor, a Adoption) (Component, error) {
	if err := who.May(access.BuildComponent, a.Team); err != nil {
		return Component{}, err
	}
	a.Description = strings.TrimSpace(a.Description)
	n := NewComponent{Name: a.Name, Team: a.Team, Description: a.Description}
	if err := n.validate(); err != nil {
		return Component{}, err
	}
	if known, err := s.teams.Exists(ctx, a.Team); err != nil {
		return Component{}, err
	} else if !known {
		return Component{}, errs.New(errs.NotFound, "no team %q", a.Team).Do("create it: factory team create %s", a.Team)
	}
	proposal, err := adopt.Detect(a.Found, a.Program)
	if a.Path != "" && (err != nil || proposal.Path != a.Path) { // a person knows better
		proposal, err = adopt.Proposal{Path: a.Path, Why: "The path was chosen."}, nil
	}
	if err != nil {
		return Component{}, err
	}
	var from *path.Path
	err = s.db.View(ctx, func(tx *store.Tx) (err error) {
		from, err = s.offered(ctx, tx, proposal.Path, "")
		return err
	})
	if err != nil {
		return Component{}, err
	}
	answers, err := from.Answer(a.Answers)
	if err != nil {
		return Component{}, err
	}
	if a.Description == "" {
		a.Description = "A " + from.Title + " of team " + a.Team + "."
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	c := Component{
		Name: ref.Component(a.Name), Team: ref.Team(a.Team), Description: a.Description, Path: from.Name, PathVersion: from.Version, Answers: answers,
		Steps: begin(now), Created: now, adopted: &adoption{Proposal: proposal, Origin: shown(a.Origin)},
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if err := insert(ctx, tx, c); err != nil {
			return err
		}
		err := s.effects.Plan(ctx, tx, effect.Plan{
			Key: createKind + "/" + a.Name, Kind: createKind, Subject: ref.Of("component", a.Name),
			Data: repository{Component: a.Name, Team: a.Team, Kind: adoptedRepository},
		})
		if err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("component", a.Name), fact.ComponentCreated{
			Component: c.Name, Team: c.Team, Description: c.Description, Path: c.Path, PathVersion: c.PathVersion, Origin: c.adopted.Origin,
		})
	})
	if err != nil {
		return Component{}, err
	}
	return s.get(ctx, a.Name)
}

// shown is an address without what signs in to it.
func shown(origin string) string {
	if u, err := url.Parse(origin); err == nil && u.User != nil && u.Host != "" {
		u.User = nil
		origin = u.String()
	}
	const longest = 300
	return strings.ToValidUTF8(origin[:min(len(origin), longest)], "")
}

// brought plans the change when an adopted repository has its history.
func (s *Service) brought(ctx context.Context, tx *store.Tx, component ref.Component) error {
	c, err := load(ctx, tx, string(component))
	if errs.Is(err, errs.NotFound) || err == nil && c.adopted == nil {
		return nil
	} else if err != nil {
		return err
	}
	return s.effects.Plan(ctx, tx, effect.Plan{Key: adoptKind + "/" + string(component), Kind: adoptKind, Subject: ref.Of("component", component), Data: struct{}{}})
}

// propose opens the change. It may be cut off at any line and run again.
func (s *Service) propose(ctx context.Context, component string, at time.Time) error {
	var c Component
	var from *path.Path
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if c, err = load(ctx, tx, component); err != nil || c.adopted == nil {
			return err
		}
		from, err = s.offered(ctx, tx, c.Path, c.PathVersion)
		return err
	})
	if err != nil || c.adopted == nil || c.adopted.Change != "" {
		return err
	}
	a := *c.adopted
	out, err := from.Render(path.Component{Name: component, Team: string(c.Team), Description: c.Description}, c.Answers)
	if err != nil {
		return err
	}
	takes := &path.Adopted{Whole: a.Whole}
	maps.DeleteFunc(out.Files, func(file, _ string) bool { return !takes.Takes(file) })
	lacking, err := s.adopting.Lacking(ctx, c.Name, slices.Sorted(maps.Keys(out.Files)))
	if err != nil {
		return err
	}
	a.Own = nil
	for _, file := range slices.Sorted(maps.Keys(out.Files)) {
		if !slices.Contains(lacking, file) {
			a.Own = append(a.Own, file)
			delete(out.Files, file)
		}
	}
	if len(lacking) == 0 {
		return s.proposed(ctx, c, a, "", "it has everything that the path gives; push to its trunk and it is built")
	}
	title := "Adopt the golden path " + from.Name
	add := Addition{Component: c.Name, Branch: "adopt/" + from.Name, Files: out.Files, Fitted: a.Fit(out.Files), Message: title + "\n", At: at}
	render, err := s.adopting.Add(ctx, add)
	if err != nil {
		return err
	}
	if a.Change, err = s.adopting.Open(ctx, c.Name, add.Branch, title, adoptionText(a, from, lacking, add.Fitted)); err != nil {
		return err
	}
	return s.proposed(ctx, c, a, render, "waits for the change "+string(a.Change)+" to be merged")
}

// proposed notes what came of it.
func (s *Service) proposed(ctx context.Context, c Component, a adoption, render, text string) error {
	adopted, err := a.text()
	if err != nil {
		return err
	}
	var of ref.Subject
	if a.Change != "" {
		of = ref.Of("change", a.Change)
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `update platform_component set adopted = $2, path_commit = $3, version = version + 1 where name = $1`, string(c.Name), adopted, render); err != nil {
			return err
		}
		now, err := load(ctx, tx, string(c.Name))
		if err != nil {
			return err
		}
		for _, step := range now.Steps {
			if step.Name == runStep && step.State == Waiting { // else it was merged already
				return s.step(ctx, tx, c.Name, runStep, Waiting, text, of, s.now())
			}
		}
		return nil
	})
}

// adoptionText is the body of the change.
func adoptionText(a adoption, from *path.Path, added []string, fitted map[string]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", a.Why)
	if a.Origin != "" {
		fmt.Fprintf(&b, " It comes from `%s`.", strings.ReplaceAll(a.Origin, "`", "'"))
	}
	fmt.Fprintf(&b, "\n\nThis adds what version %s of the golden path `%s` gives and the repository lacks. Nothing that it has is changed, and nothing is built of its trunk until this is merged.\n\n", from.Version, from.Name)
	for _, file := range added {
		if _, ok := fitted[file]; ok {
			fmt.Fprintf(&b, "- `%s`, fitted to this repository\n", file)
		} else {
			fmt.Fprintf(&b, "- `%s`\n", file)
		}
	}
	for _, file := range a.Own {
		fmt.Fprintf(&b, "- not `%s`: it has its own\n", file)
	}
	if len(a.Notes) > 0 {
		b.WriteString("\nLook at:\n\n")
		for _, n := range a.Notes {
			fmt.Fprintf(&b, "- %s\n", n)
		}
	}
	fmt.Fprintf(&b, "\nThe check of this change says whether it builds. Correct what it needs on this branch:\n\n```sh\ngit fetch\ngit switch adopt/%s\n```\n", from.Name)
	return b.String()
}
