package team

import (
	"context"
	"errors"
	"slices"
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

// Members is what a team must know about who belongs to it. AddMember takes an
// identifier or a login; adding a member again changes nothing.
type Members interface {
	AddMember(ctx context.Context, tx *store.Tx, team ref.Team, account string) (access.Account, error)
	RemoveMember(ctx context.Context, tx *store.Tx, team ref.Team, account ref.Account) error
	MembersOf(ctx context.Context, tx *store.Tx, team ref.Team) ([]access.Account, error)
}

// Service keeps teams.
type Service struct {
	db      *store.DB
	journal *journal.Journal
	members Members
	now     func() time.Time
}

// New returns the service. It starts nothing.
func New(db *store.DB, j *journal.Journal, members Members, now func() time.Time) *Service {
	return &Service{db: db, journal: j, members: members, now: now}
}

// Create makes a team. The actor becomes its first member, unless it is a part
// of the factory itself.
func (s *Service) Create(ctx context.Context, who access.Actor, in Create) (t Team, err error) {
	if err := who.May(access.ManageTeams, string(in.ID)); err != nil {
		return Team{}, err
	}
	in, err = in.ready()
	if err != nil {
		return Team{}, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if current, err := s.full(ctx, tx, in.ID); err == nil {
			return errs.New(errs.Conflict, "team %s exists already", in.ID).With(current).Do("choose another name, or ask a member of team %s to add you", in.ID)
		} else if !errs.Is(err, errs.NotFound) {
			return err
		}
		if in.Key, err = freeKey(ctx, tx, in); err != nil {
			return err
		}
		made := Team{ID: in.ID, Name: in.Name, Key: in.Key, Mission: in.Mission, DayRate: in.DayRate, Created: s.now(), Version: 1}
		if err := insert(ctx, tx, made); err != nil {
			return err
		}
		var first access.Account
		if !system(who) {
			if first, err = s.members.AddMember(ctx, tx, in.ID, who.ID); err != nil {
				return err
			}
		}
		if err := s.journal.Append(ctx, tx, who.By(), ref.Of("team", in.ID), fact.TeamCreated{Team: in.ID, Name: in.Name, Key: in.Key}); err != nil {
			return err
		}
		if first.ID != "" {
			if err := s.joined(ctx, tx, who, in.ID, first); err != nil {
				return err
			}
		}
		t, err = s.full(ctx, tx, in.ID)
		return err
	})
	return t, err
}

// system reports whether the actor is a part of the factory, which cannot be a
// member of anything.
func system(who access.Actor) bool { return strings.HasPrefix(who.ID, "system/") }

// freeKey returns the key asked for if no other team has it, or the first free
// one that the name suggests.
func freeKey(ctx context.Context, tx *store.Tx, in Create) (string, error) {
	for n := 0; ; n++ {
		key := in.Key
		if key == "" {
			key = keyOf(in.Name, in.ID, n)
		}
		other, err := store.One(ctx, tx, store.Scan1[string], `select id from team_team where item_key = $1`, key)
		switch {
		case errors.Is(err, store.ErrNone):
			return key, nil
		case err != nil:
			return "", err
		case in.Key != "":
			return "", errs.New(errs.Conflict, "the key %s belongs to team %s", key, other).In("key", "is taken").Do("choose another key")
		}
	}
}

// Change sets a team's name, mission and day rate. When nothing differs,
// nothing happens, whatever the version.
func (s *Service) Change(ctx context.Context, who access.Actor, id ref.Team, in Change) (t Team, err error) {
	if err := who.May(access.ManageTeams, string(id)); err != nil {
		return Team{}, err
	}
	in.Name = strings.TrimSpace(in.Name)
	bad := errs.New(errs.Invalid, "team %s cannot be changed so", id)
	if describe(bad, in.Name, in.Mission, in.DayRate); len(bad.Fields) > 0 {
		return Team{}, bad
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if t, err = s.full(ctx, tx, id); err != nil {
			return err
		}
		fields := t.differs(in)
		if len(fields) == 0 {
			return nil
		}
		n, err := update(ctx, tx, id, in)
		if err != nil {
			return err
		}
		if err := store.Changed(n, "team "+string(id), t); err != nil {
			return err
		}
		if t, err = s.full(ctx, tx, id); err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("team", id), fact.TeamChanged{Team: id, Fields: fields, Name: t.Name})
	})
	return t, err
}

