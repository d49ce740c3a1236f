// Package thread is what is joined to what: a graph that is read off all facts,
// so that everybody can stand on any object and walk up to the vision and down
// to the effect.
//
// # Owns
//
// thread_node, thread_edge: projections, rebuilt by reading the facts again.
//
// # Tells
//
// Nothing.
//
// # Asks
//
// Nothing.
//
// # Invariants
//
// The graph holds nothing that no fact told. A stage with nothing in it is
// shown as a gap with a reason, never left out.
package thread

import (
	"embed"
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

//go:embed migrations
var files embed.FS

// Schema is the module's tables.
func Schema() store.Schema { return store.Schema{Module: "thread", Files: files} }

// Stages lists the kinds of the path, from why to what it changed.
func Stages() []string {
	return []string{"vision", "objective", "key-result", "initiative", "feature", "item", "commit", "run", "artifact", "rollout", "effect"}
}

// stageOf returns the place of a kind on the path, -1 for what stands beside.
func stageOf(kind string) int { return slices.Index(Stages(), kind) }

// Node is an object on the thread.
type Node struct {
	Subject   ref.Subject
	Title     string
	State     string // in the words of its own room
	Text      string // a figure or reason that belongs to it
	Team      ref.Team
	Component ref.Component
	At        time.Time // when it last changed
}

// Kind returns the kind of the node's subject.
func (n Node) Kind() string { kind, _ := n.Subject.Split(); return kind }

// ID returns the identifier of the node's subject.
func (n Node) ID() string { _, id := n.Subject.Split(); return id }

// Edge joins two objects; From is nearer to the vision.
type Edge struct {
	From     ref.Subject
	To       ref.Subject
	Relation string
}

// Thread is everything joined to one object.
type Thread struct {
	Here   Node
	Stages []Stage // one for each of Stages
	Beside []Node  // incidents, flags, changes, components, teams, products
	Edges  []Edge  // all joints between the nodes shown
}

// Whole reports whether no stage is missing.
func (t Thread) Whole() bool {
	return !slices.ContainsFunc(t.Stages, func(s Stage) bool { return s.Gap != nil })
}

// Stage is one stage of the path.
type Stage struct {
	Kind  string
	Nodes []Node // newest last, at most Shown
	More  int    // how many more were reached
	Here  bool
	Gap   *Gap // not nil when there are no nodes
}

// Gap is a stage with nothing in it.
type Gap struct {
	Why   string
	Close string // what would close it
}
