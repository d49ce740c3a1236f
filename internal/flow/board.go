package flow

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// What a board shows.
const (
	ColumnShown  = 200                 // items of a column
	DoneShown    = 14 * 24 * time.Hour // how long done items stay on the board
	CycleWindow  = 90 * 24 * time.Hour // items that cycle time is computed of
	CycleMost    = 1000                // and at most so many, the latest
	CycleMinimum = 5                   // below, cycle time is "too few"
)

// Board is a team's work by state.
type Board struct {
	Team       ref.Team
	Columns    []Column // in the order of States
	Cycle      Cycle
	Throughput []int // items done on each of the last 14 UTC days, today last
	Version    int64 // of the limits
}

// Column is one state of a board.
type Column struct {
	State State
	Limit int // 0: none
	Count int // all items in this state; for done, those of DoneShown
	Items []Item
}

// Cycle is the time from started to done of the items of CycleWindow.
type Cycle struct {
	N      int
	Median time.Duration // when N >= CycleMinimum
	P85    time.Duration // likewise: 85 of 100 items took at most this
}

// Board returns a team's board.
func (s *Service) Board(ctx context.Context, who access.Actor, team ref.Team) (b Board, err error) {
	if err := who.May(access.Read, string(team)); err != nil {
		return Board{}, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if _, err := s.teams.Key(ctx, tx, team); err != nil {
			return err
		}
		b, err = boardOf(ctx, tx, team, s.now().UTC())
		return err
	})
	return b, err
}

func boardOf(ctx context.Context, tx *store.Tx, team ref.Team, now time.Time) (b Board, err error) {
	b.Team = team
	var limits Limits
	if limits, b.Version, err = limitsOf(ctx, tx, team); err != nil {
		return b, err
	}
	for _, state := range States() {
		c := Column{State: state, Limit: limits.Of(state)}
		if state == Done {
			c.Items, err = doneSince(ctx, tx, team, now.Add(-DoneShown), ColumnShown)
		} else {
			c.Items, err = column(ctx, tx, team, state, ColumnShown)
		}
		if err != nil {
			return b, err
		}
		c.Count = len(c.Items)
		if c.Count == ColumnShown && state != Done {
			if c.Count, err = countIn(ctx, tx, team, state); err != nil {
				return b, err
			}
		}
		b.Columns = append(b.Columns, c)
	}
	today := now.Unix() / 86400
	days, err := doneByDay(ctx, tx, team, time.Unix((today-13)*86400, 0))
	if err != nil {
		return b, err
	}
	for day := today - 13; day <= today; day++ {
		b.Throughput = append(b.Throughput, days[day])
	}
	done := &b.Columns[len(b.Columns)-1]
	if done.Count == ColumnShown {
		if done.Count, err = countDone(ctx, tx, team, now.Add(-DoneShown)); err != nil {
			return b, err
		}
	}
	last, err := finishedSince(ctx, tx, team, now.Add(-CycleWindow), CycleMost)
	if err != nil {
		return b, err
	}
	b.Cycle = cycle(last)
	return b, nil
}

func cycle(last []finished) Cycle {
	spans := make([]float64, 0, len(last))
	for _, f := range last {
		if f.started > 0 {
			spans = append(spans, float64(max(0, f.done-f.started)))
		}
	}
	c := Cycle{N: len(spans)}
	if c.N >= CycleMinimum {
		slices.Sort(spans)
		c.Median = time.Duration(quantile(spans, 0.5)) * time.Microsecond
		c.P85 = time.Duration(quantile(spans, 0.85)) * time.Microsecond
	}
	return c
}

// quantile is the type-7 quantile (Hyndman and Fan 1996) of a sorted sample
// that is not empty.
func quantile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	low := int(math.Floor(at))
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

// SetLimits changes some columns' limits of work in progress (0 lifts one).
// When nothing differs, nothing happens, whatever the version.
func (s *Service) SetLimits(ctx context.Context, who access.Actor, team ref.Team, version int64, changes map[string]int) (b Board, err error) {
	if err := who.May(access.PlanWork, string(team)); err != nil {
		return Board{}, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.teams.Key(ctx, tx, team); err != nil {
			return err
		}
		if err := lock(ctx, tx, team); err != nil {
			return err
		}
		b, err = boardOf(ctx, tx, team, s.now().UTC())
		if err != nil {
			return err
		}
		old, current, err := limitsOf(ctx, tx, team)
		if err != nil {
			return err
		}
		next, err := old.with(changes)
		if err != nil || next == old {
			return err
		}
		if current != version {
			return store.Changed(0, "the board of team "+string(team), b)
		}
		if _, err := setLimits(ctx, tx, team, version, next); err != nil {
			return err
		}
		if b, err = boardOf(ctx, tx, team, s.now().UTC()); err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("team", team), fact.BoardChanged{
			Team: team, Limits: map[string]int{string(Building): next.Building, string(Verifying): next.Verifying, string(Releasing): next.Releasing},
		})
	})
	return b, err
}
