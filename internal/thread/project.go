package thread

import (
	"fmt"
	"math"
	"strings"

	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// change is what a fact adds to the graph. A node's empty fields leave what is
// there. cut removes edges of a relation into a node before edges are added.
type change struct {
	nodes []Node
	edges []Edge
	cut   []Edge
}

func (c *change) node(n Node) { c.nodes = append(c.nodes, n) }

// join adds an edge; one with an empty end is none.
func (c *change) join(from, to ref.Subject, relation string) {
	for _, end := range []ref.Subject{from, to} {
		if _, id := end.Split(); id == "" {
			return
		}
	}
	c.edges = append(c.edges, Edge{from, to, relation})
}

// read hands the payload of f to use.
func read[P fact.Payload](f journal.Fact, use func(P)) error {
	p, err := journal.Decode[P](f)
	if err == nil {
		use(p)
	}
	return err
}

// project returns what a fact adds to the graph. It is pure.
func project(f journal.Fact) (c change, err error) {
	for _, part := range []func(journal.Fact, *change) (bool, error){intent, work, changed, delivery, running, guarding, proposing} {
		if known, err := part(f, &c); known || err != nil {
			return c, err
		}
	}
	return c, nil
}

// intent projects why: vision to feature.
func intent(f journal.Fact, c *change) (known bool, err error) {
	switch f.Kind {
	case "vision.set":
		err = read(f, func(p fact.VisionSet) { c.node(Node{Subject: ref.Of("vision", p.Vision), Title: p.Text, State: "set"}) })
	case "objective.created":
		err = read(f, func(p fact.ObjectiveCreated) {
			c.node(Node{Subject: ref.Of("objective", p.Objective), Title: p.Title, State: "set"})
			c.join(ref.Of("vision", p.Vision), ref.Of("objective", p.Objective), "served by")
		})
	case "key-result.created":
		err = read(f, func(p fact.KeyResultCreated) {
			c.node(Node{Subject: ref.Of("key-result", p.KeyResult), Title: p.Title, State: "not measured",
				Text: fmt.Sprintf("from %s to %s %s", number(p.Baseline), number(p.Target), p.Unit)})
			c.join(ref.Of("objective", p.Objective), ref.Of("key-result", p.KeyResult), "measured by")
		})
	case "key-result.measured":
		err = read(f, func(p fact.KeyResultMeasured) {
			c.node(Node{Subject: ref.Of("key-result", p.KeyResult), State: "measured",
				Text: fmt.Sprintf("%s, %s %% of the way to its target", number(p.Value), number(100*p.Score))})
		})
	case "initiative.created":
		err = read(f, func(p fact.InitiativeCreated) {
			to := ref.Of("initiative", p.Initiative)
			c.node(Node{Subject: to, Title: p.Title, State: "funnel"})
			c.join(ref.Of("objective", p.Objective), to, "pursued by")
			c.join(ref.Of("key-result", p.KeyResult), to, "to be moved by")
		})
	case "initiative.moved":
		err = read(f, func(p fact.InitiativeMoved) {
			c.node(Node{Subject: ref.Of("initiative", p.Initiative), State: p.To})
		})
	case "initiative.decided":
		err = read(f, func(p fact.InitiativeDecided) {
			c.node(Node{Subject: ref.Of("initiative", p.Initiative), Text: "decision: " + p.Verdict + joined(p.Reason)})
		})
	case "product.created":
		err = read(f, func(p fact.ProductCreated) { c.node(Node{Subject: ref.Of("product", p.Product), Title: p.Name}) })
	case "feature.created":
		err = read(f, func(p fact.FeatureCreated) {
			to := ref.Of("feature", p.Feature)
			c.node(Node{Subject: to, Title: p.Title, State: "planned"})
			c.join(ref.Of("initiative", p.Initiative), to, "split into")
			c.join(ref.Of("key-result", p.KeyResult), to, "to be moved by")
			c.join(ref.Of("product", p.Product), to, "has")
		})
	case "feature.moved":
		err = read(f, func(p fact.FeatureMoved) {
			c.node(Node{Subject: ref.Of("feature", p.Feature), State: p.To, Text: p.Because})
		})
	default:
		return false, nil
	}
	return true, err
}

// work projects teams and items.
func work(f journal.Fact, c *change) (known bool, err error) {
	switch f.Kind {
	case "team.created":
		err = read(f, func(p fact.TeamCreated) {
			c.node(Node{Subject: ref.Of("team", p.Team), Title: p.Name, Team: p.Team})
		})
	case "component.created":
		err = read(f, func(p fact.ComponentCreated) {
			c.node(Node{Subject: ref.Of("component", p.Component), Title: string(p.Component), State: "provisioning", Text: p.Description, Team: p.Team, Component: p.Component})
			c.join(ref.Of("team", p.Team), ref.Of("component", p.Component), "owns")
		})
	case "component.ready":
		err = read(f, func(p fact.ComponentReady) {
			c.node(Node{Subject: ref.Of("component", p.Component), State: "ready"})
		})
	case "item.created":
		err = read(f, func(p fact.ItemCreated) {
			c.node(Node{Subject: ref.Of("item", p.Item), Title: p.Title, State: "ready", Team: p.Team})
			c.join(ref.Of("feature", p.Feature), ref.Of("item", p.Item), "built by")
		})
	case "item.moved":
		err = read(f, func(p fact.ItemMoved) {
			to := ref.Of("item", p.Item)
			c.node(Node{Subject: to, State: p.To, Text: p.Because, Team: p.Team})
			// The link to the feature may have been changed since.
			c.cut = append(c.cut, Edge{To: to, Relation: "built by"})
			c.join(ref.Of("feature", p.Feature), to, "built by")
		})
	case "item.blocked":
		err = read(f, func(p fact.ItemBlocked) {
			text := "no longer blocked"
			if p.Reason != "" {
				text = "blocked: " + p.Reason
			}
			c.node(Node{Subject: ref.Of("item", p.Item), Text: text})
		})
	default:
		return false, nil
	}
	return true, err
}

// delivery projects the way of a change: commit, run, artifact.
func delivery(f journal.Fact, c *change) (known bool, err error) {
	switch f.Kind {
	case "commits.pushed":
		err = read(f, func(p fact.CommitsPushed) { pushed(c, p) })
	case "run.queued":
		err = read(f, func(p fact.RunQueued) { runNode(c, p.Run, p.Change, "queued", "") })
	case "run.started":
		err = read(f, func(p fact.RunStarted) { runNode(c, p.Run, p.Change, "running", "") })
	case "run.finished":
		err = read(f, func(p fact.RunFinished) {
			text := p.Reason
			if p.Step != "" {
				text = "step " + p.Step + joined(p.Reason)
			}
			runNode(c, p.Run, p.Change, p.Outcome, text)
		})
	case "artifact.published":
		err = read(f, func(p fact.ArtifactPublished) {
			artifactNode(c, p.Artifact, p.Version, p.Change, "published", "")
			c.join(ref.Of("run", p.Run), ref.Of("artifact", p.Artifact), "built")
		})
	case "artifact.marked-bad":
		err = read(f, func(p fact.ArtifactMarkedBad) {
			c.node(Node{Subject: ref.Of("artifact", p.Artifact), State: "bad", Text: p.Reason})
		})
	case "artifact.cleared":
		err = read(f, func(p fact.ArtifactCleared) {
			c.node(Node{Subject: ref.Of("artifact", p.Artifact), State: "published", Text: "cleared" + joined(p.Reason)})
		})
	case "deployment.finished":
		err = read(f, func(p fact.DeploymentFinished) {
			text := fmt.Sprintf("runs in %s", p.Environment)
			if p.Outcome != "succeeded" {
				text = fmt.Sprintf("did not come up in %s", p.Environment) + joined(p.Reason)
			}
			artifactNode(c, p.Artifact, p.Version, p.Change, "published", text)
		})
	default:
		return false, nil
	}
	return true, err
}

func pushed(c *change, p fact.CommitsPushed) {
	if strings.HasPrefix(p.Branch, "queue/") { // tried by the merge queue; the trunk tells of what comes of it
		return
	}
	head := ref.Of("commit", p.Head)
	for _, k := range p.Commits {
		to := ref.Of("commit", k.Commit)
		text := "pushed to " + p.Branch
		if k.Hotfix {
			text += ", hotfix lane"
		}
		c.node(Node{Subject: to, Title: k.Title, State: "pushed", Text: text, Team: p.Team, Component: p.Component})
		for _, item := range k.Items {
			c.join(ref.Of("item", item), to, "implemented by")
		}
		if k.Commit != p.Head {
			c.join(to, head, "pushed with") // the head is what the pipeline runs on
		}
	}
	for _, item := range p.Items {
		c.join(ref.Of("item", item), head, "implemented by")
	}
}

func runNode(c *change, run ref.Run, ch fact.Change, state, text string) {
	to, commit := ref.Of("run", run), ref.Of("commit", ch.Commit)
	c.node(Node{Subject: to, Title: titled(ch, "run"), State: state, Text: text, Team: ch.Team, Component: ch.Component})
	c.node(Node{Subject: commit, Title: ch.Title, Team: ch.Team, Component: ch.Component})
	carried(c, run, ch)
}

// carried joins a change's items and commit to its run.
func carried(c *change, run ref.Run, ch fact.Change) {
	commit := ref.Of("commit", ch.Commit)
	c.join(commit, ref.Of("run", run), "verified by")
	for _, item := range ch.Items {
		c.join(ref.Of("item", item), commit, "implemented by")
	}
}

func artifactNode(c *change, a ref.Artifact, version string, ch fact.Change, state, text string) {
	c.node(Node{Subject: ref.Of("artifact", a), Title: string(ch.Component) + " " + version, State: state, Text: text, Team: ch.Team, Component: ch.Component})
}

func titled(ch fact.Change, what string) string {
	if ch.Title == "" {
		return string(ch.Component) + " " + what
	}
	return string(ch.Component) + ": " + ch.Title
}

// running projects what became of it: rollout, effect, incident.
func running(f journal.Fact, c *change) (known bool, err error) {
	state := func(r ref.Rollout, s, text string) { c.node(Node{Subject: ref.Of("rollout", r), State: s, Text: text}) }
	switch f.Kind {
	case "rollout.started":
		err = read(f, func(p fact.RolloutStarted) {
			to := ref.Of("rollout", p.Rollout)
			c.node(Node{Subject: to, Title: fmt.Sprintf("%s %s in %s", p.Component, p.Version, p.Environment), State: "running", Text: "begun", Team: p.Team, Component: p.Component})
			artifactNode(c, p.Artifact, p.Version, p.Change, "", "")
			c.join(ref.Of("artifact", p.Artifact), to, "released by")
			c.join(ref.Of("run", p.Run), ref.Of("artifact", p.Artifact), "built")
			carried(c, p.Run, p.Change)
		})
	case "rollout.widened":
		err = read(f, func(p fact.RolloutWidened) { state(p.Rollout, "running", number(100*p.Share)+" % of units") })
	case "rollout.held":
		err = read(f, func(p fact.RolloutHeld) { state(p.Rollout, "held", p.Reason) })
	case "rollout.resumed":
		err = read(f, func(p fact.RolloutResumed) { state(p.Rollout, "running", p.Reason) })
	case "rollout.decided":
		err = read(f, func(p fact.RolloutDecided) {
			state(p.Rollout, "running", "verdict: "+strings.ReplaceAll(p.Verdict, "_", " ")+joined(p.Reason))
		})
	case "rollout.finished":
		err = read(f, func(p fact.RolloutFinished) { state(p.Rollout, p.Outcome, p.Reason) })
	case "effect.measured":
		err = read(f, func(p fact.EffectMeasured) {
			// One effect per rollout and key result, however often it is measured.
			to := ref.Subject("effect/" + string(p.Rollout) + ":" + string(p.KeyResult))
			c.node(Node{Subject: to, Title: "Effect on " + p.Outcome, State: "grade " + p.Grade, Text: effectText(p), Team: p.Team, Component: p.Component})
			c.join(ref.Of("rollout", p.Rollout), to, "measured")
		})
	case "incident.opened":
		err = read(f, func(p fact.IncidentOpened) {
			to := ref.Of("incident", p.Incident)
			c.node(Node{Subject: to, Title: p.Title, State: "open", Team: p.Team, Component: p.Component})
			c.join(ref.Of("rollout", p.Rollout), to, "hurt")
			c.join(p.Last.Subject, to, "preceded")
		})
	case "incident.joined":
		err = read(f, func(p fact.IncidentJoined) {
			to := ref.Of("incident", p.Incident)
			c.node(Node{Subject: to, Team: p.Team, Component: p.Component})
			c.join(ref.Of("rollout", p.Rollout), to, "hurt")
		})
	case "incident.followed-up":
		err = read(f, func(p fact.IncidentFollowedUp) {
			c.node(Node{Subject: ref.Of("item", p.Item), Title: p.Title, Team: p.Team})
			c.join(ref.Of("incident", p.Incident), ref.Of("item", p.Item), "led to")
		})
	case "incident.resolved":
		err = read(f, func(p fact.IncidentResolved) {
			to := ref.Of("incident", p.Incident)
			c.node(Node{Subject: to, State: "resolved", Text: p.Because})
			c.join(ref.Of("rollout", p.Rollout), to, "ended")
		})
	default:
		return false, nil
	}
	return true, err
}

// effectText says an effect in points of a hundred with its interval.
func effectText(p fact.EffectMeasured) string {
	return fmt.Sprintf("%+.1f points [%+.1f, %+.1f] at %s %%, %d units, grade %s", 100*p.Estimate, 100*p.Low, 100*p.High, number(100*p.Level), p.Units, p.Grade)
}

func joined(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

// number writes a figure with at most one decimal.
func number(v float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", math.Round(10*v)/10), ".0")
}

// guarding projects the flags of components, and which features they guard.
func guarding(f journal.Fact, c *change) (known bool, err error) {
	guards := func(id ref.Flag, feature ref.Feature) {
		to := ref.Of("flag", id)
		c.cut = append(c.cut, Edge{To: to, Relation: "guarded by"})
		c.join(ref.Of("feature", feature), to, "guarded by")
	}
	switch f.Kind {
	case "flag.created":
		err = read(f, func(p fact.FlagCreated) {
			c.node(Node{Subject: ref.Of("flag", p.Flag), Title: p.Title, State: "off", Text: "never switched on", Team: p.Team, Component: p.Component})
			guards(p.Flag, p.Feature)
		})
	case "flag.changed":
		err = read(f, func(p fact.FlagChanged) {
			c.node(Node{Subject: ref.Of("flag", p.Flag), Title: p.Title})
			guards(p.Flag, p.Feature)
		})
	case "flag.switched":
		err = read(f, func(p fact.FlagSwitched) {
			n := Node{Subject: ref.Of("flag", p.Flag), Text: flagText(p)}
			if p.Environment == "production" { // what customers have is its state
				n.State = p.To
				if p.Killed {
					n.State = "killed"
				}
			}
			c.node(n)
		})
	case "flag.archived":
		err = read(f, func(p fact.FlagArchived) {
			c.node(Node{Subject: ref.Of("flag", p.Flag), State: "archived", Text: p.Reason})
		})
	default:
		return false, nil
	}
	return true, err
}

// flagText says a switch in words.
func flagText(p fact.FlagSwitched) string {
	text := "switched " + p.To
	switch {
	case p.Killed:
		text = "killed"
	case p.To == "cohort":
		text = fmt.Sprintf("on for %s %% of units", number(p.Percent))
		if n := len(p.Units); n > 0 {
			text += fmt.Sprintf(" and %d by name", n)
		}
	}
	return text + " in " + string(p.Environment) + joined(p.Reason)
}
