package thread

import (
	"fmt"

	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// proposing projects changes: the items that they are for, and the commit of
// the trunk that they became.
func proposing(f journal.Fact, c *change) (known bool, err error) {
	state := func(id ref.Change, state, text string) {
		c.node(Node{Subject: ref.Of("change", id), State: state, Text: text})
	}
	items := func(id ref.Change, items []ref.Item) {
		for _, i := range items {
			c.join(ref.Of("item", i), ref.Of("change", id), "carried by")
		}
	}
	switch f.Kind {
	case "change.opened":
		err = read(f, func(p fact.ChangeOpened) {
			c.node(Node{Subject: ref.Of("change", p.Change), Title: p.Title, State: "open", Text: "branch " + p.Branch, Team: p.Team, Component: p.Component})
			items(p.Change, p.Items)
		})
	case "change.edited":
		err = read(f, func(p fact.ChangeEdited) { c.node(Node{Subject: ref.Of("change", p.Change), Title: p.Title}) })
	case "change.queued":
		err = read(f, func(p fact.ChangeQueued) { state(p.Change, "queued", "waits to be merged") })
	case "change.unqueued":
		err = read(f, func(p fact.ChangeUnqueued) { state(p.Change, "open", p.Reason) })
	case "change.merged":
		err = read(f, func(p fact.ChangeMerged) {
			state(p.Change, "merged", "branch "+p.Branch)
			items(p.Change, p.Items)
			c.join(ref.Of("change", p.Change), ref.Of("commit", p.Commit), "merged as")
		})
	case "change.closed":
		err = read(f, func(p fact.ChangeClosed) { state(p.Change, "closed", "given up") })
	case "change.reopened":
		err = read(f, func(p fact.ChangeReopened) { state(p.Change, "open", "taken up again") })
	case "preview.started":
		err = read(f, func(p fact.PreviewStarted) {
			state(p.Change, "", fmt.Sprintf("%.10s can be tried in %s", p.Commit, p.Environment))
		})
	case "preview.failed":
		err = read(f, func(p fact.PreviewFailed) {
			state(p.Change, "", fmt.Sprintf("%.10s cannot be tried: %s", p.Commit, p.Reason))
		})
	default:
		return false, nil
	}
	return true, err
}
