package change_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/digital-factory/factory/internal/source/change"
	"github.com/digital-factory/factory/internal/source/git"
)

func move(refs map[string]string, branch, to string) git.Move {
	name := "refs/heads/" + branch
	return git.Move{Ref: name, Before: refs[name], After: to}
}

// TestCrash ends the process before and after each move of a ref, before the
// queue could write down that it did, and begins it again: the change is merged
// as it would have been, and everything is told once.
func TestCrash(t *testing.T) {
	for _, at := range []string{"refs/heads/queue/", "refs/heads/main"} {
		for _, moment := range []string{"before", "after", "untold"} {
			t.Run(strings.TrimSuffix(at, "/")+" "+moment, func(t *testing.T) {
				each(t, "", func(t *testing.T, w *world) {
					head := w.commit(eva, "a", "A\n\nItem: ENG-1\n", "a.txt", "a")
					w.commit(eva, "main", "M", "m.txt", "m")
					c := w.open(eva, "a")
					var mu sync.Mutex
					crashed := false
					has := func() bool { mu.Lock(); defer mu.Unlock(); return crashed }
					w.crash = func(moves []git.Move) (before, after bool) {
						mu.Lock()
						defer mu.Unlock()
						if crashed || !strings.HasPrefix(moves[0].Ref, at) || moves[0].After == "" {
							return false, false
						}
						crashed = true
						if moment == "untold" { // the refs moved, and nothing else
							repo, _, err := w.source.Repository(t.Context(), component)
							if err == nil {
								err = repo.Update(t.Context(), moves)
							}
							if err != nil {
								t.Error(err)
							}
						}
						return moment != "after", moment == "after"
					}
					w.check(head, "succeeded")
					w.merge(c.ID)
					checked := false
					again := func() {
						if has() && w.end != nil {
							w.end()
							w.end = nil
							w.begin()
						}
					}
					w.until("it is merged", func() bool {
						again()
						if tried := w.head("queue/1"); tried != "" && !checked && (at == "refs/heads/main" || has()) {
							checked = true
							w.check(tried, "succeeded")
						}
						return has() && w.get(c.ID).State == change.Merged
					})
					if !checked {
						t.Error("it was never checked with the trunk")
					}
					d := w.get(c.ID)
					if refs := w.refs(); len(refs) != 1 || refs["refs/heads/main"] != d.Commit {
						t.Errorf("%+v %v", d, refs)
					}
					w.toldOnce()
				})
			})
		}
	}
}
