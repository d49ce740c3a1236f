package insight

import (
	"context"
	"errors"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// thing is an object in a station of the value stream.
type thing struct {
	subject   ref.Subject
	station   string
	state     place
	title     string
	team      ref.Team
	component ref.Component
	parent    ref.Subject
	verdict   string // of an initiative: the last decision
}

// put adds a thing where it begins; one that is there already moves.
func put(ctx context.Context, tx *store.Tx, t thing, f journal.Fact) error {
	at := store.Micros(f.At)
	n, err := tx.Exec(ctx, `insert into insight_thing (subject, station, state, title, team, component, parent, seq, since, began, finished, verdict)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '') on conflict (subject) do nothing`,
		string(t.subject), t.station, string(t.state), t.title, string(t.team), string(t.component), string(t.parent), f.Seq, at,
		when(t.state == working, at), when(t.state == done, at))
	if err != nil || n > 0 {
		return err
	}
	if _, err := tx.Exec(ctx, `update insight_thing set title = $2 where subject = $1`, string(t.subject), t.title); err != nil {
		return err
	}
	return move(ctx, tx, t.subject, t.state, f)
}

func when(b bool, at int64) int64 {
	if b {
		return at
	}
	return 0
}

// move puts a thing elsewhere in its station, or notes that it moved within.
// Its work began when it first was
// in work; it is finished from when it came to be done.
func move(ctx context.Context, tx *store.Tx, s ref.Subject, to place, f journal.Fact) error {
	if to == "" {
		return nil
	}
	at := store.Micros(f.At)
	_, err := tx.Exec(ctx, `update insight_thing set
		since = $3,
		began = case when began = 0 and $4 = 1 then $3 else began end,
		finished = case when $5 = 0 then 0 when state = $2 then finished else $3 end,
		state = $2 where subject = $1`,
		string(s), string(to), at, store.Flag(to == working), store.Flag(to == done))
	return err
}

// renew is put for a thing whose work begins anew each time.
func renew(ctx context.Context, tx *store.Tx, t thing, f journal.Fact) error {
	if err := put(ctx, tx, t, f); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `update insight_thing set since = $2, began = $2 where subject = $1`, string(t.subject), store.Micros(f.At))
	return err
}

// thingOf returns a thing, the zero thing when it is not known.
func thingOf(ctx context.Context, tx *store.Tx, s ref.Subject) (thing, error) {
	t, err := store.One(ctx, tx, func(s store.Scanner) (thing, error) {
		var t thing
		return t, s.Scan(&t.subject, &t.station, &t.state, &t.title, &t.team, &t.component, &t.parent, &t.verdict)
	}, `select subject, station, state, title, team, component, parent, verdict from insight_thing where subject = $1`, string(s))
	if errors.Is(err, store.ErrNone) {
		return thing{subject: s}, nil
	}
	return t, err
}

func children(ctx context.Context, tx *store.Tx, parent ref.Subject) (int, error) {
	return store.One(ctx, tx, store.Scan1[int], `select count(*) from insight_thing where parent = $1`, string(parent))
}

func setVerdict(ctx context.Context, tx *store.Tx, s ref.Subject, verdict string) error {
	_, err := tx.Exec(ctx, `update insight_thing set verdict = $2 where subject = $1`, string(s), verdict)
	return err
}

// isLastChange reports whether no later push to the component's trunk is known.
func isLastChange(ctx context.Context, tx *store.Tx, c ref.Component, s ref.Subject) (bool, error) {
	later, err := store.One(ctx, tx, store.Scan1[int], `select count(*) from insight_thing where component = $1 and station = 'changes' and state = 'work'
		and seq > coalesce((select seq from insight_thing where subject = $2), 0)`, string(c), string(s))
	return later == 0, err
}

// finishChanges marks the pushes up to the one that is live now as done.
func finishChanges(ctx context.Context, tx *store.Tx, c ref.Component, s ref.Subject, f journal.Fact) error {
	seq, err := store.One(ctx, tx, store.Scan1[int64], `select seq from insight_thing where subject = $1`, string(s))
	if errors.Is(err, store.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := answeredChanges(ctx, tx, c, seq+1); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `update insight_thing set state = 'done', since = $3, finished = $3
		where component = $1 and station = 'changes' and state = 'work' and seq <= $2`, string(c), seq, store.Micros(f.At))
	return err
}

// need is something that does not go on by itself.
type need struct {
	subject ref.Subject
	what    string // one need of a sort per subject
	station string
	roles   string // whose move it is, with commas
	urgent  bool
	team    ref.Team
	why     string
	next    string
}

// ask records a need; one that is known keeps the time since when.
func ask(ctx context.Context, tx *store.Tx, f journal.Fact, n need) error {
	_, err := tx.Exec(ctx, `insert into insight_need (subject, what, station, roles, urgent, team, since, why, next) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (subject, what) do update set why = $8, next = $9`,
		string(n.subject), n.what, n.station, n.roles, store.Flag(n.urgent), string(n.team), store.Micros(f.At), n.why, n.next)
	return err
}

// answered ends a need, if there is one.
func answered(ctx context.Context, tx *store.Tx, s ref.Subject, what string) error {
	_, err := tx.Exec(ctx, `delete from insight_need where subject = $1 and what = $2`, string(s), what)
	return err
}

// answeredChanges ends the needs of a component's pushes before a place in the
// journal.
func answeredChanges(ctx context.Context, tx *store.Tx, c ref.Component, seq int64) error {
	_, err := tx.Exec(ctx, `delete from insight_need where what = 'failed' and subject in
		(select subject from insight_thing where component = $1 and station = 'changes' and state = 'work' and seq < $2)`, string(c), seq)
	return err
}

const hour = 3600 * 1_000_000 // in microseconds

// pass counts what went from one station to the next.
func pass(ctx context.Context, tx *store.Tx, ribbon string, f journal.Fact) error {
	_, err := tx.Exec(ctx, `insert into insight_passed (ribbon, hour, count) values ($1, $2, 1)
		on conflict (ribbon, hour) do update set count = insight_passed.count + 1`, ribbon, store.Micros(f.At)/hour)
	return err
}

func putOutcome(ctx context.Context, tx *store.Tx, p fact.KeyResultCreated, f journal.Fact) error {
	_, err := tx.Exec(ctx, `insert into insight_outcome (key_result, objective, title, unit, baseline, target, created) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (key_result) do nothing`, string(p.KeyResult), string(p.Objective), p.Title, p.Unit, p.Baseline, p.Target, store.Micros(f.At))
	return err
}

func putPoint(ctx context.Context, tx *store.Tx, p fact.KeyResultMeasured, f journal.Fact) error {
	_, err := tx.Exec(ctx, `insert into insight_point (key_result, at, value, score) values ($1, $2, $3, $4)
		on conflict (key_result, at) do update set value = $3, score = $4`, string(p.KeyResult), store.Micros(f.At), p.Value, p.Score)
	return err
}
