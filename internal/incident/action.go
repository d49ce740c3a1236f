package incident

import (
	"context"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// Board is where a team's work stands.
type Board interface {
	// Add puts an item on the team's board, in the transaction.
	Add(ctx context.Context, tx *store.Tx, who access.Actor, team ref.Team, title, description string) (ref.Item, error)
	// Card returns where an item stands.
	Card(ctx context.Context, who access.Actor, item ref.Item) (Card, error)
}

// Card is an item as its board shows it.
type Card struct {
	Title    string
	State    string
	Assignee string
	Blocked  string // why it cannot go on; empty when it can
}

// Action is an action item of an incident: an item on the owning team's board.
type Action struct {
	Item  ref.Item
	At    time.Time
	Actor string // name of who added it
	Card         // as it stands now
}

// AddAction puts what shall be done because of an incident on the owning
// team's board. It may be done before, while or after the review is written.
func (s *Service) AddAction(ctx context.Context, who access.Actor, id ref.Incident, title, description string) (Review, error) {
	title, description = strings.TrimSpace(title), strings.TrimSpace(description)
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		i, err := get(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := who.May(access.PlanWork, string(i.Team)); err != nil {
			return err
		}
		if n := len([]rune(title)); n == 0 || n > 200 {
			return errs.New(errs.Invalid, "the action item cannot be added").In("title", "must have 1 to 200 characters")
		}
		item, err := s.board.Add(ctx, tx, who, i.Team, title, strings.TrimSpace(description+"\n\nAction item of the incident “"+i.Title+"”."))
		if err != nil {
			return err
		}
		a := Action{Item: item, At: s.now().UTC().Truncate(time.Microsecond), Actor: who.Name, Card: Card{Title: title}}
		if err := keepAction(ctx, tx, id, a); err != nil {
			return err
		}
		if err := enter(ctx, tx, i.Component, id, Entry{At: a.At, Kind: fact.IncidentFollowedUp{}.Kind(), Text: "action item " + string(item) + ": " + title, Subject: ref.Of("item", item), Actor: who.Name}); err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("incident", id), fact.IncidentFollowedUp{
			Incident: id, Component: i.Component, Team: i.Team, Item: item, Title: title,
		})
	})
	if err != nil {
		return Review{}, err
	}
	return s.Review(ctx, who, id)
}
