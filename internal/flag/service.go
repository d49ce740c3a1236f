package flag

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

// Service keeps flags and evaluates them.
type Service struct {
	db         *store.DB
	journal    *journal.Journal
	components Components
	features   Features
	now        func() time.Time
	table      *table
}

// New returns the service. It starts nothing; Load comes before the first
// evaluation.
func New(db *store.DB, j *journal.Journal, c Components, f Features, now func() time.Time) *Service {
	return &Service{db: db, journal: j, components: c, features: f, now: now, table: newTable()}
}

func (s *Service) clock() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// Create makes a flag that is off everywhere.
func (s *Service) Create(ctx context.Context, who access.Actor, in Create) (f Flag, err error) {
	team, err := s.components.Owner(ctx, in.Component)
	if err != nil {
		return Flag{}, err
	}
	if err := who.May(access.Operate, string(team)); err != nil {
		return Flag{}, err
	}
	if in, err = in.ready(); err != nil {
		return Flag{}, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if err := s.feature(ctx, tx, in.Feature); err != nil {
			return err
		}
		f = Flag{ID: ref.Flag(string(in.Component) + ":" + in.Key), Component: in.Component, Key: in.Key, Team: team, Fields: in.Fields, Created: s.clock(), Version: 1}
		for _, e := range Environments() {
			f.Settings = append(f.Settings, Setting{Environment: e, State: Off})
		}
		if err := insert(ctx, tx, f); err != nil {
			return err
		}
		if err := age(ctx, tx); err != nil {
			return err
		}
		return s.told(ctx, tx, who, f, fact.FlagCreated{Flag: f.ID, Key: f.Key, Component: f.Component, Team: f.Team, Title: f.Title, Feature: f.Feature})
	})
	return f, err
}

// feature refuses a feature that does not exist.
func (s *Service) feature(ctx context.Context, tx *store.Tx, id ref.Feature) error {
	if id == "" {
		return nil
	}
	known, err := s.features.HasFeature(ctx, tx, id)
	if err == nil && !known {
		return errs.New(errs.Invalid, "there is no feature %q for the flag to guard", id).In("feature", "does not exist").Do("list the features: factory feature list; or leave it out")
	}
	return err
}

// told appends a fact about a flag, and lets evaluation see the flag as soon as
// that is committed.
func (s *Service) told(ctx context.Context, tx *store.Tx, who access.Actor, f Flag, p fact.Payload) error {
	tx.After(func() { s.table.put(f) })
	return s.journal.Append(ctx, tx, who.By(), ref.Of("flag", f.ID), p)
}

// Change sets what a flag says of itself. When nothing differs, nothing
// happens, whatever the version.
func (s *Service) Change(ctx context.Context, who access.Actor, id ref.Flag, version int64, in Fields) (f Flag, err error) {
	err = s.touch(ctx, who, id, func(tx *store.Tx, now Flag) error {
		bad := errs.New(errs.Invalid, "flag %s cannot be changed so", id)
		fields := in.ready(bad)
		if err := orNil(bad); err != nil {
			return err
		}
		f = now
		differs := fields.differs(now.Fields)
		if len(differs) == 0 {
			return nil
		}
		if fields.Feature != now.Feature {
			if err := s.feature(ctx, tx, fields.Feature); err != nil {
				return err
			}
		}
		if f, err = s.claimed(ctx, tx, now, version, false); err != nil {
			return err
		}
		f.Fields = fields
		if err := save(ctx, tx, f); err != nil {
			return err
		}
		return s.told(ctx, tx, who, f, fact.FlagChanged{Flag: id, Component: f.Component, Team: f.Team, Title: f.Title, Feature: f.Feature, Fields: differs})
	})
	return f, err
}

// Switch says for whom a flag is on in an environment from now on. When that is
// so already, nothing happens, whatever the version.
func (s *Service) Switch(ctx context.Context, who access.Actor, id ref.Flag, in Switch) (f Flag, err error) {
	err = s.touch(ctx, who, id, func(tx *store.Tx, now Flag) error {
		to, err := in.setting()
		if err != nil {
			return err
		}
		f = now
		if now.In(in.Environment).same(to) {
			return nil
		}
		if f, err = s.claimed(ctx, tx, now, in.Version, false); err != nil {
			return err
		}
		return s.set(ctx, tx, who, &f, to, false)
	})
	return f, err
}

