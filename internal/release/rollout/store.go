package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// Columns are those of release_rollout.
const Columns = `id, artifact, number, run, origin, first, base_artifact, base_number, base_workload, workload,
	plan, plan_hash, split_key, experiments, phase, stage, held, waiting, reason, verdict, inputs, by_hand, requests, failed_requests,
	created, started, staged, widened, deciding, decided, moved, finished, version, back, release_id, ready, cause, approvals, steady`

// Scan reads Columns.
func Scan(s store.Scanner) (Rollout, error) {
	var r Rollout
	var origin, plan, experiments, verdict, inputs, back, approvals string
	var first int64
	var created, started, staged, widened, deciding, decided, moved, finished, ready, steady int64
	err := s.Scan(&r.ID, &r.Artifact, &r.Number, &r.Run, &origin, &first, &r.BaseArtifact, &r.BaseNumber, &r.BaseWorkload, &r.Workload,
		&plan, &r.PlanHash, &r.SplitKey, &experiments, &r.Phase, &r.Stage, &r.Held, &r.Waiting, &r.Reason, &verdict, &inputs, &r.ByHand, &r.Requests, &r.Unanswered,
		&created, &started, &staged, &widened, &deciding, &decided, &moved, &finished, &r.Version, &back, &r.Release, &ready, &r.Cause, &approvals, &steady)
	if err != nil {
		return r, err
	}
	r.First = first == 1
	r.Created, r.Started, r.Staged, r.Widened = store.Time(created), store.Time(started), store.Time(staged), store.Time(widened)
	r.Ready, r.Steady = store.Time(ready), store.Time(steady)
	r.Deciding, r.Decided, r.Moved, r.Finished = store.Time(deciding), store.Time(decided), store.Time(moved), store.Time(finished)
	for _, doc := range []struct {
		text string
		into any
	}{{origin, &r.Origin}, {plan, &r.Plan}, {experiments, &r.Experiments}, {verdict, &r.Verdict}, {inputs, &r.Inputs}, {back, &r.Back}, {approvals, &r.Approvals}} {
		if err := Decode(doc.text, doc.into); err != nil {
			return r, fmt.Errorf("rollout %s: %w", r.ID, err)
		}
	}
	return r, nil
}

// Decode reads a JSON column; an empty one says nothing.
func Decode(text string, into any) error {
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), into)
}

// Insert adds a rollout that waits for its turn.
func Insert(ctx context.Context, tx *store.Tx, r Rollout) error {
	origin, err := json.Marshal(r.Origin)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `insert into release_rollout (id, component, team, artifact, number, run, origin, lane, first,
		base_artifact, base_number, base_workload, workload, plan, plan_hash, split_key, experiments, phase, stage, held, waiting, reason,
		verdict, inputs, by_hand, requests, failed_requests, created, started, staged, widened, deciding, decided, moved, finished, version, release_id)
		values ($1, $2, $3, $4, $5, $6, $7, $8, 0, '', '', '', '', '', '', '', '', $9, 0, '', $10, '', '', '', '', 0, 0, $11, 0, 0, 0, 0, 0, 0, 0, 1, $12)`,
		string(r.ID), string(r.Origin.Component), string(r.Origin.Team), string(r.Artifact), r.Number, string(r.Run), string(origin), r.Origin.Lane,
		string(r.Phase), r.Waiting, store.Micros(r.Created), string(r.Release))
	return err
}

// Save writes what can change, if nobody else changed it since it was read.
// Requests and the latest event are written by count, beside it.
func Save(ctx context.Context, tx *store.Tx, r Rollout) error {
	plan, err := json.Marshal(r.Plan)
	if err != nil {
		return err
	}
	experiments, err := json.Marshal(r.Experiments)
	if err != nil {
		return err
	}
	verdict, err := encode(r.Verdict)
	if err != nil {
		return err
	}
	inputs, err := encode(r.Inputs)
	if err != nil {
		return err
	}
	back, err := encode(r.Back)
	if err != nil {
		return err
	}
	approvals := ""
	if len(r.Approvals) > 0 {
		if approvals, err = encode(&r.Approvals); err != nil {
			return err
		}
	}
	n, err := tx.Exec(ctx, `update release_rollout set first = $3, base_artifact = $4, base_number = $5, base_workload = $6, workload = $7,
		plan = $8, plan_hash = $9, split_key = $10, experiments = $11, phase = $12, stage = $13, held = $14, waiting = $15, reason = $16,
		verdict = $17, inputs = $18, by_hand = $19, started = $20, staged = $21, widened = $22, decided = $23, moved = $24, finished = $25, back = $26, release_id = $27, ready = $28, cause = $29, approvals = $30,
		version = version + 1 where id = $1 and version = $2`,
		string(r.ID), r.Version, store.Flag(r.First), string(r.BaseArtifact), r.BaseNumber, string(r.BaseWorkload), string(r.Workload),
		string(plan), r.PlanHash, r.SplitKey, string(experiments), string(r.Phase), r.Stage, r.Held, r.Waiting, r.Reason,
		verdict, inputs, r.ByHand, store.Micros(r.Started), store.Micros(r.Staged), store.Micros(r.Widened),
		store.Micros(r.Decided), store.Micros(r.Moved), store.Micros(r.Finished), back, string(r.Release), store.Micros(r.Ready), string(r.Cause), approvals)
	if err != nil {
		return err
	}
	return store.Changed(n, "the rollout", nil)
}

