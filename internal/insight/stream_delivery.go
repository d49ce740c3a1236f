package insight

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// streamDelivery follows pushes to trunks and pipeline runs.
func streamDelivery(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	switch f.Kind {
	case "commits.pushed":
		return with(f, func(p fact.CommitsPushed) error {
			if !p.Trunk || p.Head == "" {
				return nil
			}
			title := ""
			for _, c := range p.Commits {
				title = c.Title // the head comes last
				for range c.Items {
					if err := pass(ctx, tx, "items-changes", f); err != nil {
						return err
					}
				}
			}
			// A newer push answers what was wrong with the ones before it.
			if err := answeredChanges(ctx, tx, p.Component, f.Seq); err != nil {
				return err
			}
			return put(ctx, tx, thing{subject: ref.Of("commit", p.Head), station: changes, title: title, team: p.Team, component: p.Component, state: working}, f)
		})
	case "run.queued":
		return with(f, func(p fact.RunQueued) error {
			if err := pass(ctx, tx, "changes-runs", f); err != nil {
				return err
			}
			if err := answered(ctx, tx, ref.Of("commit", p.Commit), "failed"); err != nil {
				return err
			}
			return put(ctx, tx, runThing(p.Run, p.Change, waiting), f)
		})
	case "run.started":
		return with(f, func(p fact.RunStarted) error { return move(ctx, tx, ref.Of("run", p.Run), working, f) })
	case "run.finished":
		return with(f, func(p fact.RunFinished) error {
			if p.Outcome == "succeeded" {
				return move(ctx, tx, ref.Of("run", p.Run), done, f)
			}
			if err := move(ctx, tx, ref.Of("run", p.Run), gone, f); err != nil || p.Outcome != "failed" {
				return err
			}
			why := "its pipeline run failed"
			if p.Step != "" {
				why += " in step " + p.Step
			}
			return changeFailed(ctx, tx, f, p.Change, why+colon(p.Reason), "look at the run's log, then push a correction")
		})
	case "deployment.finished":
		return with(f, func(p fact.DeploymentFinished) error {
			if p.Outcome == "succeeded" {
				return nil
			}
			if err := answered(ctx, tx, ref.Of("commit", p.Commit), "approval"); err != nil || p.Cause != "" {
				return err
			}
			return changeFailed(ctx, tx, f, p.Change, fmt.Sprintf("it did not come up in %s%s", p.Environment, colon(p.Reason)), "look at the workload's log, then push a correction")
		})
	}
	return nil
}

func runThing(run ref.Run, c fact.Change, at place) thing {
	title := string(c.Component)
	if c.Title != "" {
		title += ": " + c.Title
	}
	return thing{subject: ref.Of("run", run), station: runs, title: title, team: c.Team, component: c.Component, state: at}
}

// changeFailed says that a change needs a correction, unless a newer one is on
// its way already.
func changeFailed(ctx context.Context, tx *store.Tx, f journal.Fact, c fact.Change, why, next string) error {
	s := ref.Of("commit", c.Commit)
	last, err := isLastChange(ctx, tx, c.Component, s)
	if err != nil || !last {
		return err
	}
	return ask(ctx, tx, f, need{s, "failed", changes, "member", false, c.Team, why, next})
}

