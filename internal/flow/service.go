package flow

import (
	"context"
	"fmt"
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

// Teams knows the teams. Key returns the prefix of a team's items, or an
// errs.NotFound.
type Teams interface {
	Key(ctx context.Context, tx *store.Tx, team ref.Team) (string, error)
}

// Features knows the features.
type Features interface {
	HasFeature(ctx context.Context, tx *store.Tx, feature ref.Feature) (bool, error)
}

// Service keeps items and boards.
type Service struct {
	db       *store.DB
	journal  *journal.Journal
	teams    Teams
	features Features
	now      func() time.Time
}

// New returns the service. It starts nothing.
func New(db *store.DB, j *journal.Journal, teams Teams, features Features, now func() time.Time) *Service {
	return &Service{db: db, journal: j, teams: teams, features: features, now: now}
}

// Create puts a new item at the end of its team's ready column.
func (s *Service) Create(ctx context.Context, who access.Actor, in Create) (item Item, err error) {
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		item, err = s.CreateIn(ctx, tx, who, in)
		return err
	})
	return item, err
}

// CreateIn is Create within a transaction of another, whose change must not be
// without the item, nor the item without it.
func (s *Service) CreateIn(ctx context.Context, tx *store.Tx, who access.Actor, in Create) (item Item, err error) {
	if err := who.May(access.PlanWork, string(in.Team)); err != nil {
		return Item{}, err
	}
	if in.Type == "" {
		in.Type = Feature
	}
	in.Title = strings.TrimSpace(in.Title)
	if err := check("the item cannot be created", in.Type, in.Title, in.Description, in.Assignee); err != nil {
		return Item{}, err
	}
	key, err := s.teams.Key(ctx, tx, in.Team)
	if err != nil {
		return Item{}, err
	}
	if err := s.feature(ctx, tx, in.Feature); err != nil {
		return Item{}, err
	}
	number, err := nextNumber(ctx, tx, in.Team)
	if err != nil {
		return Item{}, err
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	item = Item{
		ID: ref.Item(fmt.Sprintf("%s-%d", key, number)), Team: in.Team, Number: number, Type: in.Type, Title: in.Title,
		Description: in.Description, Feature: in.Feature, Assignee: in.Assignee, State: Ready, Created: now, Since: now, Version: 1, Moves: 1,
		Last: Move{To: Ready, At: now, Because: "created", Actor: who.Name},
	}
	if item.Rank, err = endOf(ctx, tx, in.Team, Ready); err != nil {
		return Item{}, err
	}
	if err := insert(ctx, tx, item); err != nil {
		return Item{}, err
	}
	return item, s.journal.Append(ctx, tx, who.By(), ref.Of("item", item.ID),
		fact.ItemCreated{Item: item.ID, Team: item.Team, Feature: item.Feature, Type: string(item.Type), Title: item.Title})
}

// feature refuses a feature that does not exist.
func (s *Service) feature(ctx context.Context, tx *store.Tx, id ref.Feature) error {
	if id == "" {
		return nil
	}
	known, err := s.features.HasFeature(ctx, tx, id)
	if err == nil && !known {
		return errs.New(errs.Invalid, "there is no feature %q to link the item to", id).In("feature", "does not exist").Do("list the features, or leave the link out")
	}
	return err
}

// Change sets what an item says. When nothing differs, nothing happens,
// whatever the version.
func (s *Service) Change(ctx context.Context, who access.Actor, id ref.Item, in Change) (item Item, err error) {
	in.Title = strings.TrimSpace(in.Title)
	err = s.edit(ctx, who, id, 0, func(tx *store.Tx, now Item) error {
		if err := check(fmt.Sprintf("%s cannot be changed so", id), in.Type, in.Title, in.Description, in.Assignee); err != nil {
			return err
		}
		item = now
		fields := now.differs(in)
		if len(fields) == 0 {
			return nil
		}
		if err := fresh(now, in.Version); err != nil {
			return err
		}
		if in.Feature != now.Feature {
			if err := s.feature(ctx, tx, in.Feature); err != nil {
				return err
			}
		}
		item.Type, item.Title, item.Description, item.Feature, item.Assignee = in.Type, in.Title, in.Description, in.Feature, in.Assignee
		item.Version++
		if err := save(ctx, tx, item); err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("item", id), fact.ItemChanged{Item: id, Team: item.Team, Fields: fields, Title: item.Title, Feature: item.Feature})
	})
	return item, err
}