// encode writes a JSON column; nil as an empty one.
func encode[T any](v *T) (string, error) {
	if v == nil {
		return "", nil
	}
	raw, err := json.Marshal(v)
	return string(raw), err
}

// Get returns a rollout.
func Get(ctx context.Context, tx *store.Tx, id ref.Rollout) (Rollout, error) {
	return one(ctx, tx, id, Scan, Columns)
}

func phaseOf(ctx context.Context, tx *store.Tx, id ref.Rollout) (Phase, error) {
	return one(ctx, tx, id, store.Scan1[Phase], `phase`)
}

func one[T any](ctx context.Context, tx *store.Tx, id ref.Rollout, scan func(store.Scanner) (T, error), columns string) (T, error) {
	v, err := store.One(ctx, tx, scan, `select `+columns+` from release_rollout where id = $1`, string(id))
	if errors.Is(err, store.ErrNone) {
		return v, errs.New(errs.NotFound, "there is no rollout %s", id).Do("list the rollouts: factory rollout list")
	}
	return v, err
}

// Lock makes writers of a rollout one after another until tx ends, so that a
// lever that a person pulls never loses to a count or a look at the evidence.
func Lock(ctx context.Context, tx *store.Tx, id ref.Rollout) error {
	_, err := tx.Exec(ctx, `update release_rollout set version = version where id = $1`, string(id))
	return err
}

// Latest returns the latest of a component's rollouts' times: staged or decided.
func Latest(ctx context.Context, tx *store.Tx, c ref.Component, column string) (time.Time, error) {
	at, err := store.One(ctx, tx, store.Scan1[int64], `select coalesce(max(`+column+`), 0) from release_rollout where component = $1`, string(c))
	return store.Time(at), err
}

// Active returns a component's rollout under way.
func Active(ctx context.Context, tx *store.Tx, c ref.Component) (r Rollout, found bool, err error) {
	r, err = store.One(ctx, tx, Scan, `select `+Columns+` from release_rollout where component = $1
		and phase in ('staging', 'starting', 'running', 'promoting', 'rolling_back') order by id limit 1`, string(c))
	if errors.Is(err, store.ErrNone) {
		return r, false, nil
	}
	return r, err == nil, err
}

// Live is what runs in an environment after the last rollout settled.
type Live struct {
	Component   ref.Component
	Environment ref.Environment
	Artifact    ref.Artifact
	Number      string
	Workload    ref.Workload
	Commit      ref.Commit
	Since       int64 // microseconds UTC
}

// ScanLive reads LiveColumns.
func ScanLive(s store.Scanner) (Live, error) {
	var l Live
	err := s.Scan(&l.Component, &l.Environment, &l.Artifact, &l.Number, &l.Workload, &l.Commit, &l.Since)
	return l, err
}

// LiveColumns are those of release_live.
const LiveColumns = `component, environment, artifact, number, workload, commit_id, since`

// LiveIn returns what runs of a component in an environment.
func LiveIn(ctx context.Context, tx *store.Tx, c ref.Component, e ref.Environment) (l Live, found bool, err error) {
	l, err = store.One(ctx, tx, ScanLive, `select `+LiveColumns+` from release_live where component = $1 and environment = $2`, string(c), string(e))
	if errors.Is(err, store.ErrNone) {
		return l, false, nil
	}
	return l, err == nil, err
}

// SetLive notes what runs in an environment.
func SetLive(ctx context.Context, tx *store.Tx, l Live) error {
	_, err := tx.Exec(ctx, `insert into release_live (component, environment, artifact, number, workload, commit_id, since)
		values ($1, $2, $3, $4, $5, $6, $7) on conflict (component, environment)
		do update set artifact = $3, number = $4, workload = $5, commit_id = $6, since = $7`,
		string(l.Component), string(l.Environment), string(l.Artifact), l.Number, string(l.Workload), string(l.Commit), l.Since)
	return err
}