func colon(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

// streamRunning follows rollouts and what they did.
func streamRunning(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	switch f.Kind {
	case "rollout.started":
		return with(f, func(p fact.RolloutStarted) error {
			if err := pass(ctx, tx, "runs-releases", f); err != nil {
				return err
			}
			return put(ctx, tx, thing{subject: ref.Of("rollout", p.Rollout), station: releases, title: fmt.Sprintf("%s %s", p.Component, p.Version), team: p.Team, component: p.Component, state: working}, f)
		})
	case "rollout.held":
		return with(f, func(p fact.RolloutHeld) error {
			t, err := thingOf(ctx, tx, ref.Of("rollout", p.Rollout))
			if err != nil {
				return err
			}
			return ask(ctx, tx, f, need{t.subject, "held", releases, "member,platform", true, t.team, "held: " + p.Reason, "resume it, promote it or roll it back"})
		})
	case "rollout.resumed":
		return with(f, func(p fact.RolloutResumed) error { return answered(ctx, tx, ref.Of("rollout", p.Rollout), "held") })
	case "rollout.asked":
		return with(f, func(p fact.RolloutAsked) error {
			return ask(ctx, tx, f, need{asked(p.Rollout, p.Stage, p.Change), "approval", releases, "member,platform", false, p.Team,
				fmt.Sprintf("version %s of %s waits for approval to go to %.4g %% of the units", p.Version, p.Component, 100*p.Share), "look at its evidence, then approve it or roll it back"})
		})
	case "rollout.approved":
		return with(f, func(p fact.RolloutApproved) error {
			return answered(ctx, tx, asked(p.Rollout, p.Stage, p.Change), "approval")
		})
	case "rollout.decided":
		return with(f, func(p fact.RolloutDecided) error {
			return errors.Join(answered(ctx, tx, ref.Of("rollout", p.Rollout), "held"), answered(ctx, tx, ref.Of("rollout", p.Rollout), "approval"))
		})
	case "rollout.finished":
		return with(f, func(p fact.RolloutFinished) error { return rolloutFinished(ctx, tx, f, p) })
	case "effect.measured":
		return with(f, func(p fact.EffectMeasured) error {
			if err := pass(ctx, tx, "customers-vision", f); err != nil {
				return err
			}
			t, err := thingOf(ctx, tx, ref.Of("feature", p.Feature))
			if err != nil || t.parent == "" {
				return err
			}
			return ask(ctx, tx, f, need{t.parent, "outcome", initiatives, "board", false, "", fmt.Sprintf("a rollout measured an effect of %+.1f points with evidence grade %s", 100*p.Estimate, p.Grade), "read the evidence, then decide: persevere, pivot or stop"})
		})
	}
	return nil
}

// asked is what people are asked to approve: a rollout, or the change while
// nothing of it is in production.
func asked(r ref.Rollout, stage int, c fact.Change) ref.Subject {
	if stage == 0 {
		return ref.Of("commit", c.Commit)
	}
	return ref.Of("rollout", r)
}

func rolloutFinished(ctx context.Context, tx *store.Tx, f journal.Fact, p fact.RolloutFinished) error {
	s := ref.Of("rollout", p.Rollout)
	if err := answered(ctx, tx, s, "held"); err != nil {
		return err
	}
	if p.Outcome != "promoted" {
		if err := move(ctx, tx, s, gone, f); err != nil || p.Cause != "" {
			return err
		}
		return changeFailed(ctx, tx, f, p.Change, "it was rolled back"+colon(p.Reason), "fix forward: push a correction, with the trailer \"Lane: hotfix\" if it is urgent")
	}
	if err := move(ctx, tx, s, done, f); err != nil {
		return err
	}
	if err := pass(ctx, tx, "releases-customers", f); err != nil {
		return err
	}
	live := thing{subject: ref.Of("component", p.Component), station: customers, title: string(p.Component) + " " + p.Version, team: p.Team, component: p.Component, state: working}
	if err := renew(ctx, tx, live, f); err != nil {
		return err
	}
	return finishChanges(ctx, tx, p.Component, ref.Of("commit", p.Commit), f)
}

// streamTrouble follows incidents and alerts.
func streamTrouble(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	switch f.Kind {
	case "incident.opened":
		return with(f, func(p fact.IncidentOpened) error {
			s := ref.Of("incident", p.Incident)
			// No station counts incidents as work; the thing gives the need its title.
			if err := put(ctx, tx, thing{subject: s, station: "incidents", title: p.Title, team: p.Team, component: p.Component, state: working}, f); err != nil {
				return err
			}
			next := "find out what hurts, then fix forward or resolve it"
			if p.Cause == "verdict" {
				next = "fix forward: push a commit with the trailer \"Lane: hotfix\""
			}
			return ask(ctx, tx, f, need{s, "incident", customers, "member,platform", true, p.Team, "an incident is open in " + string(p.Environment), next})
		})
	case "incident.resolved":
		return with(f, func(p fact.IncidentResolved) error {
			s := ref.Of("incident", p.Incident)
			if err := answered(ctx, tx, s, "incident"); err != nil {
				return err
			}
			return move(ctx, tx, s, done, f)
		})
	case "alert.fired":
		return with(f, func(p fact.AlertFired) error {
			if p.Severity == "page" { // that is an incident
				return nil
			}
			return ask(ctx, tx, f, need{ref.Of("component", p.Component), alertNeed(p.Alert, p.Environment), customers, "member", false, p.Team,
				fmt.Sprintf("alert %s fires in %s%s", p.Alert, p.Environment, colon(p.Text)), "look at the component's dashboard"})
		})
	case "alert.resolved":
		return with(f, func(p fact.AlertResolved) error {
			return answered(ctx, tx, ref.Of("component", p.Component), alertNeed(p.Alert, p.Environment))
		})
	}
	return nil
}

func alertNeed(alert string, e ref.Environment) string {
	return "alert " + strings.Join([]string{alert, string(e)}, " in ")
}
