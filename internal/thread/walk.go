package thread

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// What bounds a walk: the nodes shown of a stage, those walked on from, and
// how many neighbours of one node are looked at.
const (
	Shown   = 50
	walked  = 200
	branchy = 300
)

// walk goes up and down from here, and notes what stands beside.
func walk(ctx context.Context, tx *store.Tx, here Node) (Thread, error) {
	w := walker{tx: tx, nodes: map[ref.Subject]Node{}, edges: map[Edge]bool{}}
	if stageOf(here.Kind()) >= 0 {
		w.nodes[here.Subject] = here
	}
	roots, err := w.roots(ctx, here)
	if err != nil {
		return Thread{}, err
	}
	for _, way := range []direction{{up: true}, {up: false}} {
		if err := w.follow(ctx, roots, way); err != nil {
			return Thread{}, err
		}
	}
	return w.thread(ctx, here)
}

type walker struct {
	tx    *store.Tx
	nodes map[ref.Subject]Node
	edges map[Edge]bool
}

type direction struct{ up bool }

// roots are where the walk begins: the object itself, or what it stands
// beside.
func (w *walker) roots(ctx context.Context, here Node) ([]ref.Subject, error) {
	var list []Node
	var edges []Edge
	var err error
	switch here.Kind() {
	case "team":
		list, err = latestOf(ctx, w.tx, "team", here.ID(), "item", 20)
	case "component":
		list, err = latestOf(ctx, w.tx, "component", here.ID(), "commit", 20)
	case "product":
		edges, err = edgesFrom(ctx, w.tx, here.Subject, walked)
	case "flag":
		edges, err = edgesTo(ctx, w.tx, here.Subject, walked)
	case "change":
		// What it became leads to its items as well, and to nothing else of theirs.
		if edges, err = edgesFrom(ctx, w.tx, here.Subject, walked); err == nil && len(edges) == 0 {
			edges, err = edgesTo(ctx, w.tx, here.Subject, walked)
		}
	case "incident":
		edges, err = edgesTo(ctx, w.tx, here.Subject, walked)
		// What changed last is a suspect only; it counts when nothing is known to
		// have hurt.
		culprit := "preceded"
		if slices.ContainsFunc(edges, func(e Edge) bool { return e.Relation == "hurt" }) {
			culprit = "hurt"
		}
		edges = slices.DeleteFunc(edges, func(e Edge) bool { return e.Relation != culprit })
	default:
		return []ref.Subject{here.Subject}, nil
	}
	var subjects []ref.Subject
	for _, n := range list {
		subjects = append(subjects, n.Subject)
	}
	for _, e := range edges {
		w.edges[e] = true
		if e.From == here.Subject {
			subjects = append(subjects, e.To)
		} else {
			subjects = append(subjects, e.From)
		}
	}
	for _, subject := range subjects {
		if _, err := w.load(ctx, subject); err != nil {
			return nil, err
		}
	}
	return subjects, err
}

// load reads a node once; a node that is only named by an edge has no title
// yet.
func (w *walker) load(ctx context.Context, s ref.Subject) (Node, error) {
	if n, ok := w.nodes[s]; ok {
		return n, nil
	}
	n, err := node(ctx, w.tx, s)
	if errors.Is(err, store.ErrNone) {
		n, err = Node{Subject: s}, nil
	}
	if err == nil {
		w.nodes[s] = n
	}
	return n, err
}

// follow walks from the roots in one direction, stage by stage, so that no
// stage is left out because another is crowded.
func (w *walker) follow(ctx context.Context, roots []ref.Subject, way direction) error {
	queues := make([][]ref.Subject, len(Stages()))
	seen := map[ref.Subject]bool{}
	enter := func(s ref.Subject) {
		kind, _ := s.Split()
		if at := stageOf(kind); at >= 0 && !seen[s] && len(queues[at]) < walked {
			seen[s] = true
			queues[at] = append(queues[at], s)
		}
	}
	for _, s := range roots {
		enter(s)
	}
	for n := range queues {
		at := n
		if way.up {
			at = len(queues) - 1 - n
		}
		for i := 0; i < len(queues[at]); i++ { // it grows: commits lead to commits
			edges, err := w.next(ctx, queues[at][i], way)
			if err != nil {
				return err
			}
			for _, e := range edges {
				to := e.To
				if way.up {
					to = e.From
				}
				kind, _ := to.Split()
				if stageOf(kind) < 0 {
					continue
				}
				w.edges[e] = true
				if _, err := w.load(ctx, to); err != nil {
					return err
				}
				enter(to)
			}
		}
	}
	return nil
}

