// Package freeze keeps the windows of time in which production shall not
// change: no rollout begins, widens or is promoted. Evidence of harm still takes
// a version back, and the hotfix lane is not stopped: a freeze must never keep
// customers in harm.
package freeze

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// Window is a time in which production shall not change.
type Window struct {
	ID           ref.Freeze
	Name         string
	Reason       string
	Team         ref.Team      // whose components it is for; empty: of every team
	Component    ref.Component // empty: every component
	Begins, Ends time.Time
	DeclaredBy   string
	Declared     time.Time
	Lifted       time.Time // zero: it was not
	LiftedBy     string
	LiftedReason string
}

// State of a window.
type State string

// The states.
const (
	Planned State = "planned"
	Active  State = "active"
	Over    State = "over"
	Lifted  State = "lifted"
)

// State returns how a window stands at a moment.
func (w Window) State(at time.Time) State {
	switch {
	case !w.Lifted.IsZero():
		return Lifted
	case at.Before(w.Begins):
		return Planned
	case at.Before(w.Ends):
		return Active
	}
	return Over
}

// covers reports whether a component of a team is in the window.
func (w Window) covers(t ref.Team, c ref.Component) bool {
	return (w.Team == "" || w.Team == t) && (w.Component == "" || w.Component == c)
}

// Waiting says what a rollout waits for that a window stops.
func (w Window) Waiting() string {
	return fmt.Sprintf("the freeze %q to end at %s (%s). Hotfixes may go.", w.Name, w.Ends.UTC().Format("2 January 2006, 15:04 UTC"), w.DeclaredBy)
}

// Windows are those that are in force.
type Windows []Window

// Stops returns the window that stops a rollout of a component in a lane, the
// one that ends last; false when none does.
func (list Windows) Stops(t ref.Team, c ref.Component, hotfix bool) (w Window, stops bool) {
	for _, of := range list {
		if !hotfix && of.covers(t, c) && (!stops || of.Ends.After(w.Ends)) {
			w, stops = of, true
		}
	}
	return w, stops
}

// Declare asks for a window.
type Declare struct {
	Name, Reason string
	Team         ref.Team
	Component    ref.Component
	Begins, Ends time.Time // Begins zero: now
}

const longest = 366 * 24 * time.Hour

func (d Declare) check(now time.Time) error {
	bad := errs.New(errs.Invalid, "the freeze cannot be declared so")
	if n := len(strings.TrimSpace(d.Name)); n == 0 || n > 200 {
		bad.In("name", "must have 1 to 200 characters")
	}
	if n := len(strings.TrimSpace(d.Reason)); n == 0 || n > 2000 {
		bad.In("reason", "must have 1 to 2000 characters: it is shown to everybody whom it stops")
	}
	switch {
	case !d.Ends.After(now):
		bad.In("ends", "must be in the future")
	case !d.Ends.After(d.Begins):
		bad.In("ends", "must be after it begins")
	case d.Ends.Sub(d.Begins) > longest:
		bad.In("ends", "must be within a year")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// Known says whether what a window is for exists; errs.NotFound when it does not.
type Known interface {
	HasTeam(ctx context.Context, t ref.Team) error
	HasComponent(ctx context.Context, c ref.Component) error
}

// Service keeps windows.
type Service struct {
	db      *store.DB
	known   Known
	journal *journal.Journal
	now     func() time.Time
	changed func()
}

// New returns the service; changed is called after a window was declared or
// lifted.
func New(db *store.DB, j *journal.Journal, k Known, now func() time.Time, changed func()) *Service {
	return &Service{db: db, known: k, journal: j, now: now, changed: changed}
}

// Declare makes a window.
func (s *Service) Declare(ctx context.Context, who access.Actor, d Declare) (w Window, err error) {
	if err := who.May(access.Freeze, ""); err != nil {
		return w, err
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	if d.Begins.IsZero() {
		d.Begins = now
	}
	if err := d.check(now); err != nil {
		return w, err
	}
	if d.Team != "" {
		err = s.known.HasTeam(ctx, d.Team)
	}
	if err == nil && d.Component != "" {
		err = s.known.HasComponent(ctx, d.Component)
	}
	if err != nil {
		return w, err
	}
	w = Window{ID: ref.Freeze(ref.New()), Name: strings.TrimSpace(d.Name), Reason: strings.TrimSpace(d.Reason), Team: d.Team, Component: d.Component,
		Begins: d.Begins.UTC(), Ends: d.Ends.UTC(), DeclaredBy: who.Name, Declared: now}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if err := insert(ctx, tx, w); err != nil {
			return err
		}
		tx.After(s.changed)
		return s.journal.Append(ctx, tx, who.By(), ref.Of("freeze", w.ID), fact.FreezeDeclared{
			Freeze: w.ID, Name: w.Name, Reason: w.Reason, Team: w.Team, Component: w.Component, Begins: w.Begins, Ends: w.Ends,
		})
	})
	return w, err
}

// Lift ends a window before its time.
func (s *Service) Lift(ctx context.Context, who access.Actor, id ref.Freeze, reason string) (w Window, err error) {
	if err := who.May(access.Freeze, ""); err != nil {
		return w, err
	}
	if n := len(strings.TrimSpace(reason)); n == 0 || n > 2000 {
		return w, errs.New(errs.Invalid, "a reason is needed").In("reason", "must have 1 to 2000 characters")
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if w, err = get(ctx, tx, id); err != nil {
			return err
		}
		if st := w.State(now); st == Over || st == Lifted {
			return errs.New(errs.Blocked, "the freeze %q is over already", w.Name)
		}
		w.Lifted, w.LiftedBy, w.LiftedReason = now, who.Name, strings.TrimSpace(reason)
		if _, err := tx.Exec(ctx, `update release_freeze set lifted = $2, lifted_by = $3, lifted_reason = $4 where id = $1 and lifted = 0`,
			string(id), store.Micros(now), w.LiftedBy, w.LiftedReason); err != nil {
			return err
		}
		tx.After(s.changed)
		return s.journal.Append(ctx, tx, who.By(), ref.Of("freeze", w.ID), fact.FreezeLifted{Freeze: w.ID, Name: w.Name, Team: w.Team, Component: w.Component, Reason: w.LiftedReason})
	})
	return w, err
}