func (t Team) differs(in Change) (fields []string) {
	if t.Name != in.Name {
		fields = append(fields, "name")
	}
	if t.Mission != in.Mission {
		fields = append(fields, "mission")
	}
	if cents(t.DayRate) != cents(in.DayRate) {
		fields = append(fields, "dayRate")
	}
	return fields
}

// AddMember makes an account, named by identifier or login, a member. Doing it
// again changes nothing.
func (s *Service) AddMember(ctx context.Context, who access.Actor, id ref.Team, account string) (t Team, err error) {
	if err := who.May(access.ManageTeams, string(id)); err != nil {
		return Team{}, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if t, err = s.full(ctx, tx, id); err != nil {
			return err
		}
		if slices.ContainsFunc(t.Members, named(account)) {
			return nil
		}
		added, err := s.members.AddMember(ctx, tx, id, account)
		if err != nil {
			return err
		}
		if t, err = s.full(ctx, tx, id); err != nil {
			return err
		}
		return s.joined(ctx, tx, who, id, added)
	})
	return t, err
}

func named(account string) func(access.Account) bool {
	return func(a access.Account) bool { return string(a.ID) == account || a.Login == account }
}

func (s *Service) joined(ctx context.Context, tx *store.Tx, who access.Actor, id ref.Team, a access.Account) error {
	return s.journal.Append(ctx, tx, who.By(), ref.Of("team", id), fact.TeamJoined{Team: id, Account: a.ID, Name: a.Name})
}

// RemoveMember takes an account, named by identifier or login, out of a team.
// The last member stays: what the team owns would have no owner.
func (s *Service) RemoveMember(ctx context.Context, who access.Actor, id ref.Team, account string) (t Team, err error) {
	if err := who.May(access.ManageTeams, string(id)); err != nil {
		return Team{}, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if t, err = s.full(ctx, tx, id); err != nil {
			return err
		}
		at := slices.IndexFunc(t.Members, named(account))
		if at < 0 {
			return errs.New(errs.NotFound, "%q is no member of team %s", account, id).Do("list the members: factory team show %s", id)
		}
		if len(t.Members) == 1 {
			return errs.New(errs.Blocked, "%s is the last member of team %s, and what the team owns needs an owner", t.Members[at].Name, id).Do("add another member first")
		}
		gone := t.Members[at].ID
		if err := s.members.RemoveMember(ctx, tx, id, gone); err != nil {
			return err
		}
		if t, err = s.full(ctx, tx, id); err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("team", id), fact.TeamLeft{Team: id, Account: gone})
	})
	return t, err
}

// Get returns a team with its members and components.
func (s *Service) Get(ctx context.Context, who access.Actor, id ref.Team) (t Team, err error) {
	if err := who.May(access.Read, string(id)); err != nil {
		return Team{}, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		t, err = s.full(ctx, tx, id)
		return err
	})
	return t, err
}

// List returns teams by identifier, a page at a time.
func (s *Service) List(ctx context.Context, who access.Actor, ask page.Ask) (list []Team, next string, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, "", err
	}
	after := ""
	if _, err := ask.Key(&after); err != nil {
		return nil, "", err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if list, err = listAfter(ctx, tx, after, ask.Size()+1); err != nil {
			return err
		}
		list, next = page.Of(ask, list, func(t Team) any { return t.ID })
		for i := range list {
			members, err := s.members.MembersOf(ctx, tx, list[i].ID)
			if err != nil {
				return err
			}
			list[i].Counts.Members = len(members)
		}
		return nil
	})
	return list, next, err
}

// Key returns the prefix of a team's items as part of tx.
func (s *Service) Key(ctx context.Context, tx *store.Tx, id ref.Team) (string, error) {
	t, err := get(ctx, tx, id)
	return t.Key, err
}

// full reads a team with its members and components.
func (s *Service) full(ctx context.Context, tx *store.Tx, id ref.Team) (Team, error) {
	t, err := get(ctx, tx, id)
	if err != nil {
		return Team{}, err
	}
	if t.Members, err = s.members.MembersOf(ctx, tx, id); err != nil {
		return Team{}, err
	}
	t.Counts.Members = len(t.Members)
	t.Components, err = components(ctx, tx, id)
	return t, err
}
