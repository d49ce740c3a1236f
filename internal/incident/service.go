package incident

import (
	"context"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// Service keeps incidents.
type Service struct {
	db      *store.DB
	journal *journal.Journal
	board   Board
	harm    Harm
	now     func() time.Time
}

// New returns the service. It starts nothing.
func New(db *store.DB, j *journal.Journal, b Board, h Harm, now func() time.Time) *Service {
	return &Service{db: db, journal: j, board: b, harm: h, now: now}
}

// Report is an incident that a person noticed. Environment defaults to
// production, Began to now.
type Report struct {
	Title       string
	Component   ref.Component
	Environment ref.Environment
	Began       time.Time
	Text        string // first note; may be empty
}

func (r Report) check(now time.Time) error {
	bad := errs.New(errs.Invalid, "the incident cannot be opened")
	if n := len([]rune(r.Title)); n == 0 || n > 200 {
		bad.In("title", "must have 1 to 200 characters")
	}
	if r.Environment != "production" && r.Environment != "staging" {
		bad.In("environment", "must be production or staging")
	}
	if r.Began.After(now.Add(time.Minute)) {
		bad.In("began", "is in the future")
	}
	if len([]rune(r.Text)) > longest {
		bad.In("text", "must have at most %d characters", longest)
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

const longest = 20000 // characters of a note

// Open reports an incident that no fact has reported. While one is open for
// the component in the environment, the report becomes part of it and that one
// is returned.
func (s *Service) Open(ctx context.Context, who access.Actor, in Report) (i Incident, err error) {
	in.Title, in.Text = strings.TrimSpace(in.Title), strings.TrimSpace(in.Text)
	now := s.now().UTC().Truncate(time.Microsecond)
	if in.Environment == "" {
		in.Environment = "production"
	}
	if in.Began.IsZero() {
		in.Began = now
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if err := lock(ctx, tx, in.Component); err != nil {
			return err
		}
		team, _, err := component(ctx, tx, in.Component)
		if err != nil {
			return err
		}
		if err := who.May(access.Operate, string(team)); err != nil {
			return err
		}
		if err := in.check(now); err != nil {
			return err
		}
		open, err := openOf(ctx, tx, in.Component, in.Environment)
		if err != nil {
			return err
		}
		if len(open) > 0 {
			i = open[0]
			return s.report(ctx, tx, who, i, in)
		}
		i = Incident{
			Title: in.Title, Component: in.Component, Team: team, Environment: in.Environment, Cause: Person,
			Began: in.Began.UTC().Truncate(time.Microsecond), Opened: now,
		}
		if i, err = s.open(ctx, tx, who.By(), i); err != nil || in.Text == "" {
			return err
		}
		return s.note(ctx, tx, who, i, in.Text)
	})
	return i, err
}

// open records a new incident and tells it.
func (s *Service) open(ctx context.Context, tx *store.Tx, by journal.By, i Incident) (Incident, error) {
	i.ID, i.State = ref.Incident(ref.New()), Open
	if err := insert(ctx, tx, i); err != nil {
		return i, err
	}
	if err := addReason(ctx, tx, i.ID, Reason{At: i.Opened, Cause: i.Cause, Text: i.Title, Rollout: i.Change.Rollout}); err != nil {
		return i, err
	}
	if i.Burn != (Burn{}) {
		if err := setBurn(ctx, tx, Incident{ID: i.ID}, i.Burn); err != nil {
			return i, err
		}
	}
	changed, err := last(ctx, tx, i)
	if err != nil {
		return i, err
	}
	if err := enter(ctx, tx, i.Component, i.ID, Entry{At: i.Opened, Kind: fact.IncidentOpened{}.Kind(), Text: "the incident was opened: " + i.Title, Subject: ref.Of("incident", i.ID), Actor: by.Name}); err != nil {
		return i, err
	}
	return i, s.journal.Append(ctx, tx, by, ref.Of("incident", i.ID), fact.IncidentOpened{
		Incident: i.ID, Title: i.Title, Component: i.Component, Team: i.Team, Environment: i.Environment,
		Rollout: i.Change.Rollout, Artifact: i.Change.Artifact, Version: i.Change.Release, Commit: i.Change.Commit, Items: i.Change.Items,
		Cause: string(i.Cause), Began: i.Began, Last: changed.told(),
	})
}

// report makes what a person noticed part of an open incident.
func (s *Service) report(ctx context.Context, tx *store.Tx, who access.Actor, i Incident, in Report) error {
	if err := enter(ctx, tx, i.Component, i.ID, Entry{At: s.now(), Kind: fact.IncidentJoined{}.Kind(), Text: "reported: " + in.Title, Subject: ref.Of("incident", i.ID), Actor: who.Name}); err != nil {
		return err
	}
	if in.Began.Before(i.Began) {
		i.Began = in.Began.UTC().Truncate(time.Microsecond)
		if err := deepen(ctx, tx, i); err != nil {
			return err
		}
	}
	if err := s.join(ctx, tx, who.By(), i, Reason{At: s.now(), Cause: Person, Text: in.Title}); err != nil || in.Text == "" {
		return err
	}
	return s.note(ctx, tx, who, i, in.Text)
}

// Note adds a note to an incident's timeline, also when it is over: what was
// learned belongs to it.
func (s *Service) Note(ctx context.Context, who access.Actor, id ref.Incident, text string) (i Incident, err error) {
	err = s.touch(ctx, who, id, func(tx *store.Tx, now Incident) error {
		i = now
		text = strings.TrimSpace(text)
		if n := len([]rune(text)); n == 0 || n > longest {
			return errs.New(errs.Invalid, "the note cannot be kept").In("text", "must have 1 to %d characters", longest)
		}
		return s.note(ctx, tx, who, now, text)
	})
	return i, err
}

func (s *Service) note(ctx context.Context, tx *store.Tx, who access.Actor, i Incident, text string) error {
	if err := enter(ctx, tx, i.Component, i.ID, Entry{At: s.now(), Kind: fact.IncidentNoted{}.Kind(), Text: text, Actor: who.Name}); err != nil {
		return err
	}
	return s.journal.Append(ctx, tx, who.By(), ref.Of("incident", i.ID), fact.IncidentNoted{Incident: i.ID, Text: text})
}

// Resolve ends an incident by hand.
func (s *Service) Resolve(ctx context.Context, who access.Actor, id ref.Incident, because string) (i Incident, err error) {
	err = s.touch(ctx, who, id, func(tx *store.Tx, now Incident) error {
		i = now
		because = strings.TrimSpace(because)
		if n := len([]rune(because)); n == 0 || n > 2000 {
			return errs.New(errs.Invalid, "say what ended the incident").In("because", "must have 1 to 2000 characters")
		}
		if now.State == Resolved {
			return errs.New(errs.Conflict, "the incident is over already: %s", now.ResolvedBecause).With(now).Do("open a new one if customers are hurt again")
		}
		i, err = s.resolve(ctx, tx, who.By(), now, s.now(), because, "")
		return err
	})
	return i, err
}

// resolve ends an open incident and tells it.
func (s *Service) resolve(ctx context.Context, tx *store.Tx, by journal.By, i Incident, at time.Time, because string, rollout ref.Rollout) (Incident, error) {
	i.State, i.Resolved, i.ResolvedBecause, i.ResolvedBy = Resolved, at.UTC().Truncate(time.Microsecond), because, rollout
	n, err := end(ctx, tx, i)
	if err != nil {
		return i, err
	}
	if err := store.Changed(n, "incident "+string(i.ID), i); err != nil {
		return i, err
	}
	if err := enter(ctx, tx, i.Component, i.ID, Entry{At: i.Resolved, Kind: fact.IncidentResolved{}.Kind(), Text: "the incident is over: " + because, Subject: ref.Of("incident", i.ID), Actor: by.Name}); err != nil {
		return i, err
	}
	return i, s.journal.Append(ctx, tx, by, ref.Of("incident", i.ID), fact.IncidentResolved{
		Incident: i.ID, Component: i.Component, Team: i.Team, Rollout: rollout, Because: because,
	})
}

// touch runs f on an incident that the actor may operate on.
func (s *Service) touch(ctx context.Context, who access.Actor, id ref.Incident, f func(tx *store.Tx, now Incident) error) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		i, err := get(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := who.May(access.Operate, string(i.Team)); err != nil {
			return err
		}
		return f(tx, i)
	})
}