// edit runs f on an item with its team's row locked, so that limits and ranks
// hold against others. A version other than 0 must be the current one.
func (s *Service) edit(ctx context.Context, who access.Actor, id ref.Item, version int64, f func(tx *store.Tx, item Item) error) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		item, err := get(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := who.May(access.PlanWork, string(item.Team)); err != nil {
			return err
		}
		if err := lock(ctx, tx, item.Team); err != nil {
			return err
		}
		if item, err = get(ctx, tx, id); err != nil {
			return err
		}
		if version != 0 {
			if err := fresh(item, version); err != nil {
				return err
			}
		}
		return f(tx, item)
	})
}

// fresh refuses a change that is based on a version that is no longer.
func fresh(item Item, version int64) error {
	if item.Version == version {
		return nil
	}
	return store.Changed(0, "item "+string(item.ID), item)
}

// Block says why an item cannot go on; the same reason again changes nothing.
func (s *Service) Block(ctx context.Context, who access.Actor, id ref.Item, reason string) (Item, error) {
	reason = strings.TrimSpace(reason)
	if n := len([]rune(reason)); n == 0 || n > 500 {
		return Item{}, errs.New(errs.Invalid, "what blocks %s must be said in 1 to 500 characters", id).In("reason", "must have 1 to 500 characters")
	}
	return s.setBlocked(ctx, who, id, reason)
}

// Unblock says that an item can go on again.
func (s *Service) Unblock(ctx context.Context, who access.Actor, id ref.Item) (Item, error) {
	return s.setBlocked(ctx, who, id, "")
}

func (s *Service) setBlocked(ctx context.Context, who access.Actor, id ref.Item, reason string) (item Item, err error) {
	err = s.edit(ctx, who, id, 0, func(tx *store.Tx, now Item) error {
		item = now
		if now.Blocked == reason {
			return nil
		}
		if reason != "" && now.State == Done {
			return errs.New(errs.Blocked, "%s is done, so nothing can block it", id).Do("move it back first, or create an item for what is left")
		}
		item.Blocked, item.BlockedSince = reason, time.Time{}
		if reason != "" {
			item.BlockedSince = s.now().UTC().Truncate(time.Microsecond)
		}
		item.Version++
		if err := save(ctx, tx, item); err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("item", id), fact.ItemBlocked{Item: id, Team: item.Team, Reason: reason})
	})
	return item, err
}

// Get returns an item with all its transitions, oldest first.
func (s *Service) Get(ctx context.Context, who access.Actor, id ref.Item) (item Item, moves []Move, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if item, err = get(ctx, tx, id); err != nil {
			return err
		}
		if err := who.May(access.Read, string(item.Team)); err != nil {
			return err
		}
		moves, err = movesOf(ctx, tx, id)
		return err
	})
	return item, moves, err
}

// Filter narrows a list of items; empty fields do not.
type Filter struct {
	Team     ref.Team
	State    State
	Type     Type
	Feature  ref.Feature
	Assignee string
	Text     string // in the title or the identifier, whatever its case
}

// List returns items, newest first, a page at a time.
func (s *Service) List(ctx context.Context, who access.Actor, f Filter, ask page.Ask) (list []Item, next string, err error) {
	if err := who.May(access.Read, string(f.Team)); err != nil {
		return nil, "", err
	}
	var after listKey
	more, err := ask.Key(&after)
	if err != nil {
		return nil, "", err
	}
	if !more {
		after = listKey{Created: 1 << 62}
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = listItems(ctx, tx, f, after, ask.Size()+1)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	list, next = page.Of(ask, list, func(i Item) any { return listKey{store.Micros(i.Created), string(i.ID)} })
	return list, next, nil
}
