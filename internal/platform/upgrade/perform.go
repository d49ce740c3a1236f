package upgrade

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/platform/path"
	"github.com/digital-factory/factory/internal/ref"
)

// The effects: merge and open the change; ask again for it to be merged; close
// it.
const (
	proposeKind = "path.propose"
	mergeKind   = "path.merge"
	closeKind   = "path.close"
)

// task is the data of all three.
type task struct {
	Upgrade   ref.Upgrade   `json:"upgrade"`
	Component ref.Component `json:"component"`
	Change    ref.Change    `json:"change"` // for path.close
}

// Effects registers the performers.
func (s *Service) Effects(l *effect.Log) {
	handle := func(kind string, perform func(context.Context, task) error) {
		l.Handle(kind, 2*time.Minute, func(ctx context.Context, e effect.Effect) error {
			var t task
			if err := json.Unmarshal(e.Data, &t); err != nil {
				return errs.Because(errs.Invalid, err, "the data of %s cannot be read", e.Kind)
			}
			return perform(ctx, t)
		})
	}
	handle(proposeKind, s.propose)
	handle(mergeKind, s.merge)
	handle(closeKind, func(ctx context.Context, t task) error { return s.changes.Close(ctx, t.Change) })
}

// Failed is to be called, in the transaction that gives an effect up for good:
// the component is parked with the reason.
func (s *Service) Failed(ctx context.Context, tx *store.Tx, e effect.Effect) error {
	if e.Kind != proposeKind && e.Kind != mergeKind {
		return nil
	}
	var t task
	if err := json.Unmarshal(e.Data, &t); err != nil {
		return errs.Because(errs.Invalid, err, "the data of %s cannot be read", e.Kind)
	}
	c, err := held(ctx, tx, t.Upgrade, t.Component)
	if err != nil || c.Stage != Preparing && c.Stage != Approval {
		return err
	}
	return s.park(ctx, tx, c, Failed, e.Error)
}

// mostAttempts bounds how often a change is made anew because the trunk moved.
const mostAttempts = 3

// propose merges the newer rendering with a trunk and makes a change of it. It
// may be cut off at any line and run again.
func (s *Service) propose(ctx context.Context, t task) error {
	u, c, err := s.look(ctx, t)
	if err != nil || c.Stage != Preparing || u.State == Stopped {
		return err
	}
	if c.Change != "" { // it was cut off after the change, or the trunk moved: the change may be through by now
		if living, err := s.changes.Living(ctx, c.Change); err != nil || !living {
			return err
		}
	}
	if c.trunk == "" {
		if done, err := s.prepare(ctx, u, &c); err != nil || done {
			return err
		}
	}
	ours, err := s.ours(ctx, c)
	if err != nil {
		return err
	}
	branch := c.Branch(u.Path, u.Version)
	err = s.repositories.Put(ctx, c.Component, branch, c.head, ours)
	if errs.Is(err, errs.Conflict) {
		return s.settle(ctx, c, Approval, errs.Of(err).Text+". It is left to the team.")
	} else if err != nil {
		return err
	}
	if c.Change == "" {
		if c.Change, err = s.changes.Open(ctx, c.Component, branch, title(u, c), body(u, c, s.news(ctx, u))); err != nil {
			return err
		}
		if err := s.note(ctx, c); err != nil {
			return err
		}
	}
	if len(c.Conflicts) > 0 {
		return s.settle(ctx, c, Conflict, conflicting(c))
	}
	err = s.changes.Merge(ctx, c.Change, c.head)
	if errs.Is(err, errs.Blocked) {
		if again, failure := s.overtaken(ctx, u, c); failure != nil {
			return failure
		} else if again {
			return s.propose(ctx, t)
		}
		return s.settle(ctx, c, Approval, errs.Of(err).Text)
	} else if err != nil {
		return err
	}
	return s.settle(ctx, c, Open, "")
}

// overtaken prepares a change anew when the trunk has moved since, which may be
// why it cannot be merged.
func (s *Service) overtaken(ctx context.Context, u Upgrade, c Component) (bool, error) {
	if c.attempts >= mostAttempts {
		return false, nil
	}
	before := c.trunk
	c.attempts++
	done, err := s.prepare(ctx, u, &c)
	return err == nil && !done && c.trunk != before, err
}

