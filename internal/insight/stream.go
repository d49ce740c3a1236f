package insight

import (
	"context"
	"fmt"
	"strings"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// place is where a thing is in its station.
type place string

const (
	waiting place = "waiting" // known and not begun
	working place = "work"
	done    place = "done"
	gone    place = "gone" // stopped: neither in work nor finished
)

// The stations, in the order of the stream.
const (
	vision      = "vision"
	initiatives = "initiatives"
	features    = "features"
	items       = "items"
	changes     = "changes"
	runs        = "runs"
	releases    = "releases"
	customers   = "customers"
)

// stream keeps the picture of the value stream. Its parts follow the stream.
func stream(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	for _, part := range []func(context.Context, *store.Tx, journal.Fact) error{streamIntent, streamWork, streamDelivery, streamRunning, streamTrouble} {
		if err := part(ctx, tx, f); err != nil {
			return err
		}
	}
	return remember(ctx, tx, f)
}

// streamIntent follows vision, key results, initiatives and features.
func streamIntent(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	switch f.Kind {
	case "vision.set":
		return with(f, func(p fact.VisionSet) error {
			return put(ctx, tx, thing{subject: ref.Of("vision", p.Vision), station: vision, title: p.Text, state: gone}, f)
		})
	case "key-result.created":
		return with(f, func(p fact.KeyResultCreated) error {
			s := ref.Of("key-result", p.KeyResult)
			if err := put(ctx, tx, thing{subject: s, station: vision, title: p.Title, state: working}, f); err != nil {
				return err
			}
			if err := putOutcome(ctx, tx, p, f); err != nil {
				return err
			}
			return ask(ctx, tx, f, need{s, "measure", vision, "board,product", false, "", "it has never been measured", "let a component send what its query asks for"})
		})
	case "key-result.measured":
		return with(f, func(p fact.KeyResultMeasured) error {
			s := ref.Of("key-result", p.KeyResult)
			if err := answered(ctx, tx, s, "measure"); err != nil {
				return err
			}
			if err := putPoint(ctx, tx, p, f); err != nil {
				return err
			}
			if err := pass(ctx, tx, "customers-vision", f); err != nil {
				return err
			}
			to := working
			if p.Score >= 1 {
				to = done
			}
			return move(ctx, tx, s, to, f)
		})
	case "initiative.created":
		return with(f, func(p fact.InitiativeCreated) error {
			if err := pass(ctx, tx, "vision-initiatives", f); err != nil {
				return err
			}
			return put(ctx, tx, thing{subject: ref.Of("initiative", p.Initiative), station: initiatives, title: p.Title, state: waiting}, f)
		})
	case "initiative.moved":
		return with(f, func(p fact.InitiativeMoved) error { return initiativeMoved(ctx, tx, f, p) })
	case "initiative.decided":
		return with(f, func(p fact.InitiativeDecided) error {
			s := ref.Of("initiative", p.Initiative)
			for _, what := range []string{"go", "outcome"} {
				if err := answered(ctx, tx, s, what); err != nil {
					return err
				}
			}
			if err := setVerdict(ctx, tx, s, p.Verdict); err != nil {
				return err
			}
			if p.Verdict == "no-go" || p.Verdict == "stop" {
				if err := answered(ctx, tx, s, "feature"); err != nil {
					return err
				}
				return move(ctx, tx, s, gone, f)
			}
			return nil
		})
	case "feature.created":
		return with(f, func(p fact.FeatureCreated) error {
			s, parent := ref.Of("feature", p.Feature), ref.Of("initiative", p.Initiative)
			if err := pass(ctx, tx, "initiatives-features", f); err != nil {
				return err
			}
			if err := answered(ctx, tx, parent, "feature"); err != nil {
				return err
			}
			if err := put(ctx, tx, thing{subject: s, station: features, title: p.Title, parent: parent, state: waiting}, f); err != nil {
				return err
			}
			return ask(ctx, tx, f, need{s, "item", features, "product,member", false, "", "no team has an item for it", "create an item on a team's board and link it to the feature"})
		})
	case "feature.moved":
		return with(f, func(p fact.FeatureMoved) error {
			return move(ctx, tx, ref.Of("feature", p.Feature), map[string]place{"planned": waiting, "building": working, "released": done}[p.To], f)
		})
	}
	return nil
}

func initiativeMoved(ctx context.Context, tx *store.Tx, f journal.Fact, p fact.InitiativeMoved) error {
	s := ref.Of("initiative", p.Initiative)
	to := waiting
	switch p.To {
	case "implementing":
		to = working
	case "done":
		to = done
	}
	if err := move(ctx, tx, s, to, f); err != nil {
		return err
	}
	t, err := thingOf(ctx, tx, s)
	if err != nil {
		return err
	}
	if (p.To == "analysing" || p.To == "ready") && t.verdict == "" {
		err = ask(ctx, tx, f, need{s, "go", initiatives, "board", false, "", "it is " + p.To + " and waits for a decision", "read the case, then decide: go or no-go"})
	} else {
		err = answered(ctx, tx, s, "go")
	}
	if err != nil {
		return err
	}
	if p.To != "implementing" {
		return answered(ctx, tx, s, "feature")
	}
	n, err := children(ctx, tx, s)
	if err != nil || n > 0 {
		return err
	}
	return ask(ctx, tx, f, need{s, "feature", initiatives, "product", false, "", "it is being implemented and has no feature", "create its first feature in a product"})
}

// streamWork follows items.
func streamWork(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	switch f.Kind {
	case "item.created":
		return with(f, func(p fact.ItemCreated) error {
			if p.Feature != "" {
				if err := pass(ctx, tx, "features-items", f); err != nil {
					return err
				}
				if err := answered(ctx, tx, ref.Of("feature", p.Feature), "item"); err != nil {
					return err
				}
			}
			return put(ctx, tx, thing{subject: ref.Of("item", p.Item), station: items, title: p.Title, team: p.Team, parent: parentOf(p.Feature), state: waiting}, f)
		})
	case "item.moved":
		return with(f, func(p fact.ItemMoved) error {
			s := ref.Of("item", p.Item)
			to := working
			switch p.To {
			case "ready":
				to = waiting
			case "done":
				to = done
				if err := answered(ctx, tx, s, "blocked"); err != nil {
					return err
				}
			}
			if p.Feature != "" {
				if err := answered(ctx, tx, ref.Of("feature", p.Feature), "item"); err != nil {
					return err
				}
			}
			return move(ctx, tx, s, to, f)
		})
	case "item.blocked":
		return with(f, func(p fact.ItemBlocked) error {
			s := ref.Of("item", p.Item)
			if p.Reason == "" {
				return answered(ctx, tx, s, "blocked")
			}
			return ask(ctx, tx, f, need{s, "blocked", items, "member", false, p.Team, "blocked: " + p.Reason, "solve it, then unblock the item"})
		})
	}
	return nil
}

func parentOf(feature ref.Feature) ref.Subject {
	if feature == "" {
		return ""
	}
	return ref.Of("feature", feature)
}

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
	case "rollout.decided":
		return with(f, func(p fact.RolloutDecided) error { return answered(ctx, tx, ref.Of("rollout", p.Rollout), "held") })
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

func rolloutFinished(ctx context.Context, tx *store.Tx, f journal.Fact, p fact.RolloutFinished) error {
	s := ref.Of("rollout", p.Rollout)
	if err := answered(ctx, tx, s, "held"); err != nil {
		return err
	}
	if p.Outcome != "promoted" {
		if err := move(ctx, tx, s, gone, f); err != nil {
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
