package change

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

const selectChange = `select id, component, number, team, branch, title, body, state, head, items, comments, author, author_name, opened, updated,
	queued, queued_head, queued_by, queued_name, queued_email, candidate, candidate_base, returned,
	merged, merged_by, merged_base, merged_commit, closed, closed_by, version from source_change `

func scan(s store.Scanner) (Change, error) {
	var c Change
	var items string
	var opened, updated, queued, merged, closed int64
	err := s.Scan(&c.ID, &c.Component, &c.Number, &c.Team, &c.Branch, &c.Title, &c.Body, &c.State, &c.Head, &items, &c.Comments, &c.Author, &c.AuthorName, &opened, &updated,
		&queued, &c.QueuedHead, &c.QueuedBy, &c.QueuedName, &c.QueuedEmail, &c.Candidate, &c.Base, &c.Returned,
		&merged, &c.MergedBy, &c.MergedBase, &c.Commit, &closed, &c.ClosedBy, &c.Version)
	if err != nil {
		return c, err
	}
	c.Opened, c.Updated, c.Queued, c.Merged, c.Closed = store.Time(opened), store.Time(updated), store.Time(queued), store.Time(merged), store.Time(closed)
	if err := json.Unmarshal([]byte(items), &c.Items); err != nil {
		return c, fmt.Errorf("items of change %s: %w", c.ID, err)
	}
	return c, nil
}

func get(ctx context.Context, tx *store.Tx, id ref.Change) (Change, error) {
	c, err := store.One(ctx, tx, scan, selectChange+`where id = $1`, string(id))
	if errors.Is(err, store.ErrNone) {
		return c, errs.New(errs.NotFound, "there is no change %q", string(id)).
			Do("list the changes: factory change list; a change is written component:number, for example engine-controller:12")
	}
	return c, err
}

// insert numbers the change within its component.
func insert(ctx context.Context, tx *store.Tx, c Change) (Change, error) {
	// Writing to the repository's row makes those who open at the same time wait.
	if _, err := tx.Exec(ctx, `update source_repository set created = created where component = $1`, string(c.Component)); err != nil {
		return c, err
	}
	open, err := living(ctx, tx, c.Component, c.Branch)
	if err != nil {
		return c, err
	}
	if len(open) > 0 {
		return c, errs.New(errs.Conflict, "the change %s is open for the branch %s", open[0].ID, c.Branch).Do("look at it: factory change show %s", open[0].ID)
	}
	last, err := store.One(ctx, tx, store.Scan1[int64], `select coalesce(max(number), 0) from source_change where component = $1`, string(c.Component))
	if err != nil {
		return c, err
	}
	c.Number = last + 1
	c.ID = ref.Change(fmt.Sprintf("%s:%d", c.Component, c.Number))
	items, err := json.Marshal(append([]string{}, c.Items...))
	if err != nil {
		return c, err
	}
	_, err = tx.Exec(ctx, `insert into source_change (id, component, number, team, branch, title, body, state, head, items, comments, author, author_name, opened, updated,
		queued, queued_head, queued_by, queued_name, queued_email, candidate, candidate_base, returned, merged, merged_by, merged_base, merged_commit, closed, closed_by, version)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, $12, $13, $13, 0, '', '', '', '', '', '', '', 0, '', '', '', 0, '', $14)`,
		string(c.ID), string(c.Component), c.Number, string(c.Team), c.Branch, c.Title, c.Body, string(c.State), c.Head, string(items), c.Author, c.AuthorName, store.Micros(c.Opened), c.Version)
	return c, err
}

// save writes what can change of a change, unless somebody moved it out of the
// state that it was read in.
func save(ctx context.Context, tx *store.Tx, c Change, was State) error {
	items, err := json.Marshal(append([]string{}, c.Items...))
	if err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `update source_change set title = $3, body = $4, state = $5, head = $6, items = $7, updated = $8, queued = $9, queued_head = $10, queued_by = $11,
		queued_name = $12, queued_email = $13, candidate = $14, candidate_base = $15, returned = $16, merged = $17, merged_by = $18, merged_base = $19, merged_commit = $20,
		closed = $21, closed_by = $22, version = $23 where id = $1 and state = $2`,
		string(c.ID), string(was), c.Title, c.Body, string(c.State), c.Head, string(items), store.Micros(c.Updated), store.Micros(c.Queued), c.QueuedHead, c.QueuedBy,
		c.QueuedName, c.QueuedEmail, c.Candidate, c.Base, c.Returned, store.Micros(c.Merged), c.MergedBy, c.MergedBase, c.Commit,
		store.Micros(c.Closed), c.ClosedBy, c.Version)
	if err != nil {
		return err
	}
	return store.Changed(n, "change "+string(c.ID), nil)
}

