package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/pipeline/definition"
	"github.com/digital-factory/factory/internal/pipeline/schedule"
	"github.com/digital-factory/factory/internal/ref"
)

const runColumns = `id, number, change, branch, state, step, reason, artifact, digest, queued, started, finished, cancelled_by, checks, tree, event, started_by, wanted, inputs, agent, lost`

func scanRun(s store.Scanner) (Run, error) {
	var r Run
	var change, wanted, inputs string
	var queued, started, finished, check int64
	if err := s.Scan(&r.ID, &r.Number, &change, &r.Branch, &r.State, &r.Step, &r.Reason, &r.Artifact, &r.Digest, &queued, &started, &finished, &r.CancelledBy, &check, &r.Tree, &r.Event, &r.StartedBy, &wanted, &inputs, &r.Agent, &r.Lost); err != nil {
		return r, err
	}
	r.Check = check == 1
	r.Queued, r.Started, r.Finished = store.Time(queued), store.Time(started), store.Time(finished)
	return r, errors.Join(json.Unmarshal([]byte(change), &r.Change), json.Unmarshal([]byte(wanted), &r.Wanted), json.Unmarshal([]byte(inputs), &r.Inputs))
}

// insertRun stores a waiting run, and numbers it unless it has a number.
func insertRun(ctx context.Context, tx *store.Tx, r Run) (Run, error) {
	change, err := json.Marshal(r.Change)
	if err != nil {
		return r, err
	}
	last, err := store.One(ctx, tx, store.Scan1[int64], `select coalesce(max(number), 0) from pipeline_run where component = $1`, string(r.Change.Component))
	if err != nil {
		return r, err
	}
	if r.State = Waiting; r.Number == 0 {
		r.Number = last + 1
	}
	_, err = tx.Exec(ctx, `insert into pipeline_run (id, component, team, number, change, branch, state, step, reason, artifact, digest, queued, started, finished, cancelled_by, holder, held_until, checks, event, started_by, wanted, inputs)
		values ($1, $2, $3, $4, $5, $6, 'waiting', '', '', '', '', $7, 0, 0, '', '', 0, $8, $9, $10, $11, $12)`,
		string(r.ID), string(r.Change.Component), string(r.Change.Team), r.Number, string(change), r.Branch, store.Micros(r.Queued), store.Flag(r.Check), r.Event, r.StartedBy, schedule.Encoded(r.Wanted), r.Inputs.Encoded())
	return r, err
}

func saveRun(ctx context.Context, tx *store.Tx, r Run) error {
	n, err := tx.Exec(ctx, `update pipeline_run set state = $2, step = $3, reason = $4, artifact = $5, digest = $6, started = $7, finished = $8, tree = $9, inputs = $10
		where id = $1 and state in ('waiting', 'running')`,
		string(r.ID), string(r.State), r.Step, r.Reason, string(r.Artifact), r.Digest, store.Micros(r.Started), store.Micros(r.Finished), r.Tree, r.Inputs.Encoded())
	if err != nil {
		return err
	}
	return store.Changed(n, "the run", nil)
}

func getRun(ctx context.Context, tx *store.Tx, id ref.Run) (Run, error) {
	r, err := store.One(ctx, tx, scanRun, `select `+runColumns+` from pipeline_run where id = $1`, string(id))
	if errors.Is(err, store.ErrNone) {
		return r, errs.New(errs.NotFound, "there is no run %s", id).Do("list the runs: factory run list")
	} else if err != nil {
		return r, err
	}
	r.Steps, err = steps(ctx, tx, id)
	return r, err
}

func steps(ctx context.Context, tx *store.Tx, id ref.Run) ([]Step, error) {
	return store.List(ctx, tx, func(s store.Scanner) (Step, error) {
		var st Step
		var spec string
		var started, finished, cpu int64
		if err := s.Scan(&spec, &st.State, &st.Reason, &st.ExitCode, &st.Attempts, &started, &finished, &cpu, &st.Peak, &st.Key, &st.CachedRun, &st.CachedNumber, &st.CachedStep); err != nil {
			return st, err
		}
		st.Started, st.Finished, st.CPU = store.Time(started), store.Time(finished), time.Duration(cpu)*time.Microsecond
		return st, json.Unmarshal([]byte(spec), &st.Spec)
	}, `select spec, state, reason, exit_code, attempts, started, finished, cpu_micros, peak_bytes, cache_key, cached_run, cached_number, cached_step from pipeline_step where run = $1 order by place`, string(id))
}

func insertSteps(ctx context.Context, tx *store.Tx, id ref.Run, list []definition.Spec) error {
	for i, sp := range list {
		spec, err := json.Marshal(sp)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `insert into pipeline_step (run, place, name, spec, state, reason, exit_code, attempts, started, finished, cpu_micros, peak_bytes)
			values ($1, $2, $3, $4, 'waiting', '', 0, 0, 0, 0, 0, 0) on conflict (run, place) do nothing`, string(id), i, sp.Name, string(spec)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) saveStep(ctx context.Context, id ref.Run, st Step) error {
	return s.db.Update(ctx, func(tx *store.Tx) error { return writeStep(ctx, tx, id, st) })
}

func writeStep(ctx context.Context, tx *store.Tx, id ref.Run, st Step) error {
	_, err := tx.Exec(ctx, `update pipeline_step set state = $3, reason = $4, exit_code = $5, attempts = $6, started = $7, finished = $8, cpu_micros = $9, peak_bytes = $10,
			cache_key = $11, cached_run = $12, cached_number = $13, cached_step = $14 where run = $1 and name = $2`,
		string(id), st.Name, string(st.State), st.Reason, st.ExitCode, st.Attempts, store.Micros(st.Started), store.Micros(st.Finished), st.CPU.Microseconds(), st.Peak,
		st.Key, string(st.CachedRun), st.CachedNumber, st.CachedStep)
	return err
}
