// Package queue decides whose turn it is: which run is taken next, by whom it is
// held, and for how long. The table, pipeline_run, is the room's.
//
// A run is held by a process of the factory or by an agent. Whoever holds it
// renews the hold; what a process no longer holds is taken up by another. What an
// agent no longer holds stays with it until it is given up for lost, which says
// why in the run.
package queue

import (
	"context"
	"errors"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// Hold is how long a run is held without a sign of life.
const Hold = 20 * time.Second

const agents = "agent:"

// Agent is the holder that an agent is.
func Agent(id string) string { return agents + id }

// Taker is who takes a run.
type Taker struct {
	Holder string
	Agent  string // name; empty: a process of the factory
	Most   int    // runs that it holds at once; 0: as many as it takes
	Checks int    // of these that may be checks, so that one place is kept for trunks
}

// Claim takes the next run: hotfixes first, then the team with the fewest runs
// under way, of these the one that has waited longest since a run of its began,
// so that teams take turns however much each has queued; of a team's, trunks
// before checks, then the oldest; never two of one branch or one group. A run
// whose holder is gone comes before all, with the steps that had not ended. It
// returns the run, and whether it begins now; empty when there is none.
func Claim(ctx context.Context, tx *store.Tx, t Taker, now time.Time) (id ref.Run, begins bool, err error) {
	if t.Most > 0 {
		held, err := store.One(ctx, tx, store.Scan1[int64], `select count(*) from pipeline_run where holder = $1 and state = 'running'`, t.Holder)
		if err != nil || held >= int64(t.Most) {
			return "", false, err
		}
	}
	const free = `(state = 'waiting' or (state = 'running' and held_until < $1 and holder <> $2 and holder not like 'agent:%'))`
	id, err = store.One(ctx, tx, store.Scan1[ref.Run], `select id from pipeline_run r where `+free+`
		and not exists (select 1 from pipeline_run o where o.component = r.component and o.branch = r.branch and o.event = r.event and o.state = 'running' and o.id <> r.id)
		and (r.grp = '' or not exists (select 1 from pipeline_run o where o.component = r.component and o.grp = r.grp and o.state = 'running' and o.id <> r.id))
		and (checks = 0 or (select count(*) from pipeline_run o where o.checks = 1 and o.state = 'running' and o.holder = $2) < $3)
		order by case when state = 'running' then 0 when change like '%"lane":"hotfix"%' then 1 else 2 end,
			(select count(*) from pipeline_run o where o.team = r.team and o.state = 'running'),
			(select coalesce(max(o.started), 0) from pipeline_run o where o.team = r.team), checks, id limit 1`, store.Micros(now), t.Holder, t.Checks)
	if errors.Is(err, store.ErrNone) {
		return "", false, nil
	} else if err != nil {
		return "", false, err
	}
	started, err := store.One(ctx, tx, store.Scan1[int64], `select started from pipeline_run where id = $1`, string(id))
	if err != nil {
		return "", false, err
	}
	n, err := tx.Exec(ctx, `update pipeline_run set state = 'running', started = case when started = 0 then $1 else started end, holder = $2, agent = $5, held_until = $4
		where id = $3 and `+free, store.Micros(now), t.Holder, string(id), store.Micros(now.Add(Hold)), t.Agent)
	if err != nil || n == 0 {
		return "", false, err
	}
	_, err = tx.Exec(ctx, `update pipeline_step set state = 'waiting' where run = $1 and state = 'running'`, string(id))
	return id, started == 0, err
}

// Renew keeps a hold for as long as Hold. It returns false when another has the
// run, and who cancelled it.
func Renew(ctx context.Context, tx *store.Tx, id ref.Run, holder string, now time.Time) (held bool, cancelledBy string, err error) {
	n, err := tx.Exec(ctx, `update pipeline_run set held_until = $3 where id = $1 and holder = $2 and state = 'running'`, string(id), holder, store.Micros(now.Add(Hold)))
	if err != nil || n == 0 {
		return false, "", err
	}
	cancelledBy, err = store.One(ctx, tx, store.Scan1[string], `select cancelled_by from pipeline_run where id = $1`, string(id))
	return true, cancelledBy, err
}

// Release gives a hold up, so that the next goes on at once.
func Release(ctx context.Context, tx *store.Tx, id ref.Run, holder string) error {
	_, err := tx.Exec(ctx, `update pipeline_run set holder = '', agent = '', held_until = 0, lost = '' where id = $1 and holder = $2 and state = 'running'`, string(id), holder)
	return err
}

// Begin is for a process that starts: what the only process before it held is
// free. Of several processes on one database each knows only its own.
func Begin(ctx context.Context, tx *store.Tx) error {
	if tx.Postgres() {
		return nil
	}
	_, err := tx.Exec(ctx, `update pipeline_run set holder = '', held_until = 0, lost = '' where state = 'running' and holder <> '' and holder not like 'agent:%'`)
	return err
}

// Held returns the runs of a holder, oldest first.
func Held(ctx context.Context, tx *store.Tx, holder string) ([]ref.Run, error) {
	return store.List(ctx, tx, store.Scan1[ref.Run], `select id from pipeline_run where holder = $1 and state = 'running' order by id`, holder)
}

// Lose takes all runs from a holder that is gone, and says why in them. Each of
// their steps that had not ended begins again.
func Lose(ctx context.Context, tx *store.Tx, holder, why string) ([]ref.Run, error) {
	list, err := Held(ctx, tx, holder)
	if err != nil {
		return nil, err
	}
	for _, id := range list {
		if _, err := tx.Exec(ctx, `update pipeline_run set holder = '', agent = '', held_until = 0, lost = $2 where id = $1`, string(id), why); err != nil {
			return nil, err
		}
		if _, err := tx.Exec(ctx, `update pipeline_step set state = 'waiting' where run = $1 and state = 'running'`, string(id)); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// PutBack has a run wait for another of its group.
func PutBack(ctx context.Context, tx *store.Tx, id ref.Run, group string) error {
	_, err := tx.Exec(ctx, `update pipeline_run set state = 'waiting', holder = '', agent = '', held_until = 0, grp = $2, reason = $3 where id = $1 and state = 'running'`,
		string(id), group, "it waits for another run of the group "+group)
	return err
}
