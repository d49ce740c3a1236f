package flow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

const selectItem = `select i.id, i.team, i.number, i.type, i.title, i.description, i.feature, i.assignee, i.state, i.rank,
	i.blocked, i.blocked_since, i.created, i.since, i.started, i.done, i.moves, i.version,
	t.from_state, t.to_state, t.at, t.because, t.subject, t.actor, t.by_fact
	from flow_item i join flow_transition t on t.item = i.id and t.seq = i.moves `

func scan(s store.Scanner) (Item, error) {
	var i Item
	var blocked, created, since, started, done, at, byFact int64
	err := s.Scan(&i.ID, &i.Team, &i.Number, &i.Type, &i.Title, &i.Description, &i.Feature, &i.Assignee, &i.State, &i.Rank,
		&i.Blocked, &blocked, &created, &since, &started, &done, &i.Moves, &i.Version,
		&i.Last.From, &i.Last.To, &at, &i.Last.Because, &i.Last.Subject, &i.Last.Actor, &byFact)
	i.BlockedSince, i.Created, i.Since = store.Time(blocked), store.Time(created), store.Time(since)
	i.Started, i.Done = store.Time(started), store.Time(done)
	i.Last.At, i.Last.ByFact = store.Time(at), byFact == 1
	return i, err
}

func insert(ctx context.Context, tx *store.Tx, i Item) error {
	_, err := tx.Exec(ctx, `insert into flow_item (id, team, number, type, title, description, feature, assignee, state, rank,
		blocked, blocked_since, created, since, started, done, moves, version)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', 0, $11, $12, 0, 0, $13, $14)`,
		string(i.ID), string(i.Team), i.Number, string(i.Type), i.Title, i.Description, string(i.Feature), i.Assignee,
		string(i.State), i.Rank, store.Micros(i.Created), store.Micros(i.Since), i.Moves, i.Version)
	if err != nil {
		return fmt.Errorf("insert %s: %w", i.ID, err)
	}
	return insertMove(ctx, tx, i)
}

// save writes an item over the one with the version before.
func save(ctx context.Context, tx *store.Tx, i Item) error {
	n, err := tx.Exec(ctx, `update flow_item set type = $3, title = $4, description = $5, feature = $6, assignee = $7, state = $8, rank = $9,
		blocked = $10, blocked_since = $11, since = $12, started = $13, done = $14, moves = $15, version = version + 1
		where id = $1 and version = $2`,
		string(i.ID), i.Version-1, string(i.Type), i.Title, i.Description, string(i.Feature), i.Assignee, string(i.State), i.Rank,
		i.Blocked, store.Micros(i.BlockedSince), store.Micros(i.Since), store.Micros(i.Started), store.Micros(i.Done), i.Moves)
	if err != nil {
		return err
	}
	return store.Changed(n, "item "+string(i.ID), nil)
}

// insertMove keeps the item's last transition.
func insertMove(ctx context.Context, tx *store.Tx, i Item) error {
	m := i.Last
	_, err := tx.Exec(ctx, `insert into flow_transition (item, seq, team, from_state, to_state, at, because, subject, actor, by_fact)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		string(i.ID), i.Moves, string(i.Team), string(m.From), string(m.To), store.Micros(m.At), m.Because, string(m.Subject), m.Actor, store.Flag(m.ByFact))
	return err
}

func get(ctx context.Context, tx *store.Tx, id ref.Item) (Item, error) {
	i, err := store.One(ctx, tx, scan, selectItem+`where i.id = $1`, string(id))
	if errors.Is(err, store.ErrNone) {
		return Item{}, errs.New(errs.NotFound, "there is no item %q", id).Do("list the items: factory item list")
	}
	return i, err
}

func movesOf(ctx context.Context, tx *store.Tx, id ref.Item) ([]Move, error) {
	return store.List(ctx, tx, func(s store.Scanner) (Move, error) {
		var m Move
		var at, byFact int64
		err := s.Scan(&m.From, &m.To, &at, &m.Because, &m.Subject, &m.Actor, &byFact)
		m.At, m.ByFact = store.Time(at), byFact == 1
		return m, err
	}, `select from_state, to_state, at, because, subject, actor, by_fact from flow_transition where item = $1 order by seq`, string(id))
}

// listKey is where a page of items ends.
type listKey struct {
	Created int64
	ID      string
}

func listItems(ctx context.Context, tx *store.Tx, f Filter, after listKey, limit int) ([]Item, error) {
	args := []any{after.Created, after.ID, limit}
	where := `where (i.created < $1 or (i.created = $1 and i.id < $2))`
	narrow := func(condition string, value string) {
		if value != "" {
			args = append(args, value)
			where += fmt.Sprintf(` and `+condition, len(args))
		}
	}
	narrow(`i.team = $%d`, string(f.Team))
	narrow(`i.state = $%d`, string(f.State))
	narrow(`i.type = $%d`, string(f.Type))
	narrow(`i.feature = $%d`, string(f.Feature))
	narrow(`i.assignee = $%d`, f.Assignee)
	if f.Text != "" {
		narrow(`lower(i.id || ' ' || i.title) like $%d escape '\'`, "%"+escapeLike(strings.ToLower(f.Text))+"%")
	}
	return store.List(ctx, tx, scan, selectItem+where+` order by i.created desc, i.id desc limit $3`, args...)
}

func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

// lock holds a team's row until the end of the transaction.
func lock(ctx context.Context, tx *store.Tx, team ref.Team) error {
	l := DefaultLimits()
	_, err := tx.Exec(ctx, `insert into flow_team (team, last_number, building, verifying, releasing, version) values ($1, 0, $2, $3, $4, 1)
		on conflict (team) do update set last_number = flow_team.last_number`, string(team), l.Building, l.Verifying, l.Releasing)
	return err
}

