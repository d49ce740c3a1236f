package thread

import "fmt"

// gaps explains every stage with nothing in it: what is missing above says
// what the object is not joined to, what is missing below what has not
// happened yet.
func gaps(t *Thread) {
	here := stageOf(t.Here.Kind())
	if here < 0 { // something beside the path: the first stage reached counts as here
		for i, s := range t.Stages {
			if len(s.Nodes) > 0 {
				here = i
			}
		}
	}
	for i := range t.Stages {
		if len(t.Stages[i].Nodes) > 0 {
			continue
		}
		var g Gap
		if i < here {
			g = above(t, i)
		} else {
			g = below(t, i)
		}
		t.Stages[i].Gap = &g
	}
}

// name calls a stage's newest node, or the stage itself when it is empty.
func name(s Stage) string {
	if len(s.Nodes) == 0 {
		return "the " + spaced(s.Kind)
	}
	n := s.Nodes[len(s.Nodes)-1]
	switch n.Kind() {
	case "item":
		return n.ID()
	case "commit":
		return "commit " + short(n.ID())
	}
	if n.Title == "" {
		return "the " + spaced(s.Kind)
	}
	return "the " + spaced(s.Kind) + " \"" + n.Title + "\""
}

func spaced(kind string) string {
	if kind == "key-result" {
		return "key result"
	}
	return kind
}

// above explains a missing stage between the object and the vision by the next
// stage below it that is there.
func above(t *Thread, at int) Gap {
	next := at + 1
	for next < len(t.Stages)-1 && len(t.Stages[next].Nodes) == 0 {
		next++
	}
	who := name(t.Stages[next])
	nearest := next - 1
	if nearest > at && t.Stages[nearest].Kind == "key-result" { // the path does not hang on it
		nearest--
	}
	if nearest > at {
		lower := spaced(t.Stages[nearest].Kind)
		return Gap{fmt.Sprintf("%s is joined to no %s, so no %s is known", who, lower, spaced(t.Stages[at].Kind)),
			fmt.Sprintf("join %s to its %s first", who, lower)}
	}
	switch t.Stages[at].Kind {
	case "vision":
		return Gap{fmt.Sprintf("%s was made before a vision was set", who), "set the vision on the Board"}
	case "objective":
		return Gap{fmt.Sprintf("%s belongs to no objective", who), "choose the objective that it serves"}
	case "key-result":
		return Gap{fmt.Sprintf("%s names no key result that it should move", who), "name the key result in its hypothesis"}
	case "initiative":
		return Gap{fmt.Sprintf("%s belongs to no initiative", who), "link it to the initiative that pays for it"}
	case "feature":
		return Gap{fmt.Sprintf("%s is linked to no feature", who), "link it to the feature that it builds: factory item edit " + itemOf(t.Stages[next]) + " --feature ID"}
	case "item":
		return Gap{fmt.Sprintf("%s names no item", who), "name one in the next commit's message, with a trailer such as: Item: ENG-1"}
	case "commit":
		return Gap{fmt.Sprintf("no push brought the commit of %s", who), "nothing: it did not come through this factory's repositories"}
	case "run":
		return Gap{fmt.Sprintf("no pipeline run built %s", who), "release only artifacts that this factory's pipeline has built"}
	}
	return Gap{fmt.Sprintf("%s is joined to no %s", who, spaced(t.Stages[at].Kind)), "nothing: no fact tells of it"}
}

func itemOf(s Stage) string {
	if s.Kind == "item" && len(s.Nodes) > 0 {
		return s.Nodes[len(s.Nodes)-1].ID()
	}
	return "ITEM"
}

// below explains a stage that has not been reached by the one before it.
func below(t *Thread, at int) Gap {
	if at == 0 {
		return Gap{"no vision is set", "set the vision on the Board"}
	}
	before := t.Stages[at-1]
	if t.Stages[at].Kind == "initiative" && len(before.Nodes) == 0 && len(t.Stages[at-2].Nodes) > 0 {
		before = t.Stages[at-2] // an initiative may serve an objective without a key result
	}
	if len(before.Nodes) == 0 {
		return Gap{fmt.Sprintf("it comes after the %s, which is missing", spaced(before.Kind)), fmt.Sprintf("close the gap at the %s first", spaced(before.Kind))}
	}
	who, last := name(before), before.Nodes[len(before.Nodes)-1]
	switch t.Stages[at].Kind {
	case "objective":
		return Gap{"no objective serves the vision yet", "add an objective on the Board"}
	case "key-result":
		return Gap{fmt.Sprintf("%s has no key result, so nobody can see whether it is reached", who), "add a key result with its query"}
	case "initiative":
		return Gap{fmt.Sprintf("no initiative pursues %s", who), "create an initiative and name this as its goal"}
	case "feature":
		return Gap{fmt.Sprintf("%s is not split into features yet", who), "create its first feature in a product"}
	case "item":
		return Gap{fmt.Sprintf("no team has an item for %s", who), "create an item on a team's board and link it to the feature"}
	case "commit":
		return Gap{fmt.Sprintf("no commit names %s yet", who), fmt.Sprintf("push a commit with the trailer \"Item: %s\"", last.ID())}
	case "run":
		return Gap{fmt.Sprintf("no pipeline has run on %s", who), "push to the trunk: the pipeline runs on its head"}
	case "artifact":
		if last.State == "failed" || last.State == "cancelled" {
			return Gap{fmt.Sprintf("the pipeline run %s%s", last.State, joined(last.Text)), "look at the run's log, then push a correction"}
		}
		return Gap{fmt.Sprintf("the pipeline run is %s", last.State), "wait for its last step: publish"}
	case "rollout":
		if last.State == "bad" {
			return Gap{fmt.Sprintf("%s is marked bad%s", who, joined(last.Text)), "push a correction, or clear the mark if it is wrong"}
		}
		return Gap{fmt.Sprintf("%s has not been rolled out", who), "wait until staging has accepted it, or start the rollout"}
	}
	switch last.State {
	case "running", "held":
		return Gap{"the rollout is " + last.State + ", and its effect is measured while it runs", "wait for the verdict"}
	case "rolled_back":
		return Gap{"the rollout was rolled back before it had a measured effect", "fix forward"}
	}
	return Gap{"this rollout was no experiment on a key result", "let the item's feature name a key result with an outcome event"}
}
