package insight

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// createdAt returns when a component was created, the zero time when no fact
// told.
func createdAt(ctx context.Context, tx *store.Tx, c ref.Component) (time.Time, error) {
	at, err := store.One(ctx, tx, store.Scan1[int64], `select created from insight_component where component = $1`, string(c))
	if errors.Is(err, store.ErrNone) {
		return time.Time{}, nil
	}
	return store.Time(at), err
}

// seqOf returns the place of the push that brought a commit, 0 when none did.
func seqOf(ctx context.Context, tx *store.Tx, c ref.Component, id ref.Commit) (int64, error) {
	seq, err := store.One(ctx, tx, store.Scan1[int64], `select seq from insight_commit where component = $1 and commit_id = $2`, string(c), string(id))
	if errors.Is(err, store.ErrNone) {
		return 0, nil
	}
	return seq, err
}

// guilty returns the rollout an incident is laid to, empty when none is.
func guilty(ctx context.Context, tx *store.Tx, p fact.IncidentOpened, at time.Time) (ref.Rollout, error) {
	if p.Rollout != "" {
		return p.Rollout, nil
	}
	query, args := `select rollout from insight_deployment where component = $1 and promoted = 1 and finished <= $2 and finished >= $3
		order by finished desc, rollout desc limit 1`, []any{string(p.Component), store.Micros(at), store.Micros(at.Add(-lag))}
	if p.Artifact != "" {
		query, args = `select rollout from insight_deployment where artifact = $1 order by started desc, rollout desc limit 1`, []any{string(p.Artifact)}
	}
	rollout, err := store.One(ctx, tx, store.Scan1[ref.Rollout], query, args...)
	if errors.Is(err, store.ErrNone) {
		return "", nil
	}
	return rollout, err
}

// historyOf reads what the five metrics of a scope are made of.
func historyOf(ctx context.Context, tx *store.Tx, s Scope) (h history, err error) {
	narrow, args := s.narrow(store.Micros(s.From), store.Micros(s.To))
	h.deployments, err = store.List(ctx, tx, scanDeployment, `select rollout, component, version, lane, finished, promoted, failed_why, hurt, recovered, rework_why
		from insight_deployment where counted = 1 and finished >= $1 and finished < $2`+narrow+` order by finished, rollout`, args...)
	if err != nil {
		return h, err
	}
	// All times, because the median needs them; names only of what is shown.
	const live = ` from insight_commit where counted = 1 and deployed >= $1 and deployed < $2`
	h.spans, err = store.List(ctx, tx, scanSpan, `select committed, deployed`+live+narrow+` order by deployed, committed, commit_id`, args...)
	if err != nil {
		return h, err
	}
	h.commits, err = store.List(ctx, tx, scanCommit, `select commit_id, component, title, committed, deployed`+live+narrow+
		fmt.Sprintf(` order by deployed desc, committed desc, commit_id desc limit %d`, EventsShown), args...)
	if err != nil {
		return h, err
	}
	// The range does not narrow what waits, nor when the first component began.
	narrow, args = s.narrow()
	if h.waiting, err = store.One(ctx, tx, store.Scan1[int], `select count(*) from insight_commit where counted = 1 and deployed = 0`+narrow, args...); err != nil {
		return h, err
	}
	begun, err := store.One(ctx, tx, store.Scan1[int64], `select coalesce(min(created), 0) from insight_component where 1 = 1`+narrow, args...)
	h.begun = store.Time(begun)
	return h, err
}

// narrow returns the conditions of a scope's names and the arguments, after
// those given.
func (s Scope) narrow(args ...any) (string, []any) {
	where := ""
	if s.Team != "" {
		args = append(args, string(s.Team))
		where += fmt.Sprintf(` and team = $%d`, len(args))
	}
	if s.Component != "" {
		args = append(args, string(s.Component))
		where += fmt.Sprintf(` and component = $%d`, len(args))
	}
	return where, args
}

func scanDeployment(s store.Scanner) (deployment, error) {
	var d deployment
	var finished, promoted, hurt, recovered int64
	err := s.Scan(&d.rollout, &d.component, &d.version, &d.lane, &finished, &promoted, &d.failedWhy, &hurt, &recovered, &d.reworkWhy)
	d.finished, d.promoted, d.hurt, d.recovered = store.Time(finished), promoted == 1, store.Time(hurt), store.Time(recovered)
	return d, err
}

func scanSpan(s store.Scanner) (span, error) {
	var p span
	return p, s.Scan(&p.committed, &p.deployed)
}

func scanCommit(s store.Scanner) (commit, error) {
	var c commit
	return c, s.Scan(&c.id, &c.component, &c.title, &c.committed, &c.deployed)
}
