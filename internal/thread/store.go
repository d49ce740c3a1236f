package thread

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

const selectNode = `select subject, title, state, text, team, component, at from thread_node `

func scan(s store.Scanner) (Node, error) {
	var n Node
	var at int64
	err := s.Scan(&n.Subject, &n.Title, &n.State, &n.Text, &n.Team, &n.Component, &at)
	n.At = store.Time(at)
	return n, err
}

// put adds a node or changes the fields that are not empty.
func put(ctx context.Context, tx *store.Tx, n Node) error {
	old, err := node(ctx, tx, n.Subject)
	if err != nil && !errors.Is(err, store.ErrNone) {
		return err
	}
	keep(&n.Title, old.Title)
	keep(&n.State, old.State)
	keep(&n.Text, old.Text)
	keep(&n.Team, old.Team)
	keep(&n.Component, old.Component)
	_, err = tx.Exec(ctx, `insert into thread_node (subject, kind, id, short, title, state, text, team, component, at, words)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		on conflict (subject) do update set title = $5, state = $6, text = $7, team = $8, component = $9, at = $10, words = $11`,
		string(n.Subject), n.Kind(), n.ID(), short(n.ID()), n.Title, n.State, n.Text, string(n.Team), string(n.Component), store.Micros(n.At),
		words(n))
	return err
}

// words is what a search looks at: the beginning is enough, and an index entry
// has a greatest size.
func words(n Node) string {
	r := []rune(strings.ToLower(n.ID() + " " + n.Title))
	return string(r[:min(300, len(r))])
}

func keep[T ~string](field *T, old T) {
	if *field == "" {
		*field = old
	}
}

// short is what an abbreviated identifier is looked up by.
const shortest = 7

func short(id string) string { return strings.ToLower(id[:min(shortest, len(id))]) }

func join(ctx context.Context, tx *store.Tx, e Edge, at time.Time) error {
	_, err := tx.Exec(ctx, `insert into thread_edge (from_subject, to_subject, relation, at) values ($1, $2, $3, $4)
		on conflict (from_subject, to_subject) do nothing`, string(e.From), string(e.To), e.Relation, store.Micros(at))
	return err
}

func cut(ctx context.Context, tx *store.Tx, e Edge) error {
	_, err := tx.Exec(ctx, `delete from thread_edge where to_subject = $1 and relation = $2`, string(e.To), e.Relation)
	return err
}

func empty(ctx context.Context, tx *store.Tx) error {
	for _, table := range []string{"thread_edge", "thread_node"} {
		if _, err := tx.Exec(ctx, `delete from `+table); err != nil {
			return err
		}
	}
	return nil
}

func node(ctx context.Context, tx *store.Tx, s ref.Subject) (Node, error) {
	return store.One(ctx, tx, scan, selectNode+`where subject = $1`, string(s))
}

// abbreviated returns the nodes of a kind whose identifier begins so, at most
// limit.
func abbreviated(ctx context.Context, tx *store.Tx, kind, id string, limit int) ([]Node, error) {
	return store.List(ctx, tx, scan, selectNode+`where short = $1 and kind = $2 and id like $3 escape '\' order by at desc limit $4`,
		short(id), kind, escapeLike(strings.ToLower(id))+"%", limit)
}

// latestOf returns the last nodes of a kind of a team or a component.
func latestOf(ctx context.Context, tx *store.Tx, column, id, kind string, limit int) ([]Node, error) {
	return store.List(ctx, tx, scan, selectNode+`where `+column+` = $1 and kind = $2 order by at desc, subject desc limit $3`, id, kind, limit)
}

func scanEdge(s store.Scanner) (Edge, error) {
	var e Edge
	return e, s.Scan(&e.From, &e.To, &e.Relation)
}

// edgesFrom returns the latest edges that leave a node, edgesTo those that
// reach it.
func edgesFrom(ctx context.Context, tx *store.Tx, s ref.Subject, limit int) ([]Edge, error) {
	return store.List(ctx, tx, scanEdge, `select from_subject, to_subject, relation from thread_edge where from_subject = $1 order by at desc, to_subject limit $2`, string(s), limit)
}

func edgesTo(ctx context.Context, tx *store.Tx, s ref.Subject, limit int) ([]Edge, error) {
	return store.List(ctx, tx, scanEdge, `select from_subject, to_subject, relation from thread_edge where to_subject = $1 order by at desc, from_subject limit $2`, string(s), limit)
}

// find returns nodes whose identifier and title hold all words, newest first.
func find(ctx context.Context, tx *store.Tx, words []string, limit int) ([]Node, error) {
	args := []any{limit}
	where := []string{}
	for _, w := range words {
		args = append(args, "%"+escapeLike(w)+"%")
		where = append(where, fmt.Sprintf(`words like $%d escape '\'`, len(args)))
	}
	// The inner query reads the index alone.
	return store.List(ctx, tx, scan, selectNode+`where subject in (select subject from thread_node where `+strings.Join(where, " and ")+
		` order by at desc, subject desc limit $1) order by at desc, subject desc`, args...)
}

// named returns nodes whose identifier begins with the word.
func named(ctx context.Context, tx *store.Tx, word string, limit int) ([]Node, error) {
	if len(word) < shortest {
		return store.List(ctx, tx, scan, selectNode+`where short = $1 order by at desc, subject desc limit $2`, word, limit)
	}
	return store.List(ctx, tx, scan, selectNode+`where short = $1 and words like $2 escape '\' order by at desc, subject desc limit $3`, short(word), escapeLike(word)+"%", limit)
}

func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}
