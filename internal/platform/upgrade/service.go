package upgrade

import (
	"context"
	"maps"
	"slices"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/platform/path"
	"github.com/digital-factory/factory/internal/ref"
)

// Ask says what shall be upgraded, and how.
type Ask struct {
	Path     string
	Version  string            // the newest that is offered when it is empty
	Cohorts  []string          // how many have had their turn after each: "1", "10%"; 1, a tenth and all when it is empty
	First    []ref.Component   // who comes first
	Only     []ref.Component   // nobody but these; all of the path when it is empty
	Answers  map[string]string // what the one component of Only answers anew; what it does not name stays
	Failures int               // percent of a cohort that may fail; 10 when it is 0
}

const usualFailures = 10

// Start begins an upgrade. It takes the role of platform engineers, or, for
// components that are named, to build these.
func (s *Service) Start(ctx context.Context, who access.Actor, a Ask) (u Upgrade, err error) {
	if err := who.Could(access.BuildComponent); err != nil {
		return u, err
	}
	if a.Failures == 0 {
		a.Failures = usualFailures
	}
	u = Upgrade{ID: ref.Upgrade(ref.New()), Path: a.Path, State: Running, Failures: a.Failures, Whole: len(a.Only) == 0, By: who.Name, Started: s.clock()}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		to, err := s.room.Offered(ctx, tx, a.Path, a.Version)
		if err != nil {
			return err
		}
		u.Version = to.Version
		if u.Whole {
			if err := may(who, ""); err != nil {
				return err
			}
		}
		all, err := s.room.Instances(ctx, tx, a.Path, "")
		if err != nil {
			return err
		}
		if err := known(all, a); err != nil {
			return err
		}
		chosen := slices.DeleteFunc(all, func(i path.Instance) bool { return len(a.Only) > 0 && !slices.Contains(a.Only, i.Component) })
		for _, i := range chosen {
			if err := may(who, i.Team); err != nil {
				return err
			}
		}
		if err := s.free(ctx, tx, u, chosen); err != nil {
			return err
		}
		if err := answer(to, a, chosen); err != nil {
			return err
		}
		behind := slices.DeleteFunc(chosen, func(i path.Instance) bool { return i.Version == u.Version && len(a.Answers) == 0 })
		if len(behind) == 0 {
			return errs.New(errs.Blocked, "there is nothing to upgrade: no component of it is on another version of golden path %s than %s", a.Path, u.Version)
		}
		if len(a.Only) > 0 && len(a.Cohorts) == 0 {
			a.Cohorts = []string{"100%"}
		}
		if u.Cohorts, err = sizes(a.Cohorts, len(behind)); err != nil {
			return err
		}
		order(u.ID, behind, a.First)
		u.Components = nil
		for cohort, n := range u.Cohorts {
			for _, i := range behind[:n] {
				u.Components = append(u.Components, Component{Upgrade: u.ID, Component: i.Component, Team: i.Team, Cohort: cohort + 1, From: i.Version, Stage: Waiting, Changed: u.Started, Asked: a.Answers})
			}
			behind = behind[n:]
		}
		if err := insertUpgrade(ctx, tx, u); err != nil {
			return err
		}
		if err := s.journal.Append(ctx, tx, who.By(), u.subject(), fact.UpgradeStarted{Upgrade: u.ID, Path: u.Path, Version: u.Version, Components: len(u.Components), Cohorts: u.Cohorts}); err != nil {
			return err
		}
		if err := s.advance(ctx, tx, u.ID); err != nil {
			return err
		}
		u, err = load(ctx, tx, u.ID, false)
		return err
	})
	return u, err
}

// may: over the API a token needs the scope write for what git's door asks the
// scope git for. What is no team's is the platform's.
func may(who access.Actor, team ref.Team) error {
	if err := who.May(access.BuildComponent, string(team)); err != nil {
		return err
	}
	return who.MayUse(access.ScopeWrite)
}

func (u Upgrade) subject() ref.Subject { return ref.Of("upgrade", u.ID) }

// known refuses names of components that the path does not have.
func known(all []path.Instance, a Ask) error {
	for _, named := range slices.Concat(a.Only, a.First) {
		if !slices.ContainsFunc(all, func(i path.Instance) bool { return i.Component == named }) {
			return errs.New(errs.NotFound, "no component %q was created from golden path %s", named, a.Path).Do("look at its components: factory path instances %s", a.Path)
		}
	}
	if a.Failures < 0 || a.Failures > 100 {
		return errs.New(errs.Invalid, "the upgrade cannot be started so").In("failures", "is percent of a cohort, 0 to 100")
	}
	return nil
}

