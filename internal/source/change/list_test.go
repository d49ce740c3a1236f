package change_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/source/change"
)

// fill adds changes of many components, oldest first, as their rows are.
func (w *world) fill(components, each int) {
	w.t.Helper()
	states := []string{"merged", "merged", "closed", "merged", "open", "queued"}
	for c := range components {
		err := w.db.Update(w.t.Context(), func(tx *store.Tx) error {
			for n := range each {
				name, state := fmt.Sprintf("many-%03d", c), states[(c+n)%len(states)]
				head := fmt.Sprintf("%040x", c*each+n)
				_, err := tx.Exec(w.t.Context(), `insert into source_change (id, component, number, team, branch, title, body, state, head, items, comments, author, author_name, opened, updated,
					queued, queued_head, queued_by, queued_name, queued_email, candidate, candidate_base, returned, merged, merged_by, merged_base, merged_commit, closed, closed_by, version)
					values ($1, $2, $3, $4, $5, 't', '', $6, $7, '[]', 0, 'eva', 'Eva', $8, $8, 0, '', '', '', '', '', '', '', 0, '', '', '', 0, '', 1)`,
					fmt.Sprintf("%s:%d", name, n), name, n, fmt.Sprintf("team-%d", c%20), fmt.Sprint("b", n), state, head, 1_700_000_000_000_000+int64(n*components+c))
				if err != nil {
					return err
				}
				_, err = tx.Exec(w.t.Context(), `insert into source_check (run, component, branch, sha, state, step, reason, at) values ($1, $2, 'b', $3, 'succeeded', '', '', 0)`, ref.New(), name, head)
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// TestList: every filter gives each of its changes once, page by page, last
// opened first.
func TestList(t *testing.T) {
	each(t, "", func(t *testing.T, w *world) {
		w.fill(9, 11)
		for _, f := range []change.Filter{{}, {State: change.Open}, {State: change.Queued}, {State: change.Merged}, {Team: "team-3"}, {Team: "team-4", State: change.Closed}} {
			want := 0
			for n := range 99 {
				state := []change.State{change.Merged, change.Merged, change.Closed, change.Merged, change.Open, change.Queued}[(n/11+n%11)%6]
				if (f.State == "" || f.State == state || f.State == change.Open && state == change.Queued) && (f.Team == "" || f.Team == ref.Team(fmt.Sprintf("team-%d", n/11))) {
					want++
				}
			}
			var got []time.Time
			ids := map[ref.Change]bool{}
			for ask := (page.Ask{Limit: 7}); ; {
				list, next, err := w.changes.List(t.Context(), eva, f, ask)
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range list {
					got, ids[c.ID] = append(got, c.Opened), true
					if c.Check != change.Green {
						t.Errorf("%s: %s", c.ID, c.Check)
					}
				}
				if ask.After = next; next == "" {
					break
				}
			}
			if len(got) != want || len(ids) != want || !slices.IsSortedFunc(got, func(a, b time.Time) int { return b.Compare(a) }) {
				t.Errorf("%+v: %d, %d, want %d", f, len(got), len(ids), want)
			}
		}
	})
}
