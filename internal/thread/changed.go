package thread

import (
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// changed projects new titles, and links that lead elsewhere now. Facts from
// before titles were told change nothing.
func changed(f journal.Fact, c *change) (known bool, err error) {
	title := func(s ref.Subject, t string) {
		if t != "" {
			c.node(Node{Subject: s, Title: t})
		}
	}
	switch f.Kind {
	case "objective.changed":
		err = read(f, func(p fact.ObjectiveChanged) { title(ref.Of("objective", p.Objective), p.Title) })
	case "key-result.changed":
		err = read(f, func(p fact.KeyResultChanged) { title(ref.Of("key-result", p.KeyResult), p.Title) })
	case "product.changed":
		err = read(f, func(p fact.ProductChanged) { title(ref.Of("product", p.Product), p.Name) })
	case "team.changed":
		err = read(f, func(p fact.TeamChanged) { title(ref.Of("team", p.Team), p.Name) })
	case "initiative.changed":
		err = read(f, func(p fact.InitiativeChanged) {
			to := ref.Of("initiative", p.Initiative)
			title(to, p.Title)
			c.relink(p.Title, ref.Of("key-result", p.KeyResult), to, "to be moved by")
		})
	case "feature.changed":
		err = read(f, func(p fact.FeatureChanged) {
			to := ref.Of("feature", p.Feature)
			title(to, p.Title)
			c.relink(p.Title, ref.Of("key-result", p.KeyResult), to, "to be moved by")
		})
	case "item.changed":
		err = read(f, func(p fact.ItemChanged) {
			to := ref.Of("item", p.Item)
			title(to, p.Title)
			c.relink(p.Title, ref.Of("feature", p.Feature), to, "built by")
		})
	default:
		return false, nil
	}
	return true, err
}

// relink replaces what leads to a node by the relation, where the fact tells it.
func (c *change) relink(told string, from, to ref.Subject, relation string) {
	if told == "" {
		return
	}
	c.cut = append(c.cut, Edge{To: to, Relation: relation})
	c.join(from, to, relation)
}