// State returns how a window stands now.
func (s *Service) State(w Window) State { return w.State(s.now()) }

// List returns windows, those that end last first; with all, also those that
// are over or lifted. At most 500.
func (s *Service) List(ctx context.Context, who access.Actor, all bool) (list []Window, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, err
	}
	after := store.Micros(s.now())
	if all {
		after = 0
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = store.List(ctx, tx, scan, `select `+columns+` from release_freeze where ends > $1 and ($1 = 0 or lifted = 0) order by ends desc, id limit 500`, after)
		return err
	})
	return list, err
}

// InForce returns the windows that are in force at a moment.
func InForce(ctx context.Context, tx *store.Tx, at time.Time) (Windows, error) {
	return store.List(ctx, tx, scan, `select `+columns+` from release_freeze where ends > $1 and begins <= $1 and lifted = 0 order by ends desc, id`, store.Micros(at))
}

const columns = `id, name, reason, team, component, begins, ends, declared_by, declared, lifted, lifted_by, lifted_reason`

func scan(s store.Scanner) (Window, error) {
	var w Window
	var begins, ends, declared, lifted int64
	err := s.Scan(&w.ID, &w.Name, &w.Reason, &w.Team, &w.Component, &begins, &ends, &w.DeclaredBy, &declared, &lifted, &w.LiftedBy, &w.LiftedReason)
	w.Begins, w.Ends, w.Declared, w.Lifted = store.Time(begins), store.Time(ends), store.Time(declared), store.Time(lifted)
	return w, err
}

func insert(ctx context.Context, tx *store.Tx, w Window) error {
	_, err := tx.Exec(ctx, `insert into release_freeze (`+columns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, '', '')`,
		string(w.ID), w.Name, w.Reason, string(w.Team), string(w.Component), store.Micros(w.Begins), store.Micros(w.Ends), w.DeclaredBy, store.Micros(w.Declared))
	return err
}

func get(ctx context.Context, tx *store.Tx, id ref.Freeze) (Window, error) {
	w, err := store.One(ctx, tx, scan, `select `+columns+` from release_freeze where id = $1`, string(id))
	if errors.Is(err, store.ErrNone) {
		return w, errs.New(errs.NotFound, "there is no freeze %.100s", id).Do("list them: factory freeze list")
	}
	return w, err
}
