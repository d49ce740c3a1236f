package change

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/source"
	"github.com/digital-factory/factory/internal/source/git"
)

// advanceKind is the effect that takes a component's queue as far as it goes.
const advanceKind = "change.advance"

// Advance is the data of the effect change.advance.
type Advance struct {
	Component string `json:"component"`
}

// Effects registers the performer of change.advance.
func (s *Service) Effects(l *effect.Log) {
	l.Handle(advanceKind, 5*time.Minute, func(ctx context.Context, e effect.Effect) error {
		var a Advance
		if err := json.Unmarshal(e.Data, &a); err != nil {
			return errs.Because(errs.Invalid, err, "the data of %s cannot be read", e.Kind)
		}
		if err := s.advance(ctx, ref.Component(a.Component)); err != nil {
			return fmt.Errorf("the merge queue of %s: %v", a.Component, err) // of no kind, so that it is tried again
		}
		return nil
	})
}

// nudge plans to advance a component's queue when anything waits there.
func (s *Service) nudge(ctx context.Context, tx *store.Tx, component ref.Component) error {
	line, err := queue(ctx, tx, component)
	if err != nil || len(line) == 0 {
		return err
	}
	return s.plan(ctx, tx, component)
}

// plan plans to advance a component's queue. Effects of one queue are
// performed one after another.
func (s *Service) plan(ctx context.Context, tx *store.Tx, component ref.Component) error {
	return s.effects.Plan(ctx, tx, effect.Plan{
		Key: advanceKind + "/" + string(component) + "/" + ref.New(), Kind: advanceKind, Subject: ref.Of("queue", component), Data: Advance{string(component)},
	})
}

// Merge has a change merged as soon as it is green. What waiting alone does not
// bring is an errs.Blocked that names all of it.
func (s *Service) Merge(ctx context.Context, who access.Actor, id ref.Change, commit string) (Detail, error) {
	if err := who.Could(access.BuildComponent); err != nil {
		return Detail{}, err
	}
	d, _, err := s.look(ctx, who.ID, id)
	if err != nil {
		return d, err
	}
	if err := source.MayWrite(who, string(d.Team)); err != nil {
		return d, err
	}
	if d.State == Queued {
		return d, nil
	}
	if d.State != Open {
		return d, already(d.Change)
	}
	if commit != "" {
		if err := sameHead(d, commit); err != nil {
			return d, err
		}
	}
	missing := append(mergeNeeded(d), peopleNeeded(d)...)
	if need, hard := checkNeeded(d.Head, verdictOf(d.Checks)); hard && d.Merges != Gone {
		missing = append(missing, need)
	}
	if len(missing) > 0 {
		return d, errs.New(errs.Blocked, "change %s cannot be merged yet. It needs: %s", id, strings.Join(missing, " "))
	}
	err = s.alter(ctx, who, id, func(tx *store.Tx, c *Change) error {
		if c.State != Open {
			return already(*c)
		}
		ident := source.Ident(who)
		c.State, c.Queued, c.Head, c.QueuedHead, c.Items = Queued, s.clock(), d.Head, d.Head, itemsOf(d.Commits)
		c.QueuedBy, c.QueuedName, c.QueuedEmail = who.ID, ident.Name, ident.Email
		c.Candidate, c.Base, c.Returned = "", "", ""
		if err := s.tell(ctx, tx, who.By(), *c, fact.ChangeQueued{Change: c.ID, Component: c.Component, Team: c.Team, Head: ref.Commit(c.Head)}); err != nil {
			return err
		}
		return s.plan(ctx, tx, c.Component)
	})
	if err != nil {
		return d, err
	}
	return s.Get(ctx, who, id)
}

// Unqueue takes a change out of the queue.
func (s *Service) Unqueue(ctx context.Context, who access.Actor, id ref.Change) (Detail, error) {
	err := s.alter(ctx, who, id, func(tx *store.Tx, c *Change) error {
		if c.State != Queued {
			return errs.New(errs.Blocked, "change %s is not in the merge queue; it is %s", id, c.State)
		}
		return s.back(ctx, tx, who.By(), c, fmt.Sprintf("%s took it out of the queue.", who.Name))
	})
	if err != nil {
		return Detail{}, err
	}
	return s.Get(ctx, who, id)
}

