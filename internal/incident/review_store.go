package incident

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// reviewOf returns what is stored of an incident's review.
func reviewOf(ctx context.Context, tx *store.Tx, i Incident) (Review, error) {
	r, err := store.One(ctx, tx, func(s store.Scanner) (r Review, err error) {
		var numbers string
		var changed, published int64
		if err := s.Scan(&r.State, &r.Version, &r.Text.Happened, &r.Text.Impact, &r.Text.Changed, &r.Text.Well, &r.Text.Learn, &numbers,
			&changed, &r.ChangedBy, &published, &r.PublishedBy); err != nil {
			return r, err
		}
		r.Changed, r.Published = store.Time(changed), store.Time(published)
		if err := json.Unmarshal([]byte(numbers), &r.Numbers); err != nil {
			return r, fmt.Errorf("decode the numbers of a review: %w", err)
		}
		return r, nil
	}, `select state, version, happened, impact, changed, well, learn, numbers, changed_at, changed_by, published_at, published_by
		from incident_review where incident = $1`, string(i.ID))
	if errors.Is(err, store.ErrNone) {
		r, err = Review{State: Draft}, nil
	}
	if err != nil {
		return r, err
	}
	r.Incident, r.Team = i.ID, i.Team
	r.Actions, err = actionsOf(ctx, tx, i.ID)
	return r, err
}

// keepReview stores a review, of which the caller has made sure that it is the
// next version.
func keepReview(ctx context.Context, tx *store.Tx, r Review) error {
	numbers, err := json.Marshal(r.Numbers)
	if err != nil {
		return fmt.Errorf("keep the numbers of a review: %w", err)
	}
	_, err = tx.Exec(ctx, `insert into incident_review (incident, state, version, happened, impact, changed, well, learn, numbers, changed_at, changed_by, published_at, published_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		on conflict (incident) do update set state = $2, version = $3, happened = $4, impact = $5, changed = $6, well = $7, learn = $8, numbers = $9,
			changed_at = $10, changed_by = $11, published_at = $12, published_by = $13`,
		string(r.Incident), string(r.State), r.Version, r.Text.Happened, r.Text.Impact, r.Text.Changed, r.Text.Well, r.Text.Learn, string(numbers),
		store.Micros(r.Changed), r.ChangedBy, store.Micros(r.Published), r.PublishedBy)
	return err
}

func keepAction(ctx context.Context, tx *store.Tx, id ref.Incident, a Action) error {
	_, err := tx.Exec(ctx, `insert into incident_action (incident, item, title, at, actor) values ($1, $2, $3, $4, $5)`,
		string(id), string(a.Item), a.Title, store.Micros(a.At), a.Actor)
	return err
}

// actionsOf returns the action items of an incident, oldest first, with the
// titles that they were given.
func actionsOf(ctx context.Context, tx *store.Tx, id ref.Incident) ([]Action, error) {
	return store.List(ctx, tx, func(s store.Scanner) (Action, error) {
		var a Action
		var at int64
		err := s.Scan(&a.Item, &a.Title, &at, &a.Actor)
		a.At = store.Time(at)
		return a, err
	}, `select item, title, at, actor from incident_action where incident = $1 order by at, item`, string(id))
}
