package job

import (
	"context"
	"errors"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

const columns = `id, component, team, environment, job, artifact, number, by_name, due, started, finished, state, exit_code, reason`

func scan(s store.Scanner) (Run, error) {
	var r Run
	var due, started, finished int64
	err := s.Scan(&r.ID, &r.Component, &r.Team, &r.Environment, &r.Job, &r.Artifact, &r.Number, &r.By, &due, &started, &finished, &r.State, &r.ExitCode, &r.Reason)
	r.Due, r.Started, r.Finished = store.Time(due), store.Time(started), store.Time(finished)
	return r, err
}

func insert(ctx context.Context, tx *store.Tx, r Run) error {
	_, err := tx.Exec(ctx, `insert into runtime_job_run (`+columns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		r.ID, string(r.Component), string(r.Team), string(r.Environment), r.Job, string(r.Artifact), r.Number, r.By,
		store.Micros(r.Due), store.Micros(r.Started), store.Micros(r.Finished), string(r.State), r.ExitCode, r.Reason)
	return err
}

// end writes how a run ended; false when it has an end already.
func end(ctx context.Context, tx *store.Tx, r Run) (bool, error) {
	n, err := tx.Exec(ctx, `update runtime_job_run set finished = $2, state = $3, exit_code = $4, reason = $5 where id = $1 and state = 'running'`,
		r.ID, store.Micros(r.Finished), string(r.State), r.ExitCode, r.Reason)
	return n > 0, err
}

func get(ctx context.Context, tx *store.Tx, id string) (Run, bool, error) {
	r, err := store.One(ctx, tx, scan, `select `+columns+` from runtime_job_run where id = $1`, id)
	if errors.Is(err, store.ErrNone) {
		return r, false, nil
	}
	return r, err == nil, err
}

// running returns the runs that have no end, of one job in an environment or of all
// (component empty).
func running(ctx context.Context, tx *store.Tx, v Version, job string) ([]Run, error) {
	var where store.Where
	where.Is("state", string(Running))
	if v.Component != "" {
		where.Is("component", string(v.Component))
		where.Is("environment", string(v.Environment))
		where.Is("job", job)
	}
	return store.List(ctx, tx, scan, `select `+columns+` from runtime_job_run`+where.String()+`order by id`, where.Args()...)
}

// latest returns the newest run of a job in an environment; with decided, the
// newest that succeeded or failed.
func latest(ctx context.Context, tx *store.Tx, v Version, job string, decided bool) (*Run, error) {
	r, err := store.One(ctx, tx, scan, `select `+columns+` from runtime_job_run where component = $1 and environment = $2 and job = $3
		and ($4 = 0 or state in ('succeeded', 'failed')) order by id desc limit 1`, string(v.Component), string(v.Environment), job, store.Flag(decided))
	if errors.Is(err, store.ErrNone) {
		return nil, nil
	}
	return &r, err
}

// outdated returns the runs of a job in an environment beyond the newest.
func outdated(ctx context.Context, tx *store.Tx, r Run, keep int) ([]string, error) {
	return store.List(ctx, tx, store.Scan1[string], `select id from runtime_job_run where component = $1 and environment = $2 and job = $3 and state <> 'running'
		and id not in (select id from runtime_job_run where component = $1 and environment = $2 and job = $3 order by id desc limit $4)`,
		string(r.Component), string(r.Environment), r.Job, keep)
}

// lookedAt returns up to when a job's schedule was looked at; zero: never.
func lookedAt(ctx context.Context, tx *store.Tx, c ref.Component, job string) (time.Time, error) {
	at, err := store.One(ctx, tx, store.Scan1[int64], `select last from runtime_job_at where component = $1 and job = $2`, string(c), job)
	if errors.Is(err, store.ErrNone) {
		return time.Time{}, nil
	}
	return store.Time(at), err
}

// looked keeps it, unless another was first.
func looked(ctx context.Context, tx *store.Tx, c ref.Component, job string, before, now time.Time) (bool, error) {
	n, err := tx.Exec(ctx, `insert into runtime_job_at (component, job, last) values ($1, $2, $3)
		on conflict (component, job) do update set last = $3 where runtime_job_at.last = $4`, string(c), job, store.Micros(now), store.Micros(before))
	return n > 0, err
}