// prepare renders and merges, and notes what came of it. done means that there
// is nothing to be put on a branch.
func (s *Service) prepare(ctx context.Context, u Upgrade, c *Component) (done bool, err error) {
	var to *path.Path
	var at []path.Instance
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if to, err = s.room.Offered(ctx, tx, u.Path, u.Version); err != nil {
			return err
		}
		at, err = s.room.Instances(ctx, tx, u.Path, c.Component)
		return err
	})
	switch {
	case errs.Is(err, errs.Blocked) || errs.Is(err, errs.NotFound):
		return true, s.settle(ctx, *c, Failed, errs.Of(err).Text)
	case err != nil:
		return false, err
	case len(at) == 0:
		return true, s.settle(ctx, *c, Failed, "the component is not there any more")
	case at[0].Version == u.Version && len(c.Asked) == 0:
		return true, s.settle(ctx, *c, Current, "")
	}
	out, answers, err := to.For(at[0], c.Asked)
	if err != nil {
		return true, s.settle(ctx, *c, Failed, reasonOf(errs.Of(err)))
	}
	m, err := s.repositories.Merge(ctx, Merge{Component: c.Component, Base: at[0].Commit, Files: out.Files, Message: title(u, *c) + "\n", At: u.Started})
	if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Invalid) {
		return true, s.settle(ctx, *c, Failed, reasonOf(errs.Of(err)))
	} else if err != nil {
		return false, err
	}
	if at[0].Version == u.Version && maps.Equal(answers, at[0].Answers) {
		return true, s.settle(ctx, *c, Current, "")
	}
	c.From, c.trunk, c.render, c.before, c.head, c.Conflicts, c.answers, c.Check = at[0].Version, m.Trunk, m.Render, c.head, m.Head, m.Conflicts, answers, Unknown
	return false, s.note(ctx, *c)
}

func reasonOf(e *errs.Error) string {
	text := e.Text
	for _, f := range e.Fields {
		text += "; " + f.At + ": " + f.Text
	}
	return text
}

// merge asks for a change to be merged that waited for people.
func (s *Service) merge(ctx context.Context, t task) error {
	_, c, err := s.look(ctx, t)
	if err != nil || c.Stage != Approval {
		return err
	}
	if living, err := s.changes.Living(ctx, c.Change); err != nil || !living {
		return err
	}
	err = s.changes.Merge(ctx, c.Change, "")
	if errs.Is(err, errs.Blocked) || errs.Is(err, errs.Conflict) {
		return nil // more is wanted: the change says what
	} else if err != nil {
		return err
	}
	return s.change(ctx, c, func(_ *store.Tx, now *Component) error {
		if now.Stage == Approval {
			now.Stage, now.Reason = Open, ""
		}
		return nil
	})
}

// look reads an upgrade without its components, and one of them.
func (s *Service) look(ctx context.Context, t task) (u Upgrade, c Component, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if u, err = store.One(ctx, tx, scanUpgrade, selectUpgrade+`where id = $1`, string(t.Upgrade)); err != nil {
			return err
		}
		c, err = getComponent(ctx, tx, t.Upgrade, t.Component)
		return err
	})
	if errors.Is(err, store.ErrNone) {
		err = errs.Because(errs.NotFound, err, "upgrade %s has no component %s", t.Upgrade, t.Component)
	}
	return u, c, err
}

// ours returns the commits that upgrades put on a component's branches.
func (s *Service) ours(ctx context.Context, c Component) (all []string, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		all = []string{c.head}
		before, err := ofComponent(ctx, tx, c.Component, 20)
		for _, b := range before {
			all = append(all, b.head, b.render, b.before)
		}
		return err
	})
	return all, err
}

// change changes a component that is still prepared as it was seen.
func (s *Service) change(ctx context.Context, seen Component, f func(tx *store.Tx, c *Component) error) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		now, err := held(ctx, tx, seen.Upgrade, seen.Component)
		if err != nil || now.Stage != seen.Stage {
			return err
		}
		if err := f(tx, &now); err != nil {
			return err
		}
		now.Changed = s.clock()
		if err := saveComponent(ctx, tx, now); err != nil {
			return err
		}
		return s.advance(ctx, tx, now.Upgrade)
	})
}

// note keeps how far the preparation is. What the check of the head said in the
// meantime stays.
func (s *Service) note(ctx context.Context, c Component) error {
	return s.change(ctx, c, func(_ *store.Tx, now *Component) error {
		if now.head == c.head {
			c.Check, c.Reason = now.Check, now.Reason
		}
		*now = c
		return nil
	})
}

// settle ends the preparation.
func (s *Service) settle(ctx context.Context, c Component, stage Stage, reason string) error {
	return s.change(ctx, c, func(tx *store.Tx, now *Component) error {
		if err := s.replace(ctx, tx, *now); err != nil {
			return err
		}
		if now.Check == Red && stage != Conflict {
			stage, reason = Failed, now.Reason
		}
		now.Stage, now.Reason = stage, reason
		return s.tellParked(ctx, tx, *now)
	})
}

