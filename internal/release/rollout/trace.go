package rollout

import (
	"context"
	"errors"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/ref"
)

// TracePoint is one point of the evidence over time.
type TracePoint struct {
	At               time.Time
	Stage            int
	Share            float64
	LogE             float64
	LogEPromote      float64
	Canary, Baseline int64 // units first exposed so far
}

const traceColumns = `at, stage, share, log_e, log_e_promote, canary, baseline`

func scanTrace(s store.Scanner) (TracePoint, error) {
	var p TracePoint
	var at int64
	err := s.Scan(&at, &p.Stage, &p.Share, &p.LogE, &p.LogEPromote, &p.Canary, &p.Baseline)
	p.At = store.Time(at)
	return p, err
}

// Trace keeps a point of the evidence for the picture when it has moved, at most
// four a second.
func Trace(ctx context.Context, tx *store.Tx, r Rollout, v evidence.Verdict, now time.Time) error {
	if len(v.Metrics) == 0 {
		return nil
	}
	harm, promote := LogE(r.Plan.Evidence, v), LogFine(r.Plan.Evidence, v)
	at := now.Truncate(250 * time.Millisecond)
	last, err := store.One(ctx, tx, scanTrace, `select `+traceColumns+` from release_trace where rollout = $1 order by at desc limit 1`, string(r.ID))
	if err != nil && !errors.Is(err, store.ErrNone) {
		return err
	}
	if err == nil && last.Stage == r.Stage && last.LogE == harm && last.LogEPromote == promote &&
		last.Canary == v.SampleRatio.Canary && last.Baseline == v.SampleRatio.Baseline {
		return nil
	}
	_, err = tx.Exec(ctx, `insert into release_trace (rollout, at, stage, share, log_e, log_e_promote, canary, baseline)
		values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (rollout, at) do update set stage = $3, share = $4, log_e = $5, log_e_promote = $6, canary = $7, baseline = $8`,
		string(r.ID), store.Micros(at), r.Stage, r.Plan.Stages[r.Stage].Share, harm, promote, v.SampleRatio.Canary, v.SampleRatio.Baseline)
	return err
}

// Traces returns the points of a rollout. A long one is thinned evenly, so that
// the picture shows all of it.
func Traces(ctx context.Context, tx *store.Tx, id ref.Rollout) ([]TracePoint, error) {
	return store.List(ctx, tx, scanTrace, `select `+traceColumns+` from (
			select `+traceColumns+`, row_number() over (order by at) as number, count(*) over () as total from release_trace where rollout = $1) points
			where number = total or number % (1 + total / 1000) = 0 order by at`, string(id))
}
