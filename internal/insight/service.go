package insight

import (
	"context"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/journal"
)

// Service answers what the facts add up to.
type Service struct {
	db  *store.DB
	now func() time.Time
}

// New returns the service. It starts nothing.
func New(db *store.DB, now func() time.Time) *Service { return &Service{db: db, now: now} }

// The followers, one per projection.
const (
	deliveryFollower = "insight.delivery"
	streamFollower   = "insight.stream"
)

// Follow registers the followers that keep the projections.
func (s *Service) Follow(j *journal.Journal) {
	j.Follow(journal.Follower{Name: deliveryFollower, Kinds: deliveryKinds(), Handle: deliver})
	j.Follow(journal.Follower{Name: streamFollower, Handle: stream})
}

// Rebuild empties the projections and reads all facts again.
func (s *Service) Rebuild(ctx context.Context, j *journal.Journal) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		for _, table := range []string{
			"insight_component", "insight_commit", "insight_deployment", "insight_incident",
			"insight_thing", "insight_need", "insight_passed", "insight_outcome", "insight_point", "insight_recent",
		} {
			if _, err := tx.Exec(ctx, `delete from `+table); err != nil {
				return err
			}
		}
		for _, name := range []string{deliveryFollower, streamFollower} {
			if err := j.Rewind(ctx, tx, name); err != nil {
				return err
			}
		}
		return nil
	})
}

// The range of a question about figures.
const (
	usual  = 30 * 24 * time.Hour
	widest = 5 * 366 * 24 * time.Hour
)

// Dora is the five metrics of a scope.
type Dora struct {
	Scope
	Metrics []Metric
}

// Dora computes the five metrics of software delivery performance. A zero To
// is now, a zero From 30 days before To.
func (s *Service) Dora(ctx context.Context, who access.Actor, scope Scope) (Dora, error) {
	if err := who.May(access.Read, string(scope.Team)); err != nil {
		return Dora{}, err
	}
	now := s.now().UTC()
	if scope.To.IsZero() {
		scope.To = now
	}
	if scope.From.IsZero() {
		scope.From = scope.To.Add(-usual)
	}
	scope.From, scope.To = scope.From.UTC(), scope.To.UTC()
	bad := errs.New(errs.Invalid, "the range cannot be measured")
	if !scope.From.Before(scope.To) {
		bad.In("from", "must be before to")
	} else if scope.To.Sub(scope.From) > widest {
		bad.In("from", "must be at most five years before to")
	}
	if len(bad.Fields) > 0 {
		return Dora{}, bad
	}
	var h history
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if scope.Component != "" {
			created, err := createdAt(ctx, tx, scope.Component)
			if err != nil {
				return err
			}
			if created.IsZero() {
				return errs.New(errs.NotFound, "there is no component %q", scope.Component).Do("list the components: factory component list")
			}
		}
		h, err = historyOf(ctx, tx, scope)
		return err
	})
	if err != nil {
		return Dora{}, err
	}
	return Dora{scope, dora(h, scope, now)}, nil
}

// Floor returns the whole value stream as one picture.
func (s *Service) Floor(ctx context.Context, who access.Actor) (f Floor, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return Floor{}, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		f, err = floorOf(ctx, tx, s.now().UTC().Truncate(time.Microsecond))
		return err
	})
	return f, err
}
