package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/digital-factory/factory/client"
)

// team creates the engine team and its component, and waits until the golden
// path's first version is live in production.
func (s *story) team(ctx context.Context) error {
	began := time.Now()
	err := s.again(ctx, func() error {
		_, err := s.eva.client.CreateTeam(ctx, client.CreateTeam{ID: engine, Name: "Engine", Key: "ENG", Mission: "Thrust that carries heavy loads"})
		return made(err)
	})
	if err != nil {
		return err
	}
	if err := s.found(ctx, s.engines, "Starts, throttles and stops the motors"); err != nil {
		return err
	}
	s.report.TeamToProduction = time.Since(began).Seconds()
	s.note("from the first command to live in production: %.1f s", s.report.TeamToProduction)
	if err := s.items(ctx); err != nil {
		return err
	}
	s.come(ctx, s.engines, s.opts.rate, busy, flyMission)
	s.note("customers begin to fly missions, %d a second", s.opts.rate)
	return nil
}

// found creates a workshop's component and waits until the golden path's first
// version is live in production.
func (s *story) found(ctx context.Context, w *workshop, does string) error {
	err := s.again(ctx, func() error {
		_, err := w.who.client.CreateComponent(ctx, client.CreateComponent{Name: w.component, Team: w.team, Path: "go-service", Description: does})
		return made(err)
	})
	if err != nil {
		return err
	}
	return s.await(ctx, "the service in production", func() (bool, string, error) {
		c, err := w.who.client.Component(ctx, w.component)
		if err != nil {
			return false, "", err
		}
		state := ""
		for _, p := range c.Provisioning {
			if p.State == "running" || p.State == "done" {
				state = p.Title + ": " + p.State
			}
			if p.State == "failed" {
				return false, "", fmt.Errorf("%s failed: %s", p.Title, p.Text)
			}
		}
		return c.State == "ready", state, nil
	})
}

// items fills the engine team's board, with room for one item in work.
func (s *story) items(ctx context.Context) error {
	for i, it := range []client.CreateItem{
		{Type: "feature", Title: "Take missions and fly the light ones", Feature: s.feature},
		{Type: "feature", Title: "Carry loads over 10 kg", Feature: s.feature},
		{Type: "debt", Title: "Cool the engine under load", Feature: s.feature},
	} {
		it.Team = engine
		want := fmt.Sprintf("ENG-%d", i+1)
		err := s.again(ctx, func() error {
			if _, err := s.eva.client.Item(ctx, want); err == nil {
				return nil // made before an answer was lost
			}
			_, err := s.eva.client.CreateItem(ctx, it)
			return err
		})
		if err != nil {
			return err
		}
	}
	err := s.again(ctx, func() error {
		b, err := s.eva.client.Board(ctx, engine)
		if err != nil {
			return err
		}
		_, err = s.eva.client.SetBoard(ctx, engine, client.SetBoard{Version: b.Version, Limits: map[string]int{"building": 1}})
		return made(err)
	})
	if err != nil {
		return err
	}
	if err := s.pull(ctx, s.engines, "ENG-1"); err != nil {
		return err
	}
	err = s.again(ctx, func() error {
		_, err := s.eva.client.PullItem(ctx, "ENG-2", client.PullItem{})
		return err
	})
	p, ok := errors.AsType[*client.Problem](err)
	if !ok || p.Kind != "blocked" {
		return fmt.Errorf("the limit of work in progress did not hold: pulling a second item gave %v", err)
	}
	s.note("a second item is refused: %s", p.Detail)
	return nil
}

func (s *story) pull(ctx context.Context, w *workshop, item string) error {
	return s.again(ctx, func() error {
		it, err := w.who.client.Item(ctx, item)
		if err != nil || it.State != "ready" {
			return err
		}
		_, err = w.who.client.PullItem(ctx, item, client.PullItem{})
		return err
	})
}

// push commits a change and pushes it.
func (s *story) push(ctx context.Context, w *workshop, item, folder, title string, hotfix bool) (commit string, err error) {
	if err := s.pull(ctx, w, item); err != nil {
		return "", err
	}
	if err := s.checkOut(ctx, w); err != nil {
		return "", err
	}
	message := title + "\n\nItem: " + item
	if hotfix {
		message += "\nLane: hotfix"
	}
	if commit, err = w.repo.change(ctx, w.component+"/"+folder, message); err != nil {
		return "", err
	}
	s.pushed = time.Now()
	if err := s.again(ctx, func() error { return unreachable(w.repo.push(ctx)) }); err != nil {
		return "", err
	}
	s.note("pushed %s: %s (%s)", commit[:10], title, item)
	return commit, nil
}