// answer refuses answers that cannot be rendered, or that change nothing.
func answer(to *path.Path, a Ask, chosen []path.Instance) error {
	if len(a.Answers) == 0 {
		return nil
	}
	if len(a.Only) != 1 {
		return errs.New(errs.Invalid, "the upgrade cannot be started so").In("answers", "are those of one component: name it in only")
	}
	before := chosen[0]
	answers, err := to.Anew(before.Answers, a.Answers)
	if err != nil {
		return err
	}
	if before.Version == to.Version && maps.Equal(answers, before.Answers) {
		return errs.New(errs.Blocked, "%s has these answers already", before.Component)
	}
	return nil
}

// free makes sure that no other upgrade is at work on the same components.
func (s *Service) free(ctx context.Context, tx *store.Tx, u Upgrade, chosen []path.Instance) error {
	// Writing first makes two that start at the same time wait for each other.
	if _, err := tx.Exec(ctx, `update platform_path set state = state where name = $1`, u.Path); err != nil {
		return err
	}
	others, err := running(ctx, tx, u.Path)
	if err != nil {
		return err
	}
	for _, o := range others {
		if o.Whole && u.Whole {
			return errs.New(errs.Conflict, "an upgrade of golden path %s to version %s is %s", o.Path, o.Version, o.State).Do("wait for it, or stop it: factory upgrade stop %s", o.ID)
		}
		o, err := load(ctx, tx, o.ID, false)
		if err != nil {
			return err
		}
		for _, c := range o.Components {
			busy := c.Stage == Preparing || c.Stage == Open
			if !u.Whole && busy && slices.ContainsFunc(chosen, func(i path.Instance) bool { return i.Component == c.Component }) {
				return errs.New(errs.Conflict, "%s is being upgraded to version %s already", c.Component, o.Version).Do("look at it: factory upgrade show %s", o.ID)
			}
		}
	}
	return nil
}

// Get returns an upgrade with its components.
func (s *Service) Get(ctx context.Context, who access.Actor, id ref.Upgrade) (u Upgrade, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return u, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		u, err = load(ctx, tx, id, false)
		return err
	})
	return u, err
}

// List returns upgrades, newest first, a page at a time; those of one path
// unless it is empty.
func (s *Service) List(ctx context.Context, who access.Actor, name string, ask page.Ask) (found []Upgrade, next string, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, "", err
	}
	before := "~" // sorts after every id
	if _, err := ask.Key(&before); err != nil {
		return nil, "", err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		found, err = list(ctx, tx, name, before, ask.Size()+1)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	found, next = page.Of(ask, found, func(u Upgrade) any { return u.ID })
	return found, next, nil
}

// Pause lets no further cohort's turn come. What was begun goes on.
func (s *Service) Pause(ctx context.Context, who access.Actor, id ref.Upgrade) (Upgrade, error) {
	return s.steer(ctx, who, id, Running, func(tx *store.Tx, u *Upgrade) error {
		return s.pause(ctx, tx, who, u, who.Name+" paused it.")
	})
}

// Resume goes on. The failures of the cohort whose turn it is are accepted.
func (s *Service) Resume(ctx context.Context, who access.Actor, id ref.Upgrade) (Upgrade, error) {
	return s.steer(ctx, who, id, Paused, func(tx *store.Tx, u *Upgrade) error {
		u.State, u.Reason, u.Accepted = Running, "", u.Cohort
		if err := saveUpgrade(ctx, tx, *u); err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, who.By(), u.subject(), fact.UpgradeResumed{Upgrade: u.ID, Path: u.Path, Version: u.Version})
	})
}

// Stop ends an upgrade. The changes that are not merged are closed; their
// branches stay.
func (s *Service) Stop(ctx context.Context, who access.Actor, id ref.Upgrade) (Upgrade, error) {
	return s.steer(ctx, who, id, "", func(tx *store.Tx, u *Upgrade) error { return s.stop(ctx, tx, who, u, who.Name+" stopped it.") })
}