// replace gives up what earlier upgrades left open for the same component.
func (s *Service) replace(ctx context.Context, tx *store.Tx, c Component) error {
	before, err := ofComponent(ctx, tx, c.Component, 20)
	if err != nil {
		return err
	}
	for _, b := range before {
		if b.Upgrade >= c.Upgrade {
			continue
		}
		if b, err = held(ctx, tx, b.Upgrade, b.Component); err != nil {
			return err
		}
		if b.Change == "" || b.Stage != Approval && b.Stage != Conflict && b.Stage != Failed && b.Stage != Open {
			continue
		}
		if b.Change != c.Change {
			if err := s.planClose(ctx, tx, b); err != nil {
				return err
			}
		}
		b.Stage, b.Reason, b.Changed = Left, "a later upgrade replaced it", s.clock()
		if err := saveComponent(ctx, tx, b); err != nil {
			return err
		}
	}
	return nil
}

// park notes that a component waits for its team, and tells it.
func (s *Service) park(ctx context.Context, tx *store.Tx, c Component, stage Stage, reason string) error {
	c.Stage, c.Reason, c.Changed = stage, reason, s.clock()
	if err := saveComponent(ctx, tx, c); err != nil {
		return err
	}
	if err := s.tellParked(ctx, tx, c); err != nil {
		return err
	}
	return s.advance(ctx, tx, c.Upgrade)
}

const filesTold = 50

func (s *Service) tellParked(ctx context.Context, tx *store.Tx, c Component) error {
	if c.Stage != Approval && c.Stage != Conflict && c.Stage != Failed {
		return nil
	}
	u, err := store.One(ctx, tx, scanUpgrade, selectUpgrade+`where id = $1`, string(c.Upgrade))
	if err != nil {
		return err
	}
	p := fact.ComponentUpgradeParked{Component: c.Component, Team: c.Team, Upgrade: c.Upgrade, Path: u.Path, Version: u.Version, Change: c.Change, State: string(c.Stage), Reason: c.Reason}
	for _, f := range c.Conflicts[:min(len(c.Conflicts), filesTold)] {
		p.Files = append(p.Files, f.Path)
	}
	return s.journal.Append(ctx, tx, access.System("upgrade").By(), ref.Of("component", c.Component), p)
}

func title(u Upgrade, c Component) string {
	if c.From == u.Version {
		return fmt.Sprintf("Answer golden path %s anew: %s", u.Path, anew(c))
	}
	return fmt.Sprintf("Upgrade golden path %s from %s to %s", u.Path, c.From, u.Version)
}

// anew names what is answered.
func anew(c Component) string { return strings.Join(slices.Sorted(maps.Keys(c.Asked)), ", ") }

func (s *Service) news(ctx context.Context, u Upgrade) (text string) {
	_ = s.db.View(ctx, func(tx *store.Tx) error { // without it the change says less
		p, err := s.room.Offered(ctx, tx, u.Path, u.Version)
		if err == nil {
			text = p.News
		}
		return err
	})
	return text
}

// conflicting says what a team can do.
func conflicting(c Component) string {
	files := make([]string, len(c.Conflicts))
	for i, f := range c.Conflicts {
		files[i] = f.Path
	}
	const named = 5
	text := strings.Join(files[:min(named, len(files))], ", ")
	if more := len(files) - named; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return "The team and the path both changed " + text + "."
}

// body is the text of the change.
// places counts what has to be settled.
func places(n int) string {
	if n == 1 {
		return "1 place"
	}
	return fmt.Sprintf("%d places", n)
}

func body(u Upgrade, c Component, news string) string {
	var b strings.Builder
	if c.From == u.Version {
		fmt.Fprintf(&b, "The golden path `%s` with other answers, merged with what the team made of it.\n", u.Path)
	} else {
		fmt.Fprintf(&b, "Version %s of the golden path `%s`, merged with what the team made of version %s.\n", u.Version, u.Path, c.From)
	}
	if len(c.Asked) > 0 {
		fmt.Fprintf(&b, "\n%s answered:\n\n", u.By)
		for _, name := range slices.Sorted(maps.Keys(c.Asked)) {
			fmt.Fprintf(&b, "- `%s`: %q\n", name, c.Asked[name])
		}
	}
	if news != "" && c.From != u.Version {
		b.WriteString("\n" + strings.TrimSpace(news) + "\n")
	}
	if len(c.Conflicts) == 0 {
		b.WriteString("\nIt is merged by itself as soon as the pipeline is green and the component's rules for changes are kept.\n")
		return b.String()
	}
	fmt.Fprintf(&b, "\nThe team and the path changed the same lines, so a person must settle them. Nothing was changed on the trunk.\n\n"+
		"```sh\ngit fetch\ngit switch %[1]s\ngit merge origin/main   # settle the files below\ngit push origin %[1]s\n```\n\n", c.Branch(u.Path, u.Version))
	for _, f := range c.Conflicts {
		if len(f.Hunks) == 0 {
			fmt.Fprintf(&b, "- `%s`: one side deleted or renamed what the other changed\n", f.Path)
		} else {
			fmt.Fprintf(&b, "- `%s`: %s\n", f.Path, places(len(f.Hunks)))
		}
	}
	return b.String()
}