// nextNumber locks the team's row and returns the number of its next item.
func nextNumber(ctx context.Context, tx *store.Tx, team ref.Team) (int64, error) {
	if err := lock(ctx, tx, team); err != nil {
		return 0, err
	}
	if _, err := tx.Exec(ctx, `update flow_team set last_number = last_number + 1 where team = $1`, string(team)); err != nil {
		return 0, err
	}
	return store.One(ctx, tx, store.Scan1[int64], `select last_number from flow_team where team = $1`, string(team))
}

func limitsOf(ctx context.Context, tx *store.Tx, team ref.Team) (Limits, int64, error) {
	type row struct {
		Limits
		version int64
	}
	r, err := store.One(ctx, tx, func(s store.Scanner) (row, error) {
		var r row
		return r, s.Scan(&r.Building, &r.Verifying, &r.Releasing, &r.version)
	}, `select building, verifying, releasing, version from flow_team where team = $1`, string(team))
	if errors.Is(err, store.ErrNone) {
		return DefaultLimits(), 1, nil
	}
	return r.Limits, r.version, err
}

func setLimits(ctx context.Context, tx *store.Tx, team ref.Team, version int64, l Limits) (int64, error) {
	return tx.Exec(ctx, `update flow_team set building = $3, verifying = $4, releasing = $5, version = version + 1
		where team = $1 and version = $2`, string(team), version, l.Building, l.Verifying, l.Releasing)
}

// column returns a column's first items by rank.
func column(ctx context.Context, tx *store.Tx, team ref.Team, state State, limit int) ([]Item, error) {
	return store.List(ctx, tx, scan, selectItem+`where i.team = $1 and i.state = $2 order by i.rank, i.number limit $3`, string(team), string(state), limit)
}

// doneSince returns the items done since then, newest first.
func doneSince(ctx context.Context, tx *store.Tx, team ref.Team, since time.Time, limit int) ([]Item, error) {
	return store.List(ctx, tx, scan, selectItem+`where i.team = $1 and i.state = 'done' and i.done >= $2 order by i.done desc, i.number desc limit $3`,
		string(team), store.Micros(since), limit)
}

func countIn(ctx context.Context, tx *store.Tx, team ref.Team, state State) (int, error) {
	return store.One(ctx, tx, store.Scan1[int], `select count(*) from flow_item where team = $1 and state = $2`, string(team), string(state))
}

// finished is when an item was started and done, in microseconds.
type finished struct{ started, done int64 }

// finishedSince returns the last items done since then, at most limit.
func finishedSince(ctx context.Context, tx *store.Tx, team ref.Team, since time.Time, limit int) ([]finished, error) {
	return store.List(ctx, tx, func(s store.Scanner) (finished, error) {
		var f finished
		return f, s.Scan(&f.started, &f.done)
	}, `select started, done from flow_item where team = $1 and state = 'done' and done >= $2 order by done desc limit $3`,
		string(team), store.Micros(since), limit)
}

// doneByDay counts the items done since then by UTC day, as days since 1970.
func doneByDay(ctx context.Context, tx *store.Tx, team ref.Team, since time.Time) (map[int64]int, error) {
	type day struct {
		number int64
		count  int
	}
	days, err := store.List(ctx, tx, func(s store.Scanner) (day, error) {
		var d day
		return d, s.Scan(&d.number, &d.count)
	}, `select done / 86400000000, count(*) from flow_item where team = $1 and state = 'done' and done >= $2 group by done / 86400000000`,
		string(team), store.Micros(since))
	counts := map[int64]int{}
	for _, d := range days {
		counts[d.number] = d.count
	}
	return counts, err
}

// step is the distance between neighbours of a column: place for twenty
// insertions at the same spot before the rest has to move.
const step = 1 << 20

// endOf returns the rank after a column's last item.
func endOf(ctx context.Context, tx *store.Tx, team ref.Team, state State) (int64, error) {
	last, err := store.One(ctx, tx, store.Scan1[int64], `select coalesce(max(rank), 0) from flow_item where team = $1 and state = $2`, string(team), string(state))
	return last + step, err
}

func isLast(ctx context.Context, tx *store.Tx, item Item, state State) (bool, error) {
	if item.State != state {
		return false, nil
	}
	last, err := store.One(ctx, tx, store.Scan1[string], `select id from flow_item where team = $1 and state = $2 order by rank desc, number desc limit 1`,
		string(item.Team), string(state))
	return last == string(item.ID), err
}

// before returns a rank right before next, making room when there is none.
func before(ctx context.Context, tx *store.Tx, item, next Item) (int64, error) {
	prev, err := store.One(ctx, tx, store.Scan1[int64], `select coalesce(max(rank), 0) from flow_item
		where team = $1 and state = $2 and id <> $3 and (rank < $4 or (rank = $4 and number < $5))`,
		string(next.Team), string(next.State), string(item.ID), next.Rank, next.Number)
	if err != nil {
		return 0, err
	}
	if next.Rank-prev < 2 {
		if _, err := tx.Exec(ctx, `update flow_item set rank = rank + $3 where team = $1 and state = $2 and (rank > $4 or (rank = $4 and number >= $5)) and id <> $6`,
			string(next.Team), string(next.State), step, next.Rank, next.Number, string(item.ID)); err != nil {
			return 0, err
		}
		next.Rank += step
	}
	return prev + (next.Rank-prev)/2, nil
}

func countDone(ctx context.Context, tx *store.Tx, team ref.Team, since time.Time) (int, error) {
	return store.One(ctx, tx, store.Scan1[int], `select count(*) from flow_item where team = $1 and state = 'done' and done >= $2`, string(team), store.Micros(since))
}
