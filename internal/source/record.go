package source

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/source/git"
)

// move is a ref that moved on the disk and is not told yet.
type move struct {
	ref    string
	before string // "" when the ref is new
	after  string // "" when it was deleted
	by     journal.By
}

// moves returns how the refs came from told to disk, push by push as far as
// the accepted pushes explain it. What none of them explains is told as one
// move by nobody in particular.
func moves(told, disk map[string]string, pushes []accepted, nobody journal.By) []move {
	names := map[string]bool{}
	for name := range told {
		names[name] = true
	}
	for name := range disk {
		names[name] = true
	}
	var all []move
	for _, name := range slices.Sorted(maps.Keys(names)) {
		// Walk back from where the ref is: of several pushes from the same
		// state only one can have won, and it is the one that led here.
		left := slices.DeleteFunc(slices.Clone(pushes), func(p accepted) bool { return p.ref != name })
		var way []move
		at := disk[name]
		for at != told[name] {
			i := slices.IndexFunc(left, func(p accepted) bool { return p.after == at })
			if i < 0 {
				way = append(way, move{name, told[name], at, nobody})
				break
			}
			way = append(way, move{name, left[i].before, at, left[i].by})
			at = left[i].before
			left = slices.Delete(left, i, i+1)
		}
		slices.Reverse(way)
		all = append(all, way...)
	}
	return all
}

// record tells every move of a repository's refs that is not told yet.
func (s *Service) record(ctx context.Context, o owned) error {
	defer s.lock(o.component)()
	repo := s.repository(o.component)
	var before map[string]string
	var pushes []accepted
	// The pushes are read before the refs: one that is accepted in between is
	// still running and records by itself.
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if before, err = told(ctx, tx, o.component); err != nil {
			return err
		}
		pushes, err = pending(ctx, tx, o.component)
		return err
	})
	if err != nil {
		return err
	}
	disk, err := repo.Refs(ctx)
	if err != nil {
		return err
	}
	todo := moves(before, disk, pushes, access.System("source").By())
	if len(todo) == 0 {
		return nil
	}
	pushed := make([]fact.Payload, len(todo))
	for i, m := range todo {
		if branch, ok := strings.CutPrefix(m.ref, "refs/heads/"); ok && m.after != "" {
			f, err := s.describe(ctx, repo, o, branch, m, disk[git.TrunkRef])
			if err != nil {
				return err
			}
			if pushed[i] = f; o.kind == forPath && !strings.HasPrefix(branch, Trials) { // nothing can be built from it
				pushed[i] = fact.PathPushed{Repository: o.component, Branch: branch, Head: f.Head, Before: f.Before, Commits: f.Commits, Total: f.Total}
			}
		}
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		for _, m := range todo {
			if err := moveRef(ctx, tx, o.component, m, s.now()); err != nil {
				return err
			}
		}
		for i, f := range pushed {
			if f == nil {
				continue // a tag, or a branch that was deleted
			}
			if err := s.journal.Append(ctx, tx, todo[i].by, pushSubject(o), f); err != nil {
				return err
			}
		}
		return nil
	})
}

func pushSubject(o owned) ref.Subject {
	if o.kind == forPath {
		return ref.Of("repository", o.component)
	}
	return ref.Of("component", o.component)
}

const (
	commitsTold = 250
	itemsTold   = 1000
)

// describe makes the fact of a branch's move. New on the trunk is what the
// trunk did not have, on another branch what neither it nor the trunk had.
func (s *Service) describe(ctx context.Context, repo git.Repository, o owned, branch string, m move, trunk string) (fact.CommitsPushed, error) {
	f := fact.CommitsPushed{
		Component: ref.Component(o.component), Team: ref.Team(o.team), Branch: branch, Trunk: branch == Trunk,
		Head: ref.Commit(m.after), Before: ref.Commit(m.before), Commits: []fact.Commit{},
	}
	var known []string
	if m.before != "" {
		known = append(known, m.before)
	}
	if !f.Trunk && trunk != "" {
		known = append(known, trunk)
	}
	seen, brings := map[string]bool{}, o.brings(m.before, f.Trunk)
	err := repo.Log(ctx, m.after, known, nil, func(c git.Commit) error {
		if f.Total++; brings { // made elsewhere: nothing is built of it, and nobody worked on items of ours
			return nil
		}
		items, _ := c.Named()
		c.Items = items
		if len(f.Commits) < commitsTold {
			f.Commits = append(f.Commits, c.Fact())
		}
		for _, item := range items {
			if !seen[item] && len(f.Items) < itemsTold {
				seen[item] = true
				f.Items = append(f.Items, ref.Item(item))
			}
		}
		if c.SHA == m.after {
			f.Hotfix = c.Hotfix()
		}
		return nil
	})
	slices.Reverse(f.Commits)
	slices.Reverse(f.Items)
	return f, err
}
