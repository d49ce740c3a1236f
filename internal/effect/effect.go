// Package effect is the log of everything the factory does to the outside:
// make a repository, run a pipeline, start a workload, move traffic. An effect
// is planned in the transaction of the decision that wants it, under a key
// that makes it once-only, and performed later by a worker.
//
// Owns: effect_effect.
//
// Tells: nothing; the module that planned an effect tells what came of it.
//
// Asks: the performers registered for each kind.
//
// Invariants: a key is planned once, for ever. Effects of one subject are
// performed in the order in which they were planned. A performer may be called
// again after a crash, so it must find out what is already so.
package effect

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

//go:embed migrations
var files embed.FS

// Schema is the module's tables.
func Schema() store.Schema { return store.Schema{Module: "effect", Files: files} }

// State of an effect.
type State string

// An effect waits, is held by a worker, is done, has failed for good, or is
// parked until a person approves or rejects it.
const (
	Waiting State = "waiting"
	Running State = "running"
	Done    State = "done"
	Failed  State = "failed"
	Parked  State = "parked"
)

// Plan is what somebody wants done.
type Plan struct {
	Key     string      // once-only: planning a known key again changes nothing
	Kind    string      // names the performer, e.g. "source.create"
	Subject ref.Subject // effects of one subject keep their order
	Data    any         // JSON for the performer
	Park    bool        // wait for a person's approval
	After   time.Duration
}

// Effect is a planned effect.
type Effect struct {
	ID        string
	Key       string
	Kind      string
	Subject   ref.Subject
	Data      json.RawMessage
	State     State
	Attempts  int
	Error     string
	Planned   time.Time
	Due       time.Time
	Done      time.Time
	DecidedBy string
	Reason    string
}

// Perform does an effect. errs.Unavailable, errs.Conflict and unclassified
// errors are tried again with growing pauses; errs.Blocked parks the effect;
// other kinds fail it for good.
type Perform func(ctx context.Context, e Effect) error

// Log plans, performs and shows effects.
type Log struct {
	db         *store.DB
	now        func() time.Time
	performers map[string]performer
	failed     func(ctx context.Context, tx *store.Tx, e Effect) error
	wake       chan struct{}
	holder     string
}

type performer struct {
	perform Perform
	bound   time.Duration
}

// New returns a log on db. It starts nothing.
func New(db *store.DB, now func() time.Time) *Log {
	return &Log{db: db, now: now, performers: map[string]performer{}, wake: make(chan struct{}, 1), holder: ref.New()}
}

// Handle registers the performer of a kind, at wiring time. bound is the
// longest that one performance may take.
func (l *Log) Handle(kind string, bound time.Duration, perform Perform) {
	if _, twice := l.performers[kind]; twice {
		panic("effect: two performers for " + kind) // a wiring defect
	}
	l.performers[kind] = performer{perform, bound}
}

// Plan records an intent as part of tx.
func (l *Log) Plan(ctx context.Context, tx *store.Tx, p Plan) error {
	data, err := json.Marshal(p.Data)
	if err != nil {
		return fmt.Errorf("encode effect %s: %w", p.Kind, err)
	}
	state := Waiting
	if p.Park {
		state = Parked
	}
	now := l.now()
	_, err = tx.Exec(ctx, `insert into effect_effect
		(id, key, kind, subject, data, state, attempts, error, planned, due, done, holder, held_until, decided_by, reason)
		values ($1, $2, $3, $4, $5, $6, 0, '', $7, $8, 0, '', 0, '', '') on conflict (key) do nothing`,
		ref.New(), p.Key, p.Kind, string(p.Subject), string(data), string(state), store.Micros(now), store.Micros(now.Add(p.After)))
	if err != nil {
		return fmt.Errorf("plan effect %s: %w", p.Kind, err)
	}
	tx.After(l.nudge)
	return nil
}

func (l *Log) nudge() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

const columns = `id, key, kind, subject, data, state, attempts, error, planned, due, done, decided_by, reason`

func scan(s store.Scanner) (Effect, error) {
	var e Effect
	var data string
	var planned, due, done int64
	err := s.Scan(&e.ID, &e.Key, &e.Kind, &e.Subject, &data, &e.State, &e.Attempts, &e.Error, &planned, &due, &done, &e.DecidedBy, &e.Reason)
	e.Data, e.Planned, e.Due, e.Done = json.RawMessage(data), store.Time(planned), store.Time(due), store.Time(done)
	return e, err
}

// List returns effects, newest first, a page at a time; state and subject
// narrow it when not empty.
func (l *Log) List(ctx context.Context, state State, subject ref.Subject, ask page.Ask) (list []Effect, next string, err error) {
	before := "~" // sorts after every id
	if _, err := ask.Key(&before); err != nil {
		return nil, "", err
	}
	err = l.db.View(ctx, func(tx *store.Tx) error {
		var where store.Where
		where.And("id < $1", before)
		where.Is("state", string(state))
		where.Is("subject", string(subject))
		list, err = store.List(ctx, tx, scan, `select `+columns+` from effect_effect`+where.String()+`order by id desc limit `+where.Value(ask.Size()+1), where.Args()...)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	list, next = page.Of(ask, list, func(e Effect) any { return e.ID })
	return list, next, nil
}

// Decide approves a parked effect or rejects it for good.
func (l *Log) Decide(ctx context.Context, id, by string, approve bool, reason string) error {
	return l.db.Update(ctx, func(tx *store.Tx) error {
		to, now, ended := Failed, l.now(), store.Micros(l.now())
		if approve {
			to, ended = Waiting, 0
		}
		n, err := tx.Exec(ctx, `update effect_effect set state = $2, decided_by = $3, reason = $4, due = $5, done = $6
			where id = $1 and state = 'parked'`, id, string(to), by, reason, store.Micros(now), ended)
		if err != nil {
			return err
		}
		e, err := store.One(ctx, tx, scan, `select `+columns+` from effect_effect where id = $1`, id)
		switch {
		case errors.Is(err, store.ErrNone):
			return errs.New(errs.NotFound, "there is no effect %s", id).Do("list the effects: factory effect list")
		case err != nil:
			return err
		case n == 0:
			return errs.New(errs.Blocked, "the effect %s is not parked; it is %s", id, e.State)
		}
		tx.After(l.nudge)
		if to == Failed && l.failed != nil {
			return l.failed(ctx, tx, e)
		}
		return nil
	})
}
