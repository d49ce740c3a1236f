// Package portfolio is where the company says why it exists, how it measures
// that, and what it bets on: a vision, objectives with key results that are
// queries over telemetry, and initiatives that pass the gates of a portfolio
// board and end in decisions on frozen evidence.
//
// # Owns
//
// The vision, objectives, key results and their history, initiatives,
// decisions (tables portfolio_*), and what it learned from facts about the
// features, items, rollouts and measured effects of its initiatives.
//
// # Tells
//
// vision.set, objective.created, objective.changed, key-result.created,
// key-result.changed, key-result.measured, initiative.created,
// initiative.changed, initiative.moved, initiative.decided.
//
// # Asks
//
// [Metrics] for the value of a key result's query.
//
// # Invariants
//
// There is one vision. A key result's value is measured, never typed. Scores
// rank only within their scoring set. An initiative leaves a state only
// through its gate, or by a decision. A decision and its evidence never
// change. A measured effect counts towards an initiative's result once per
// rollout, only when the rollout was promoted, and only with its own grade.
package portfolio

import (
	"context"
	"embed"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/journal"
)

//go:embed migrations
var files embed.FS

// Schema is the module's tables.
func Schema() store.Schema { return store.Schema{Module: "portfolio", Files: files} }

// Metrics answers a PromQL query that gives one value at one moment. ok is
// false when there is no data. A query that can never be answered is an
// errs.Invalid.
type Metrics interface {
	Instant(ctx context.Context, query string, at time.Time) (value float64, ok bool, err error)
}

// Options are the service's settings; the zero value is the default.
type Options struct {
	Every time.Duration // between two measurements of the key results; default 15 s
}

// Service is the portfolio.
type Service struct {
	db      *store.DB
	journal *journal.Journal
	metrics Metrics
	every   time.Duration
	now     func() time.Time
}

// New returns the service. It starts nothing.
func New(db *store.DB, j *journal.Journal, m Metrics, o Options, now func() time.Time) *Service {
	if o.Every <= 0 {
		o.Every = 15 * time.Second
	}
	return &Service{db: db, journal: j, metrics: m, every: o.Every, now: now}
}

// clock is the time in the precision that is stored.
func (s *Service) clock() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// wrong gathers the parts of a request that are wrong.
type wrong struct{ err *errs.Error }

func (w *wrong) in(at, format string, args ...any) {
	if w.err == nil {
		w.err = errs.New(errs.Invalid, "the request cannot be carried out as it stands").Do("correct the parts named and send it again")
	}
	w.err.In(at, format, args...)
}

// text checks a text's length in characters.
func (w *wrong) text(at, text string, least, most int) {
	n := len([]rune(text))
	switch {
	case n < least:
		w.in(at, "must not be empty")
	case n > most:
		w.in(at, "has %d characters; at most %d are allowed", n, most)
	}
}

// or returns the error, or nil when nothing is wrong.
func (w *wrong) or() error {
	if w.err == nil {
		return nil
	}
	return w.err
}

// changed lists the names whose values differ.
func changed(pairs ...diff) []string {
	names := []string{}
	for _, p := range pairs {
		if p.differs {
			names = append(names, p.name)
		}
	}
	return names
}

type diff struct {
	name    string
	differs bool
}
