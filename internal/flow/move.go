package flow

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// Pull starts work on a ready item, within the limit of the building column.
// Version 0 stands for whatever it is now. An item without assignee is assigned
// to assignee, or to whoever pulls it.
func (s *Service) Pull(ctx context.Context, who access.Actor, id ref.Item, version int64, assignee string) (item Item, err error) {
	err = s.edit(ctx, who, id, version, func(tx *store.Tx, now Item) error {
		item = now
		switch {
		case now.State != Ready:
			return errs.New(errs.Conflict, "%s is %s already: %s", id, now.State, now.Last.Because).With(now).Do("pull another item from the top of the ready column")
		case now.Blocked != "":
			return errs.New(errs.Blocked, "%s is blocked: %s", id, now.Blocked).Do("solve that and run: factory item unblock %s", id)
		}
		if err := room(ctx, tx, now, Building); err != nil {
			return err
		}
		item.Assignee = firstOf(assignee, now.Assignee, who.Login)
		item.Rank, err = endOf(ctx, tx, now.Team, Building)
		if err != nil {
			return err
		}
		item, err = s.transit(ctx, tx, who.By(), item, Move{To: Building, Because: "pulled by " + who.Name, Actor: who.Name})
		return err
	})
	return item, err
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// To says where a person wants an item.
type To struct {
	Version int64    // 0 stands for whatever it is now
	State   State    // empty: the column it is in
	Before  ref.Item // an item of that column that shall stand right after it; empty: to the end
	Because string   // may be empty
}

// Move puts an item into another column within that column's limit, or to
// another place in its own.
func (s *Service) Move(ctx context.Context, who access.Actor, id ref.Item, to To) (item Item, err error) {
	to.Because = strings.TrimSpace(to.Because)
	err = s.edit(ctx, who, id, to.Version, func(tx *store.Tx, now Item) error {
		item = now
		if to.State == "" {
			to.State = now.State
		}
		if !slices.Contains(States(), to.State) {
			return errs.New(errs.Invalid, "%q is no column of a board", to.State).In("to", "must be one of %v", States())
		}
		if len([]rune(to.Because)) > 500 {
			return errs.New(errs.Invalid, "%s cannot be moved so", id).In("because", "must have at most 500 characters")
		}
		if to.State != now.State {
			if err := room(ctx, tx, now, to.State); err != nil {
				return err
			}
		}
		if item.Rank, err = place(ctx, tx, now, to); err != nil {
			return err
		}
		if to.State == now.State {
			if item.Rank == now.Rank {
				return nil
			}
			item.Version++
			if err := save(ctx, tx, item); err != nil {
				return err
			}
			return s.journal.Append(ctx, tx, who.By(), ref.Of("item", id), fact.ItemChanged{Item: id, Team: item.Team, Fields: []string{"rank"}, Title: item.Title, Feature: item.Feature})
		}
		item, err = s.transit(ctx, tx, who.By(), item, Move{To: to.State, Because: firstOf(to.Because, "moved by "+who.Name), Actor: who.Name})
		return err
	})
	return item, err
}

// room refuses a person when a column is full.
func room(ctx context.Context, tx *store.Tx, item Item, to State) error {
	limits, _, err := limitsOf(ctx, tx, item.Team)
	if err != nil {
		return err
	}
	limit := limits.Of(to)
	if limit == 0 {
		return nil
	}
	in, err := column(ctx, tx, item.Team, to, limit+20)
	if err != nil || len(in) < limit {
		return err
	}
	n, err := countIn(ctx, tx, item.Team, to)
	if err != nil {
		return err
	}
	names := make([]string, 0, 5)
	for _, i := range oldestFirst(in) {
		name := string(i.ID)
		if i.Blocked != "" {
			name += " (blocked)"
		}
		if names = append(names, name); len(names) == 5 {
			break
		}
	}
	return errs.New(errs.Blocked, "%s of team %s is full: %d/%d", to, item.Team, n, limit).
		With(map[string]any{"column": to, "count": n, "limit": limit, "items": names}).
		Do("finish one of these first, oldest first: %s", strings.Join(names, ", "))
}

func oldestFirst(items []Item) []Item {
	items = slices.Clone(items)
	slices.SortFunc(items, func(a, b Item) int { return a.Since.Compare(b.Since) })
	return items
}

// place finds the rank of an item at its new place.
func place(ctx context.Context, tx *store.Tx, item Item, to To) (int64, error) {
	if to.Before == "" {
		last, err := isLast(ctx, tx, item, to.State)
		if err != nil || last {
			return item.Rank, err
		}
		return endOf(ctx, tx, item.Team, to.State)
	}
	if to.Before == item.ID {
		return item.Rank, nil
	}
	next, err := get(ctx, tx, to.Before)
	if err != nil {
		return 0, err
	}
	if next.Team != item.Team || next.State != to.State {
		return 0, errs.New(errs.Conflict, "%s is in %s of team %s, so %s cannot stand before it in %s", next.ID, next.State, next.Team, item.ID, to.State).
			With(next).Do("look at the board again and repeat the move")
	}
	return before(ctx, tx, item, next)
}

// transit records a transition of an item whose other fields the caller has
// set, and tells it. The zero time of m.At stands for now.
func (s *Service) transit(ctx context.Context, tx *store.Tx, by journal.By, item Item, m Move) (Item, error) {
	m.From = item.State
	if m.At.IsZero() {
		m.At = s.now()
	}
	m.At = m.At.UTC().Truncate(time.Microsecond)
	item.State, item.Since, item.Last = m.To, m.At, m
	if item.Started.IsZero() && m.To != Ready {
		item.Started = m.At
	}
	item.Done = time.Time{}
	if m.To == Done {
		item.Done = m.At
		item.Blocked, item.BlockedSince = "", time.Time{}
	}
	item.Moves++
	item.Version++
	if err := save(ctx, tx, item); err != nil {
		return item, err
	}
	if err := insertMove(ctx, tx, item); err != nil {
		return item, err
	}
	err := s.journal.Append(ctx, tx, by, ref.Of("item", item.ID), fact.ItemMoved{
		Item: item.ID, Team: item.Team, Feature: item.Feature, From: string(m.From), To: string(m.To), Because: m.Because,
	})
	if err != nil {
		return item, fmt.Errorf("tell that %s moved: %w", item.ID, err)
	}
	return item, nil
}