// back takes a change out of the queue and tells why; the queue is swept and
// goes on.
func (s *Service) back(ctx context.Context, tx *store.Tx, by journal.By, c *Change, reason string) error {
	c.State, c.Returned = Open, reason
	c.Queued, c.QueuedHead, c.Candidate, c.Base = time.Time{}, "", "", ""
	if err := s.tell(ctx, tx, by, *c, fact.ChangeUnqueued{Change: c.ID, Component: c.Component, Team: c.Team, Reason: reason}); err != nil {
		return err
	}
	return s.plan(ctx, tx, c.Component)
}

// advance takes a queue as far as it goes without waiting. Each step is found
// from what is so in the database and the repository, and may be cut off
// anywhere.
func (s *Service) advance(ctx context.Context, component ref.Component) error {
	repo, _, err := s.room.Repository(ctx, string(component))
	if err != nil {
		return err
	}
	for range rounds {
		refs, err := repo.Refs(ctx)
		if err != nil {
			return err
		}
		var waiting []Change
		err = s.db.View(ctx, func(tx *store.Tx) error {
			waiting, err = queue(ctx, tx, component)
			return err
		})
		if err != nil {
			return err
		}
		if err := s.sweep(ctx, component, waiting, refs); err != nil {
			return err
		}
		st, err := s.next(ctx, repo, waiting, refs[git.TrunkRef])
		if errs.Is(err, errs.Conflict) {
			continue
		} else if err != nil {
			return err
		}
		more := true
		switch e := st.entry; st.act {
		case rest:
			return nil
		case giveBack:
			err = s.giveBack(ctx, e.Change, st.reason)
		case build:
			err = s.build(ctx, repo, e.Change, refs[git.TrunkRef])
		case try:
			more = false // the check is told
			err = s.room.Land(ctx, e.by(), string(component), git.Move{Ref: "refs/heads/" + QueueBranch(e.Number), Before: refs["refs/heads/"+QueueBranch(e.Number)], After: e.Candidate})
		case land:
			more = false // the trunk's move is told
			err = s.land(ctx, e.Change, refs)
		}
		if errs.Is(err, errs.Conflict) {
			continue // something moved meanwhile: the step is found anew
		}
		if err != nil || !more {
			return err
		}
	}
	return fmt.Errorf("no end after %d steps", rounds)
}

// rounds bounds how many steps are taken at once; what is left is tried again.
const rounds = 100

// by is in whose name the queue moves refs.
func (c Change) by() journal.By { return journal.By{ID: c.QueuedBy, Name: c.QueuedName} }

// next decides the next step. It looks at no more of the queue than it must:
// each change costs a few git processes.
func (s *Service) next(ctx context.Context, repo git.Repository, waiting []Change, trunk string) (step, error) {
	slices.SortStableFunc(waiting, func(a, b Change) int { return strings.Compare(first(a), first(b)) })
	for _, c := range waiting {
		d, _, err := s.look(ctx, "", c.ID)
		if err != nil {
			return step{}, err
		}
		if d.State != Queued || !d.Queued.Equal(c.Queued) {
			return step{}, errs.New(errs.Conflict, "change %s has left the queue in the meantime", c.ID)
		}
		e := entry{Change: d.Change, head: d.Head, check: verdictOf(d.Checks), people: peopleNeeded(d), trial: d.Trial}
		if c := e.Candidate; c != "" {
			if e.landed, err = repo.Answers(ctx, "merge-base", "--is-ancestor", c, trunk); err != nil {
				return step{}, err
			}
			if e.same, err = sameTree(ctx, repo, c, e.QueuedHead); err != nil {
				return step{}, err
			}
		}
		if st, decided := decide(e, trunk); decided {
			return st, nil
		}
	}
	return step{act: rest}, nil
}

// first sorts the change that is tried out before the others.
func first(c Change) string {
	if c.Candidate != "" {
		return "0"
	}
	return "1"
}

func sameTree(ctx context.Context, repo git.Repository, a, b string) (bool, error) {
	one, err := repo.TreeOf(ctx, a)
	if err != nil {
		return false, err
	}
	two, err := repo.TreeOf(ctx, b)
	return one == two, err
}