// before is how much of a component's history precedes an incident in its
// timeline: the push that led to it should be there.
const before = 15 * time.Minute

// Detail is an incident with all that is known of it.
type Detail struct {
	Incident
	Causes   []Reason // oldest first: what opened it, then what joined
	Last     Last     // what changed last before it began
	Timeline []Entry  // oldest first
}

// Get returns an incident with its timeline.
func (s *Service) Get(ctx context.Context, who access.Actor, id ref.Incident) (d Detail, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		i, err := get(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := who.May(access.Read, string(i.Team)); err != nil {
			return err
		}
		d, err = s.detail(ctx, tx, i)
		return err
	})
	return d, err
}

func (s *Service) detail(ctx context.Context, tx *store.Tx, i Incident) (d Detail, err error) {
	if i.Burn, err = burnIn(ctx, tx, i.ID); err != nil {
		return d, err
	}
	if i.Regression, err = regressionIn(ctx, tx, i.ID); err != nil {
		return d, err
	}
	d.Incident = i
	if d.Causes, err = reasons(ctx, tx, i); err != nil {
		return d, err
	}
	if d.Last, err = last(ctx, tx, i); err != nil {
		return d, err
	}
	until := i.Resolved
	if until.IsZero() {
		until = s.now()
	}
	d.Timeline, err = entries(ctx, tx, i, i.Began.Add(-before), until)
	return d, err
}

// Filter narrows a list of incidents; empty fields do not.
type Filter struct {
	State     State
	Component ref.Component
	Team      ref.Team
}

// List returns incidents, newest first, a page at a time.
func (s *Service) List(ctx context.Context, who access.Actor, f Filter, ask page.Ask) (list []Incident, next string, err error) {
	if err := who.May(access.Read, string(f.Team)); err != nil {
		return nil, "", err
	}
	after := "~" // sorts after every id
	if _, err := ask.Key(&after); err != nil {
		return nil, "", err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = listBefore(ctx, tx, f, after, ask.Size()+1)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	list, next = page.Of(ask, list, func(i Incident) any { return i.ID })
	return list, next, nil
}
