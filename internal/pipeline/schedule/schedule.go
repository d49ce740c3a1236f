// Package schedule keeps when the trunks of components are run again without a
// push. Its table, pipeline_schedule, is the room's.
package schedule

import (
	"context"
	"encoding/json"
	"time"

	"github.com/digital-factory/factory/internal/base/cron"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/pipeline/definition"
	"github.com/digital-factory/factory/internal/ref"
)

// Schedule is one of a component, as its trunk's pipeline file has it.
type Schedule struct {
	Component ref.Component
	Cron      string // as package cron reads it
	Steps     []string
	Next      time.Time
}

const columns = `component, cron, steps, next`

func scan(sc store.Scanner) (Schedule, error) {
	var c Schedule
	var steps string
	var next int64
	if err := sc.Scan(&c.Component, &c.Cron, &steps, &next); err != nil {
		return c, err
	}
	c.Next = store.Time(next)
	return c, json.Unmarshal([]byte(steps), &c.Steps)
}

// Encoded writes names of steps as they are kept.
func Encoded(list []string) string {
	if list == nil {
		list = []string{}
	}
	raw, _ := json.Marshal(list) // texts always can be
	return string(raw)
}

// Of returns a component's, the next first.
func Of(ctx context.Context, tx *store.Tx, c ref.Component) ([]Schedule, error) {
	return store.List(ctx, tx, scan, `select `+columns+` from pipeline_schedule where component = $1 order by next, cron, steps`, string(c))
}

// Due returns those whose time has come.
func Due(ctx context.Context, tx *store.Tx, now time.Time) ([]Schedule, error) {
	return store.List(ctx, tx, scan, `select `+columns+` from pipeline_schedule where next <= $1 order by next, component, cron, steps`, store.Micros(now))
}

// Set keeps the schedules of a trunk's pipeline file. One that was there before
// keeps its time, so that a push does not put off what is due.
func Set(ctx context.Context, tx *store.Tx, of ref.Component, list []definition.Schedule, now time.Time) error {
	old, err := Of(ctx, tx, of)
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, c := range list {
		steps := Encoded(c.Steps)
		wanted[c.Cron+steps] = true
		when, err := cron.Parse(c.Cron)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `insert into pipeline_schedule (component, cron, steps, next) values ($1, $2, $3, $4) on conflict (component, cron, steps) do nothing`,
			string(of), c.Cron, steps, store.Micros(when.Next(now))); err != nil {
			return err
		}
	}
	for _, c := range old {
		if steps := Encoded(c.Steps); !wanted[c.Cron+steps] {
			if _, err := tx.Exec(ctx, `delete from pipeline_schedule where component = $1 and cron = $2 and steps = $3`, string(c.Component), c.Cron, steps); err != nil {
				return err
			}
		}
	}
	return nil
}

// Pass sets when one that is due is due next. It returns false when another
// replica was first, or it is gone.
func Pass(ctx context.Context, tx *store.Tx, c Schedule, now time.Time) (first bool, err error) {
	when, err := cron.Parse(c.Cron)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(ctx, `update pipeline_schedule set next = $4 where component = $1 and cron = $2 and steps = $3 and next = $5`,
		string(c.Component), c.Cron, Encoded(c.Steps), store.Micros(when.Next(now)), store.Micros(c.Next))
	return n > 0, err
}