// sweep deletes the queue's branches that nothing waits on.
func (s *Service) sweep(ctx context.Context, component ref.Component, waiting []Change, refs map[string]string) error {
	for name, head := range refs {
		branch := strings.TrimPrefix(name, "refs/heads/")
		if !strings.HasPrefix(branch, source.Queue) || slices.ContainsFunc(waiting, func(c Change) bool { return QueueBranch(c.Number) == branch }) {
			continue
		}
		err := s.room.Land(ctx, access.System("change").By(), string(component), git.Move{Ref: name, Before: head})
		if err != nil && !errs.Is(err, errs.Conflict) {
			return err
		}
	}
	return nil
}

// giveBack takes a change out of the queue in the factory's name.
func (s *Service) giveBack(ctx context.Context, c Change, reason string) error {
	return s.inQueue(ctx, c, func(tx *store.Tx, c *Change) error {
		return s.back(ctx, tx, access.System("change").By(), c, reason)
	})
}

// inQueue changes a change that is still queued as it was seen; else it is an
// errs.Conflict.
func (s *Service) inQueue(ctx context.Context, seen Change, f func(tx *store.Tx, c *Change) error) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		c, err := get(ctx, tx, seen.ID)
		if err != nil {
			return err
		}
		if c.State != Queued || !c.Queued.Equal(seen.Queued) {
			return errs.New(errs.Conflict, "change %s has left the queue in the meantime", c.ID)
		}
		if err := f(tx, &c); err != nil {
			return err
		}
		c.Updated = s.clock()
		return save(ctx, tx, c, Queued)
	})
}

// build makes the merge commit that the trunk would get. It is the same each
// time for the same trunk, head and queueing.
func (s *Service) build(ctx context.Context, repo git.Repository, c Change, trunk string) error {
	fork, err := repo.Fork(ctx, trunk, c.QueuedHead)
	if err != nil {
		return err
	}
	if fork == "" || fork == c.QueuedHead {
		return s.giveBack(ctx, c, "The trunk has all of it already.")
	}
	tree, conflicts, err := repo.Merge(ctx, trunk, c.QueuedHead)
	if err != nil {
		return err
	}
	if len(conflicts) > 0 {
		return s.giveBack(ctx, c, fmt.Sprintf("It conflicts with the trunk in %s: merge main into %s, settle them, and push.", fileList(conflicts), c.Branch))
	}
	head, err := repo.Named(ctx, []string{c.QueuedHead})
	if err != nil {
		return err
	}
	candidate, err := repo.Write(ctx, tree, message(c, head[c.QueuedHead].Hotfix()), git.Person{Name: c.QueuedName, Email: c.QueuedEmail}, c.Queued, trunk, c.QueuedHead)
	if err != nil {
		return err
	}
	if err := s.room.Judge(ctx, string(c.Component), candidate); errs.Is(err, errs.Blocked) {
		return s.giveBack(ctx, c, "Merged with the trunk it could not be built or run: "+reasonOf(errs.Of(err)))
	} else if err != nil {
		return err
	}
	return s.inQueue(ctx, c, func(_ *store.Tx, c *Change) error {
		c.Candidate, c.Base = candidate, trunk
		return nil
	})
}

func reasonOf(e *errs.Error) string {
	text := e.Text
	for _, f := range e.Fields {
		text += "; " + f.At + ": " + f.Text
	}
	return text + "."
}

// message is what the merge commit says. Its last paragraph are the trailers,
// whatever a person wrote above.
func message(c Change, hotfix bool) string {
	var b strings.Builder
	b.WriteString(c.Title + "\n\n")
	if c.Body != "" {
		b.WriteString(c.Body + "\n\n")
	}
	for _, item := range c.Items {
		b.WriteString("Item: " + item + "\n")
	}
	if hotfix {
		b.WriteString("Lane: hotfix\n")
	}
	b.WriteString("Change: " + string(c.ID) + "\n")
	return b.String()
}

// land moves the trunk to the candidate and deletes the change's branches, all
// or none. That the change is merged is told when the trunk's move is.
func (s *Service) land(ctx context.Context, c Change, refs map[string]string) error {
	moves := []git.Move{{Ref: git.TrunkRef, Before: c.Base, After: c.Candidate}, {Ref: c.Ref(), Before: c.QueuedHead}}
	if name := "refs/heads/" + QueueBranch(c.Number); refs[name] != "" {
		moves = append(moves, git.Move{Ref: name, Before: refs[name]})
	}
	return s.room.Land(ctx, c.by(), string(c.Component), moves...)
}