// steer changes an upgrade that is in a state, or not through when that is
// empty.
func (s *Service) steer(ctx context.Context, who access.Actor, id ref.Upgrade, in State, f func(tx *store.Tx, u *Upgrade) error) (u Upgrade, err error) {
	if err := who.Could(access.BuildComponent); err != nil {
		return u, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if u, err = load(ctx, tx, id, true); err != nil {
			return err
		}
		if u.Whole {
			if err := may(who, ""); err != nil {
				return err
			}
		}
		for _, c := range u.Components {
			if err := may(who, c.Team); err != nil {
				return err
			}
		}
		if in != "" && u.State != in || u.State == Done || u.State == Stopped {
			return errs.New(errs.Blocked, "this upgrade is %s", u.State)
		}
		if err := f(tx, &u); err != nil {
			return err
		}
		if err := s.advance(ctx, tx, id); err != nil {
			return err
		}
		u, err = load(ctx, tx, id, false)
		return err
	})
	return u, err
}

func (s *Service) pause(ctx context.Context, tx *store.Tx, who access.Actor, u *Upgrade, reason string) error {
	u.State, u.Reason = Paused, reason
	if err := saveUpgrade(ctx, tx, *u); err != nil {
		return err
	}
	return s.journal.Append(ctx, tx, who.By(), u.subject(), fact.UpgradePaused{Upgrade: u.ID, Path: u.Path, Version: u.Version, Reason: reason})
}

func (s *Service) stop(ctx context.Context, tx *store.Tx, who access.Actor, u *Upgrade, reason string) error {
	for i := range u.Components {
		c := &u.Components[i]
		if c.Stage == Merged || c.Stage == Current || c.Stage == Declined || c.Stage == Left {
			continue
		}
		c.Stage, c.Reason, c.Changed = Left, reason, s.clock()
		if err := saveComponent(ctx, tx, *c); err != nil {
			return err
		}
		if err := s.planClose(ctx, tx, *c); err != nil {
			return err
		}
	}
	return s.end(ctx, tx, who, u, Stopped, reason)
}

// end tells that nothing more is done.
func (s *Service) end(ctx context.Context, tx *store.Tx, who access.Actor, u *Upgrade, state State, reason string) error {
	u.State, u.Reason, u.Finished = state, reason, s.clock()
	u.count()
	if err := saveUpgrade(ctx, tx, *u); err != nil {
		return err
	}
	return s.journal.Append(ctx, tx, who.By(), u.subject(), fact.UpgradeFinished{Upgrade: u.ID, Path: u.Path, Version: u.Version, State: string(state), Reason: reason,
		Merged: u.Counts[Merged] + u.Counts[Current], Parked: u.Counts[Conflict] + u.Counts[Approval] + u.Counts[Failed]})
}

// advance takes an upgrade as far as it goes without waiting.
func (s *Service) advance(ctx context.Context, tx *store.Tx, id ref.Upgrade) error {
	me := access.System("upgrade")
	for {
		u, err := load(ctx, tx, id, true)
		if err != nil {
			return err
		}
		do, why := next(u)
		switch do {
		case begin:
			err = s.begin(ctx, tx, &u)
		case pause:
			return s.pause(ctx, tx, me, &u, why)
		case finish:
			return s.end(ctx, tx, me, &u, Done, "")
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// begin gives the next cohort its turn.
func (s *Service) begin(ctx context.Context, tx *store.Tx, u *Upgrade) error {
	u.Cohort++
	if err := saveUpgrade(ctx, tx, *u); err != nil {
		return err
	}
	told := fact.UpgradeAdvanced{Upgrade: u.ID, Path: u.Path, Version: u.Version, Cohort: u.Cohort, Components: []ref.Component{}}
	for _, c := range u.Components {
		if c.Cohort != u.Cohort || c.Stage != Waiting {
			continue
		}
		c.Stage, c.Changed = Preparing, s.clock()
		if err := saveComponent(ctx, tx, c); err != nil {
			return err
		}
		if err := s.plan(ctx, tx, proposeKind, c); err != nil {
			return err
		}
		told.Components = append(told.Components, c.Component)
	}
	return s.journal.Append(ctx, tx, access.System("upgrade").By(), u.subject(), told)
}

// plan plans the next thing to do for a component.
func (s *Service) plan(ctx context.Context, tx *store.Tx, kind string, c Component) error {
	return s.effects.Plan(ctx, tx, effect.Plan{Key: kind + "/" + string(c.Upgrade) + "/" + string(c.Component) + "/" + ref.New(), Kind: kind,
		Subject: ref.Of("component-upgrade", c.Component), Data: task{c.Upgrade, c.Component, c.Change}})
}

func (s *Service) planClose(ctx context.Context, tx *store.Tx, c Component) error {
	if c.Change == "" {
		return nil
	}
	return s.plan(ctx, tx, closeKind, c)
}
