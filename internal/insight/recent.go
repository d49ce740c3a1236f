package insight

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// recentFor is how long a move stays recent.
const recentFor = time.Hour

// remember keeps what moved in the last hour.
func remember(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	subject, team, text, err := say(f)
	if err != nil || text == "" {
		return err
	}
	t, err := thingOf(ctx, tx, subject)
	if err != nil {
		return err
	}
	if t.title == "" {
		_, t.title = subject.Split()
	}
	if team == "" {
		team = t.team
	}
	actor := f.Actor.Name
	if strings.HasPrefix(f.Actor.ID, "system/") {
		actor = "" // it moved by itself; which part of the factory saw to it stands in the journal
	}
	if _, err := tx.Exec(ctx, `insert into insight_recent (seq, at, kind, subject, title, text, team, actor) values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (seq) do nothing`, f.Seq, store.Micros(f.At), f.Kind, string(subject), t.title, text, string(team), actor); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `delete from insight_recent where at < $1`, store.Micros(f.At.Add(-recentFor)))
	return err
}

// say tells in a few words what moved; an empty text leaves the fact out.
func say(f journal.Fact) (s ref.Subject, team ref.Team, text string, err error) {
	tell := func(subject ref.Subject, of ref.Team, format string, args ...any) error {
		s, team, text = subject, of, fmt.Sprintf(format, args...)
		return nil
	}
	switch f.Kind {
	case "vision.set":
		err = with(f, func(p fact.VisionSet) error { return tell(ref.Of("vision", p.Vision), "", "set") })
	case "key-result.measured":
		err = with(f, func(p fact.KeyResultMeasured) error {
			return tell(ref.Of("key-result", p.KeyResult), "", "measured, %.0f %% of the way to its target", 100*p.Score)
		})
	case "initiative.moved":
		err = with(f, func(p fact.InitiativeMoved) error { return tell(ref.Of("initiative", p.Initiative), "", "%s", p.To) })
	case "initiative.decided":
		err = with(f, func(p fact.InitiativeDecided) error {
			return tell(ref.Of("initiative", p.Initiative), "", "decided: %s%s", p.Verdict, colon(p.Reason))
		})
	case "feature.created":
		err = with(f, func(p fact.FeatureCreated) error { return tell(ref.Of("feature", p.Feature), "", "created") })
	case "feature.moved":
		err = with(f, func(p fact.FeatureMoved) error {
			return tell(ref.Of("feature", p.Feature), "", "%s%s", p.To, since(p.Because))
		})
	case "item.created":
		err = with(f, func(p fact.ItemCreated) error { return tell(ref.Of("item", p.Item), p.Team, "created") })
	case "item.moved":
		err = with(f, func(p fact.ItemMoved) error {
			return tell(ref.Of("item", p.Item), p.Team, "%s%s", p.To, since(p.Because))
		})
	case "item.blocked":
		err = with(f, func(p fact.ItemBlocked) error {
			if p.Reason == "" {
				return tell(ref.Of("item", p.Item), p.Team, "no longer blocked")
			}
			return tell(ref.Of("item", p.Item), p.Team, "blocked: %s", p.Reason)
		})
	case "component.created":
		err = with(f, func(p fact.ComponentCreated) error {
			return tell(ref.Of("component", p.Component), p.Team, "created from %s", p.Path)
		})
	case "component.ready":
		err = with(f, func(p fact.ComponentReady) error {
			return tell(ref.Of("component", p.Component), p.Team, "live in production for the first time")
		})
	case "commits.pushed":
		err = with(f, func(p fact.CommitsPushed) error {
			if !p.Trunk || p.Head == "" {
				return nil
			}
			return tell(ref.Of("commit", p.Head), p.Team, "pushed to %s", p.Component)
		})
	case "run.finished":
		err = with(f, func(p fact.RunFinished) error {
			return tell(ref.Of("run", p.Run), p.Team, "%s%s", p.Outcome, colon(p.Reason))
		})
	case "deployment.finished":
		err = with(f, func(p fact.DeploymentFinished) error {
			return tell(ref.Of("component", p.Component), p.Team, "version %s %s in %s", p.Version, p.Outcome, p.Environment)
		})
	case "rollout.started":
		err = with(f, func(p fact.RolloutStarted) error { return tell(ref.Of("rollout", p.Rollout), p.Team, "began") })
	case "rollout.widened":
		err = with(f, func(p fact.RolloutWidened) error {
			return tell(ref.Of("rollout", p.Rollout), "", "widened to %.4g %% of units", 100*p.Share)
		})
	case "rollout.held":
		err = with(f, func(p fact.RolloutHeld) error { return tell(ref.Of("rollout", p.Rollout), "", "held: %s", p.Reason) })
	case "rollout.resumed":
		err = with(f, func(p fact.RolloutResumed) error {
			return tell(ref.Of("rollout", p.Rollout), "", "resumed%s", colon(p.Reason))
		})
	case "rollout.asked":
		err = with(f, func(p fact.RolloutAsked) error {
			return tell(ref.Of("rollout", p.Rollout), p.Team, "waits for approval of %.4g %%", 100*p.Share)
		})
	case "rollout.approved":
		err = with(f, func(p fact.RolloutApproved) error {
			return tell(ref.Of("rollout", p.Rollout), p.Team, "approved for %.4g %%%s", 100*p.Share, colon(p.Reason))
		})
	case "rollout.finished":
		err = with(f, func(p fact.RolloutFinished) error {
			return tell(ref.Of("rollout", p.Rollout), p.Team, "%s%s", strings.ReplaceAll(p.Outcome, "_", " "), colon(p.Reason))
		})
	case "effect.measured":
		err = with(f, func(p fact.EffectMeasured) error {
			return tell(ref.Of("rollout", p.Rollout), p.Team, "effect measured: %+.1f points [%+.1f, %+.1f], grade %s", 100*p.Estimate, 100*p.Low, 100*p.High, p.Grade)
		})
	case "incident.opened":
		err = with(f, func(p fact.IncidentOpened) error { return tell(ref.Of("incident", p.Incident), p.Team, "opened") })
	case "incident.resolved":
		err = with(f, func(p fact.IncidentResolved) error {
			return tell(ref.Of("incident", p.Incident), p.Team, "resolved%s", since(p.Because))
		})
	case "flag.created":
		err = with(f, func(p fact.FlagCreated) error {
			return tell(ref.Of("flag", p.Flag), p.Team, "created, off everywhere")
		})
	case "flag.switched":
		err = with(f, func(p fact.FlagSwitched) error {
			switch {
			case p.Killed:
				return tell(ref.Of("flag", p.Flag), p.Team, "killed in %s%s", p.Environment, colon(p.Reason))
			case p.To == "cohort":
				return tell(ref.Of("flag", p.Flag), p.Team, "on for a cohort in %s%s", p.Environment, colon(p.Reason))
			}
			return tell(ref.Of("flag", p.Flag), p.Team, "switched %s in %s%s", p.To, p.Environment, colon(p.Reason))
		})
	case "flag.archived":
		err = with(f, func(p fact.FlagArchived) error {
			return tell(ref.Of("flag", p.Flag), p.Team, "archived%s", colon(p.Reason))
		})
	}
	return s, team, text, err
}

func since(because string) string {
	if because == "" {
		return ""
	}
	return ", because " + because
}