func (w *walker) next(ctx context.Context, s ref.Subject, way direction) ([]Edge, error) {
	if way.up {
		return edgesTo(ctx, w.tx, s, branchy)
	}
	return edgesFrom(ctx, w.tx, s, branchy)
}

// thread puts what was reached into stages.
func (w *walker) thread(ctx context.Context, here Node) (Thread, error) {
	t := Thread{Here: here, Beside: []Node{}, Edges: []Edge{}}
	shown := map[ref.Subject]bool{here.Subject: true}
	for _, kind := range Stages() {
		s := Stage{Kind: kind, Nodes: []Node{}, Here: kind == here.Kind()}
		for _, n := range w.nodes {
			if n.Kind() == kind {
				s.Nodes = append(s.Nodes, n)
			}
		}
		slices.SortFunc(s.Nodes, func(a, b Node) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Subject, b.Subject)) })
		if s.More = max(0, len(s.Nodes)-Shown); s.More > 0 {
			s.Nodes = s.Nodes[s.More:]
			if s.Here && !slices.ContainsFunc(s.Nodes, func(n Node) bool { return n.Subject == here.Subject }) {
				s.Nodes[0] = here
			}
		}
		for _, n := range s.Nodes {
			shown[n.Subject] = true
		}
		t.Stages = append(t.Stages, s)
	}
	if err := w.besides(ctx, &t, shown); err != nil {
		return t, err
	}
	for e := range w.edges {
		if shown[e.From] && shown[e.To] {
			t.Edges = append(t.Edges, e)
		}
	}
	slices.SortFunc(t.Edges, func(a, b Edge) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	gaps(&t)
	return t, nil
}

// around adds the flag that was switched before an incident and the items that
// it led to.
func (w *walker) around(ctx context.Context, incident ref.Subject, add func(ref.Subject) error) error {
	before, err := edgesTo(ctx, w.tx, incident, branchy)
	if err != nil {
		return err
	}
	after, err := edgesFrom(ctx, w.tx, incident, branchy)
	if err != nil {
		return err
	}
	for _, e := range append(before, after...) {
		end := e.From
		if e.From == incident {
			end = e.To
		}
		if kind, _ := end.Split(); kind != "flag" && kind != "item" {
			continue
		}
		w.edges[e] = true
		if err := add(end); err != nil {
			return err
		}
	}
	return nil
}

// besides adds the incidents of the rollouts and items shown, the changes of the
// items, the products and flags of the features, and the components and teams of everything below them.
func (w *walker) besides(ctx context.Context, t *Thread, shown map[ref.Subject]bool) error {
	add := func(s ref.Subject) error {
		if _, id := s.Split(); id == "" || shown[s] {
			return nil
		}
		n, err := node(ctx, w.tx, s)
		if errors.Is(err, store.ErrNone) {
			return nil
		}
		if err == nil {
			shown[s] = true
			t.Beside = append(t.Beside, n)
		}
		return err
	}
	for _, s := range t.Stages {
		for _, n := range s.Nodes {
			var edges []Edge
			var err error
			switch n.Kind() {
			case "rollout":
				edges, err = edgesFrom(ctx, w.tx, n.Subject, branchy)
			case "item":
				edges, err = edgesTo(ctx, w.tx, n.Subject, branchy)
				if err == nil {
					carriers, more := edgesFrom(ctx, w.tx, n.Subject, branchy)
					edges, err = append(edges, carriers...), more
				}
			case "feature":
				edges, err = edgesTo(ctx, w.tx, n.Subject, branchy)
				if err == nil {
					guards, more := edgesFrom(ctx, w.tx, n.Subject, branchy)
					edges, err = append(edges, guards...), more
				}
			}
			if err != nil {
				return err
			}
			for _, e := range edges {
				for _, end := range []ref.Subject{e.From, e.To} {
					if kind, _ := end.Split(); slices.Contains([]string{"incident", "product", "flag", "change"}, kind) {
						w.edges[e] = true
						if err := add(end); err != nil {
							return err
						}
					}
				}
			}
			if stageOf(n.Kind()) >= stageOf("item") {
				if err := add(ref.Of("component", n.Component)); err != nil {
					return err
				}
				if err := add(ref.Of("team", n.Team)); err != nil {
					return err
				}
			}
		}
	}
	if t.Here.Kind() == "incident" {
		if err := w.around(ctx, t.Here.Subject, add); err != nil {
			return err
		}
	}
	if err := add(ref.Of("component", t.Here.Component)); err != nil {
		return err
	}
	return add(ref.Of("team", t.Here.Team))
}