// Kill switches a flag off in an environment at once. It takes no version: it
// must not fail because somebody else was quicker. When the flag is off
// already, nothing happens.
func (s *Service) Kill(ctx context.Context, who access.Actor, id ref.Flag, e ref.Environment, reason string) (f Flag, err error) {
	err = s.touch(ctx, who, id, func(tx *store.Tx, now Flag) error {
		to, err := Switch{Environment: e, State: Off, Reason: reason}.setting()
		if err != nil {
			return err
		}
		if strings.TrimSpace(reason) == "" {
			return errs.New(errs.Invalid, "the feature cannot be killed so").In("reason", "say in a few words why; it is kept for ever")
		}
		if f = now; now.In(e).State == Off {
			return nil
		}
		if f, err = s.claimed(ctx, tx, now, 0, true); err != nil {
			return err
		}
		return s.set(ctx, tx, who, &f, to, true)
	})
	return f, err
}

// claimed returns the flag, which nobody else changes any more, under its next
// version. Another version than the one that the change is based on is an
// errs.Conflict with the current Flag, except for whatever.
func (s *Service) claimed(ctx context.Context, tx *store.Tx, now Flag, version int64, whatever bool) (Flag, error) {
	ok, err := claim(ctx, tx, now.ID, version, whatever)
	if err != nil {
		return now, err
	}
	current, err := get(ctx, tx, now.ID)
	if err != nil {
		return now, err
	}
	if !ok {
		return now, store.Changed(0, "flag "+string(now.ID), current)
	}
	return current, open(current)
}

// open refuses a flag that is archived.
func open(f Flag) error {
	if f.Archived.IsZero() {
		return nil
	}
	return errs.New(errs.Blocked, "flag %s is archived since %s: nothing asks for it any more", f.ID, f.Archived.Format(time.DateOnly)).
		Do("create a flag under another key")
}

// set writes and tells a new setting of a claimed flag.
func (s *Service) set(ctx context.Context, tx *store.Tx, who access.Actor, f *Flag, to Setting, killed bool) error {
	from := f.In(to.Environment).State
	to.Changed, to.ChangedBy = s.clock(), who.Name
	*f = f.with(to)
	if err := save(ctx, tx, *f); err != nil {
		return err
	}
	return s.told(ctx, tx, who, *f, fact.FlagSwitched{
		Flag: f.ID, Key: f.Key, Component: f.Component, Team: f.Team, Feature: f.Feature, Environment: to.Environment,
		From: string(from), To: string(to.State), Percent: to.Percent(), Units: to.Units, Killed: killed, Reason: to.Reason,
	})
}

// Percent is the share in percent, 0 to 100.
func (s Setting) Percent() float64 { return float64(s.Share) / 100 }

// Archive ends a flag: it is not evaluated any more, so code that still asks
// gets its own default.
func (s *Service) Archive(ctx context.Context, who access.Actor, id ref.Flag, version int64, reason string) (f Flag, err error) {
	err = s.touch(ctx, who, id, func(tx *store.Tx, now Flag) error {
		bad := errs.New(errs.Invalid, "flag %s cannot be archived so", id)
		reason = strings.TrimSpace(reason)
		checkReason(bad, reason, true)
		if err := orNil(bad); err != nil {
			return err
		}
		if f, err = s.claimed(ctx, tx, now, version, false); err != nil {
			return err
		}
		f.Archived, f.ArchivedReason = s.clock(), reason
		if err := save(ctx, tx, f); err != nil {
			return err
		}
		return s.told(ctx, tx, who, f, fact.FlagArchived{Flag: f.ID, Key: f.Key, Component: f.Component, Team: f.Team, Feature: f.Feature, Reason: reason})
	})
	return f, err
}

// touch runs f on a flag that the actor may operate on and that is not
// archived.
func (s *Service) touch(ctx context.Context, who access.Actor, id ref.Flag, f func(tx *store.Tx, now Flag) error) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		now, err := get(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := who.May(access.Operate, string(now.Team)); err != nil {
			return err
		}
		if err := open(now); err != nil {
			return err
		}
		return f(tx, now)
	})
}

// Get returns one flag.
func (s *Service) Get(ctx context.Context, who access.Actor, id ref.Flag) (f Flag, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return Flag{}, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		f, err = get(ctx, tx, id)
		return err
	})
	return f, err
}

// Filter narrows a list of flags; empty fields do not.
type Filter struct {
	Component ref.Component
	Feature   ref.Feature
	Team      ref.Team
	On        ref.Environment // only those that are on there, for a cohort at least
	Archived  bool            // those that are archived instead of the others
}

// List returns flags by component and key, a page at a time.
func (s *Service) List(ctx context.Context, who access.Actor, f Filter, ask page.Ask) (list []Flag, next string, err error) {
	if err := who.May(access.Read, string(f.Team)); err != nil {
		return nil, "", err
	}
	last := ""
	if _, err := ask.Key(&last); err != nil {
		return nil, "", err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = after(ctx, tx, f, last, ask.Size()+1)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	list, next = page.Of(ask, list, func(f Flag) any { return f.ID })
	return list, next, nil
}