// living returns the changes of a component that may still be merged; only the
// branch's when it is not empty.
func living(ctx context.Context, tx *store.Tx, component ref.Component, branch string) ([]Change, error) {
	return store.List(ctx, tx, scan, selectChange+`where component = $1 and ($2 = '' or branch = $2) and state in ('open', 'queued') order by number`, string(component), branch)
}

// queue returns the queued changes of a component, the first first.
func queue(ctx context.Context, tx *store.Tx, component ref.Component) ([]Change, error) {
	return store.List(ctx, tx, scan, selectChange+`where component = $1 and state in ('open', 'queued') and state = 'queued' order by queued, number`, string(component))
}

// Filter narrows a list of changes; empty fields do not. Open means Queued too.
type Filter struct {
	Component ref.Component
	State     State
	Team      ref.Team
}

// place is where a page of changes ends.
type place struct {
	Opened int64  `json:"opened"`
	ID     string `json:"id"`
}

// after returns a page of changes.
func after(ctx context.Context, tx *store.Tx, f Filter, p place, limit int) ([]Change, error) {
	var where store.Where
	where.And("(opened < $1 or (opened = $1 and id < $2))", p.Opened, p.ID)
	where.Is("component", string(f.Component))
	where.Is("team", string(f.Team))
	switch f.State {
	case Open, Queued:
		where.And("state in ('open', 'queued')") // finds the index of these
	}
	if f.State != Open {
		where.Is("state", string(f.State))
	}
	list, err := store.List(ctx, tx, scan, selectChange+where.String()+`order by opened desc, id desc limit `+where.Value(limit), where.Args()...)
	if err != nil || len(list) == 0 {
		return list, err
	}
	marks, heads := make([]string, len(list)), make([]any, len(list))
	for i, c := range list {
		marks[i], heads[i] = fmt.Sprintf("$%d", i+1), c.Head
	}
	checks, err := store.List(ctx, tx, scanOwned, selectCheck+`where sha in (`+strings.Join(marks, ", ")+`)`, heads...)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(checks, func(a, b owned) int { return cmp.Compare(b.Run, a.Run) })
	by := map[[2]string][]Check{}
	for _, k := range checks {
		key := [2]string{k.component, k.Commit}
		by[key] = append(by[key], k.Check)
	}
	for i := range list {
		list[i].Check = verdictOf(by[[2]string{string(list[i].Component), list[i].Head}]).State
	}
	return list, nil
}

const selectCheck = `select component, run, branch, sha, state, step, reason, at from source_check `

// owned is a check and whose it is.
type owned struct {
	component string
	Check
}

func scanOwned(s store.Scanner) (o owned, err error) {
	var at int64
	err = s.Scan(&o.component, &o.Run, &o.Branch, &o.Commit, &o.State, &o.Step, &o.Reason, &at)
	o.At = store.Time(at)
	return o, err
}

// checksOf returns the checks of a commit, latest first.
func checksOf(ctx context.Context, tx *store.Tx, component ref.Component, commit string) ([]Check, error) {
	list := []Check{}
	if commit == "" {
		return list, nil
	}
	rows, err := store.List(ctx, tx, scanOwned, selectCheck+`where component = $1 and sha = $2 order by run desc limit 20`,
		string(component), commit)
	for _, o := range rows {
		list = append(list, o.Check)
	}
	return list, err
}

func saveCheck(ctx context.Context, tx *store.Tx, component ref.Component, c Check) error {
	_, err := tx.Exec(ctx, `insert into source_check (run, component, branch, sha, state, step, reason, at) values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (run) do update set state = excluded.state, step = excluded.step, reason = excluded.reason, at = excluded.at`,
		string(c.Run), string(component), c.Branch, c.Commit, string(c.State), c.Step, c.Reason, store.Micros(c.At))
	return err
}

// pushers returns the accounts that pushed to a branch since it was made.
func pushers(ctx context.Context, tx *store.Tx, component ref.Component, branch string) (map[string]bool, error) {
	list, err := store.List(ctx, tx, store.Scan1[string], `select account from source_pusher where component = $1 and branch = $2`, string(component), branch)
	all := make(map[string]bool, len(list))
	for _, a := range list {
		all[a] = true
	}
	return all, err
}

func addPusher(ctx context.Context, tx *store.Tx, component ref.Component, branch, account string, fresh bool) error {
	if fresh {
		if _, err := tx.Exec(ctx, `delete from source_pusher where component = $1 and branch = $2`, string(component), branch); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `insert into source_pusher (component, branch, account) values ($1, $2, $3) on conflict (component, branch, account) do nothing`, string(component), branch, account)
	return err
}

// touched notes that something of a change happened.
func touched(ctx context.Context, tx *store.Tx, id ref.Change, at time.Time) error {
	_, err := tx.Exec(ctx, `update source_change set updated = $2 where id = $1`, string(id), store.Micros(at))
	return err
}
