package change

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/source"
	"github.com/digital-factory/factory/internal/source/git"
)

const (
	commitsShown   = 250
	conflictsShown = 100
)

// Get returns a change as it is now, with what its merge still waits for.
func (s *Service) Get(ctx context.Context, who access.Actor, id ref.Change) (Detail, error) {
	if err := who.May(access.Read, ""); err != nil {
		return Detail{}, err
	}
	d, _, err := s.look(ctx, who.ID, id)
	return d, err
}

// look gathers a change from the database and its repository.
func (s *Service) look(ctx context.Context, asker string, id ref.Change) (d Detail, repo git.Repository, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		d.Change, err = get(ctx, tx, id)
		return err
	})
	if err != nil {
		return d, repo, err
	}
	if repo, _, err = s.room.Repository(ctx, string(d.Component)); err != nil {
		return d, repo, err
	}
	refs, err := repo.Refs(ctx)
	if err != nil {
		return d, repo, err
	}
	if d.Trunk = refs[git.TrunkRef]; d.living() {
		d.Head = refs[d.Ref()]
	} else if d.State == Merged {
		d.Trunk = d.MergedBase
	} else if _, err := repo.Resolve(ctx, d.Head); errs.Is(err, errs.NotFound) {
		d.Head = "" // its branch was deleted, and its commits are swept away
	}
	if err := s.compare(ctx, repo, &d); err != nil {
		return d, repo, err
	}
	if d.State == Merged {
		d.Merges, d.Conflicts, d.Behind = Done, nil, 0
	}
	if d.living() {
		rules, err := s.room.RulesOf(ctx, string(d.Component), d.Trunk)
		if err != nil {
			return d, repo, err
		}
		d.Needed, d.Required = rules.Approvals, rules.Required
	}
	err = s.db.View(ctx, func(tx *store.Tx) error { return s.people(ctx, tx, asker, &d) })
	d.Needs = needs(d)
	return d, repo, err
}

// people adds what the database knows of a head: checks, reviews and the place
// in the queue.
func (s *Service) people(ctx context.Context, tx *store.Tx, asker string, d *Detail) (err error) {
	if d.Checks, err = checksOf(ctx, tx, d.Component, d.Head); err != nil {
		return err
	}
	d.Check = verdictOf(d.Checks).State
	pushed, err := pushers(ctx, tx, d.Component, d.Branch)
	if err != nil {
		return err
	}
	reviews, err := reviewsOf(ctx, tx, d.ID)
	if err != nil {
		return err
	}
	d.Own = d.living() && pushed[asker]
	d.Reviews = judged(reviews, d.Head, func(r Review) bool { return d.living() && (pushed[r.Account] || wrote(d.Commits, r.Name)) })
	d.Approvals = approvals(d.Reviews)
	if d.State != Queued {
		return nil
	}
	line, err := queue(ctx, tx, d.Component)
	if err != nil {
		return err
	}
	d.Position = 1 + slices.IndexFunc(line, func(c Change) bool { return c.ID == d.ID })
	trials, err := checksOf(ctx, tx, d.Component, d.Candidate)
	d.Trial = verdictOf(trials)
	return err
}

// wrote reports whether commits name somebody as their author. A commit may
// claim anybody, which can only make an approval count less.
func wrote(commits []git.Commit, name string) bool {
	return slices.ContainsFunc(commits, func(c git.Commit) bool {
		return strings.EqualFold(strings.TrimSpace(c.Author), strings.TrimSpace(name))
	})
}

// compare says how the head and the trunk of d stand to each other.
func (s *Service) compare(ctx context.Context, repo git.Repository, d *Detail) (err error) {
	d.Commits, d.Conflicts, d.Merges = []git.Commit{}, nil, Gone
	if d.Head == "" {
		return nil
	}
	if d.Fork, err = repo.Fork(ctx, d.Trunk, d.Head); err != nil {
		return err
	}
	if d.Fork == "" {
		d.Merges = Unrelated
		return nil
	}
	if d.Behind, err = repo.Count(ctx, d.Trunk, d.Head); err != nil {
		return err
	}
	if d.Total, err = repo.Count(ctx, d.Head, d.Trunk); err != nil {
		return err
	}
	if d.Total == 0 {
		d.Merges = Nothing
		return nil
	}
	err = repo.Log(ctx, d.Head, []string{d.Trunk}, []string{"--max-count=" + strconv.Itoa(commitsShown)}, func(c git.Commit) error {
		d.Commits = append(d.Commits, c)
		return nil
	})
	if err != nil {
		return err
	}
	slices.Reverse(d.Commits)
	d.Merges = Clean
	if d.Behind == 0 {
		return nil
	}
	_, d.Conflicts, err = repo.Merge(ctx, d.Trunk, d.Head)
	if len(d.Conflicts) > 0 {
		d.Merges = Conflict
		d.Conflicts = d.Conflicts[:min(len(d.Conflicts), conflictsShown)]
	}
	return err
}

// QueueBranch is where a change is tried out.
func QueueBranch(number int64) string { return source.Queue + strconv.FormatInt(number, 10) }

func escape(branch string) string { return url.QueryEscape(branch) }