// checkOut clones the component's repository, once.
func (s *story) checkOut(ctx context.Context, w *workshop) error {
	if w.repo != nil {
		return nil
	}
	dir := filepath.Join(s.opts.data, w.who.login)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	repo := &checkout{dir: dir, who: w.who, token: w.token, routes: w.routes}
	err := s.again(ctx, func() error {
		c, err := w.who.client.Component(ctx, w.component)
		if err != nil {
			return err
		}
		return unreachable(repo.clone(ctx, c.CloneURL))
	})
	if err == nil {
		w.repo = repo
	}
	return err
}

// ship pushes a change and waits for what becomes of it.
func (s *story) ship(ctx context.Context, w *workshop, item, folder, title string, hotfix bool) (commit string, r client.RolloutDetail, err error) {
	if commit, err = s.push(ctx, w, item, folder, title, hotfix); err != nil {
		return "", r, err
	}
	r, err = s.follow(ctx, w, commit, func(r client.Rollout) bool { return r.Phase == "promoted" || r.Phase == "rolled_back" })
	if err != nil {
		return "", r, err
	}
	s.note("%s", r.Reason)
	return commit, r, s.keep(ctx, r)
}

// follow waits until the rollout of a commit is as far as is asked.
func (s *story) follow(ctx context.Context, w *workshop, commit string, far func(client.Rollout) bool) (r client.RolloutDetail, err error) {
	err = s.await(ctx, "the rollout of "+commit[:10], func() (bool, string, error) {
		runs, err := w.who.client.Runs(ctx, client.RunFilter{Component: w.component, Checks: "none"}, client.Paging{Limit: 5})
		if err != nil {
			return false, "", err
		}
		for _, run := range runs.Items {
			if run.Commit == commit && (run.State == "failed" || run.State == "cancelled") {
				return false, "", fmt.Errorf("the pipeline run %s: %s", run.State, run.Reason)
			}
		}
		list, err := w.who.client.Rollouts(ctx, client.RolloutFilter{Component: w.component}, client.Paging{Limit: 5})
		if err != nil {
			return false, "", err
		}
		for _, ro := range list.Items {
			switch {
			case ro.Commit != commit:
				continue
			case far(ro):
				r, err = w.who.client.Rollout(ctx, ro.ID)
				return true, "", err
			case ro.Phase == "failed" || ro.Phase == "superseded" || ro.Phase == "promoted" || ro.Phase == "rolled_back":
				return false, "", fmt.Errorf("the rollout is %s: %s", strings.ReplaceAll(ro.Phase, "_", " "), ro.Reason)
			case ro.Phase == "running":
				return false, fmt.Sprintf("version %s serves %g %% of the customers", ro.Release, 100*ro.Share), nil
			}
			return false, "version " + ro.Release + ": " + strings.ReplaceAll(ro.Phase, "_", " "), nil
		}
		return false, "the pipeline tests and builds it", nil
	})
	return r, err
}

// unreachable turns a git client's failure to connect into the problem that is
// tried again. Git asks without credentials first, and calls it a failed
// authentication when the connection breaks after that.
func unreachable(err error) error {
	if err == nil {
		return nil
	}
	for _, sign := range []string{"Failed to connect", "Couldn't connect", "Connection refused", "Empty reply", "Recv failure", "hung up unexpectedly", "early EOF", "Authentication failed", "HTTP 503", "returned error: 503"} {
		if strings.Contains(err.Error(), sign) {
			return &client.Problem{Kind: "unavailable", Detail: err.Error()}
		}
	}
	return err
}

// keep puts a finished rollout into the report.
func (s *story) keep(ctx context.Context, r client.RolloutDetail) error {
	out := rolloutReport{Component: r.Component, Version: r.Release, Lane: r.Lane, Verdict: r.Phase, Requests: r.Requests, FailedRequests: r.Unanswered}
	if r.Plan != nil {
		out.Alpha = r.Plan.Alpha
	}
	for _, a := range r.Arms {
		out.Units += a.Units
	}
	if r.Verdict != nil {
		for i, m := range r.Verdict.Metrics {
			if i == 0 || m.LogE > out.LogE {
				out.LogE = m.LogE
			}
		}
	}
	if r.Deciding != nil && r.Decided != nil {
		out.VerdictDelay = r.Decided.Sub(*r.Deciding).Seconds()
	}
	if r.Decided != nil && r.Moved != nil {
		out.TrafficDelay = r.Moved.Sub(*r.Decided).Seconds()
	}
	err := s.again(ctx, func() error {
		p, err := s.eva.client.ReplayRollout(ctx, r.ID)
		out.ReplayIdentical = p.Identical
		return err
	})
	s.report.Rollouts = append(s.report.Rollouts, out)
	return err
}

// first keeps the rollout of the golden path's own first version.
func (s *story) first(ctx context.Context) error {
	return s.again(ctx, func() error {
		list, err := s.eva.client.Rollouts(ctx, client.RolloutFilter{Component: component}, client.Paging{Limit: 50})
		if err != nil || len(list.Items) == 0 {
			return err
		}
		d, err := s.eva.client.Rollout(ctx, list.Items[len(list.Items)-1].ID)
		if err != nil {
			return err
		}
		return s.keep(ctx, d)
	})
}

func (s *story) fly(ctx context.Context) error {
	if err := s.first(ctx); err != nil {
		return err
	}
	_, r, err := s.ship(ctx, s.engines, "ENG-1", "1-fly", "Take missions and fly the light ones", false)
	return expect(err, r, "promoted")
}

func (s *story) lift(ctx context.Context) error {
	commit, r, err := s.ship(ctx, s.engines, "ENG-2", "2-heavy", "Carry loads over 10 kg", false)
	s.heavy = commit
	s.report.PushToProduction = time.Since(s.pushed).Seconds()
	if err := expect(err, r, "promoted"); err != nil {
		return err
	}
	for _, m := range r.Measured {
		if m.Known {
			s.note("effect on the share of heavy missions that succeed: %+.0f points, between %+.0f and %+.0f (grade %s)", 100*m.Estimate, 100*m.Low, 100*m.High, m.Grade)
		}
	}
	return s.await(ctx, "the card of ENG-2 to move to done by itself", func() (bool, string, error) {
		it, err := s.eva.client.Item(ctx, "ENG-2")
		return it.State == "done", "", err
	})
}

func (s *story) bad(ctx context.Context) error {
	_, r, err := s.ship(ctx, s.engines, "ENG-3", "3-cooling", "Open the flaps with the load", false)
	if err := expect(err, r, "rolled_back"); err != nil {
		return err
	}
	if !r.Bad {
		return errors.New("the artifact is not marked bad")
	}
	return s.await(ctx, "an open incident", func() (bool, string, error) {
		list, err := s.eva.client.Incidents(ctx, client.IncidentFilter{Component: component, State: "open"}, client.Paging{})
		if err != nil || len(list.Items) == 0 {
			return false, "", err
		}
		in := list.Items[0]
		if in.Commit == "" || in.Team != engine || len(in.Items) == 0 || in.Decision == nil {
			return false, "", fmt.Errorf("the incident %q lacks commit, item, team or the deciding numbers", in.Title)
		}
		return true, "incident: " + in.Title, nil
	})
}

func (s *story) fix(ctx context.Context) error {
	var item client.Item
	err := s.again(ctx, func() (err error) {
		if item, err = s.eva.client.Item(ctx, "ENG-4"); err == nil {
			return nil
		}
		item, err = s.eva.client.CreateItem(ctx, client.CreateItem{Team: engine, Type: "defect", Title: "No flap angle for loads over 17 kg", Feature: s.feature})
		return err
	})
	if err != nil {
		return err
	}
	// The rolled-back item stands in the only place for work; it goes back first.
	err = s.again(ctx, func() error {
		it, err := s.eva.client.Item(ctx, "ENG-3")
		if err != nil || it.State == "ready" {
			return err
		}
		_, err = s.eva.client.MoveItem(ctx, "ENG-3", client.MoveItem{To: "ready", Because: "the fix goes first"})
		return err
	})
	if err != nil {
		return err
	}
	_, r, err := s.ship(ctx, s.engines, item.ID, "4-fix", "Know a flap angle for every load", true)
	if err := expect(err, r, "promoted"); err != nil {
		return err
	}
	return s.await(ctx, "the incident to be resolved", func() (bool, string, error) {
		list, err := s.eva.client.Incidents(ctx, client.IncidentFilter{Component: component, State: "resolved"}, client.Paging{})
		if err != nil || len(list.Items) == 0 || list.Items[0].RecoverySeconds == nil {
			return false, "", err
		}
		return true, fmt.Sprintf("the incident is resolved after %.0f s", *list.Items[0].RecoverySeconds), nil
	})
}

func expect(err error, r client.RolloutDetail, phase string) error {
	if err != nil {
		return err
	}
	if r.Phase != phase {
		return fmt.Errorf("version %s was %s, not %s: %s", r.Release, r.Phase, phase, r.Reason)
	}
	return nil
}
