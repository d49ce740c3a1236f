// Package flow is the work of the teams: items, and a board per team on which
// cards stand where the facts say they are. A person pulls work; what happens
// to its commits moves it on.
//
// # Owns
//
// flow_team, flow_item, flow_transition, flow_change.
//
// # Tells
//
// item.created, item.changed, item.moved, item.blocked, board.changed.
//
// # Asks
//
// Teams, for the key that a team's items are called by; Features, whether a
// feature exists.
//
// # Invariants
//
// Numbers of a team's items have no gaps and no doubles. A limit of work in
// progress refuses people, never facts: what happened, happened. Every
// transition is kept with its reason. A commit that names an unknown item is
// somebody's mistake, not a failure.
package flow

import (
	"embed"
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

//go:embed migrations
var files embed.FS

// Schema is the module's tables.
func Schema() store.Schema { return store.Schema{Module: "flow", Files: files} }

// State is a column of the board.
type State string

// The states, in the order of the board.
const (
	Ready     State = "ready"
	Building  State = "building"
	Verifying State = "verifying"
	Releasing State = "releasing"
	Done      State = "done"
)

// States lists the columns from left to right.
func States() []State { return []State{Ready, Building, Verifying, Releasing, Done} }

// Type says what kind of value an item is (Kersten, Project to Product).
type Type string

// The types.
const (
	Feature Type = "feature"
	Defect  Type = "defect"
	Risk    Type = "risk"
	Debt    Type = "debt"
)

// Types lists all types.
func Types() []Type { return []Type{Feature, Defect, Risk, Debt} }

// Item is a piece of work.
type Item struct {
	ID           ref.Item
	Team         ref.Team
	Number       int64
	Type         Type
	Title        string
	Description  string
	Feature      ref.Feature // may be empty
	Assignee     string      // login or account identifier; may be empty
	State        State
	Rank         int64  // smaller is nearer the top of its column
	Blocked      string // why it cannot go on; empty when it can
	BlockedSince time.Time
	Created      time.Time
	Since        time.Time // when it came into its state
	Started      time.Time // when it first left ready; zero while it never has
	Done         time.Time // zero unless done
	Moves        int64     // how many transitions it has
	Version      int64
	Last         Move // the last transition
}

// Age is the time since the item was started, until it was done or now; 0
// while nobody has started it.
func (i Item) Age(now time.Time) time.Duration {
	switch {
	case i.Started.IsZero():
		return 0
	case !i.Done.IsZero():
		now = i.Done
	}
	return max(0, now.Sub(i.Started))
}

// Move is a transition of an item. The first has no From.
type Move struct {
	From    State
	To      State
	At      time.Time
	Because string
	Subject ref.Subject // what moved it; empty when a person did
	Actor   string      // name of who or what moved it
	ByFact  bool
}

// Create is what it takes to make an item. Type defaults to feature.
type Create struct {
	Team        ref.Team
	Type        Type
	Title       string
	Description string
	Feature     ref.Feature
	Assignee    string
}

// Change is what can change of an item without moving it, and the version it
// is based on.
type Change struct {
	Version     int64
	Type        Type
	Title       string
	Description string
	Feature     ref.Feature
	Assignee    string
}

func check(what string, t Type, title, description, assignee string) error {
	bad := errs.New(errs.Invalid, "%s", what)
	if !slices.Contains(Types(), t) {
		bad.In("type", "%q is no type; the types are %v", t, Types())
	}
	if n := len([]rune(title)); n == 0 || n > 200 {
		bad.In("title", "must have 1 to 200 characters")
	}
	if len([]rune(description)) > 20000 {
		bad.In("description", "must have at most 20,000 characters")
	}
	if len(assignee) > 80 {
		bad.In("assignee", "must have at most 80 characters")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

func (i Item) differs(in Change) (fields []string) {
	for name, same := range map[string]bool{
		"type": i.Type == in.Type, "title": i.Title == in.Title, "description": i.Description == in.Description,
		"feature": i.Feature == in.Feature, "assignee": i.Assignee == in.Assignee,
	} {
		if !same {
			fields = append(fields, name)
		}
	}
	slices.Sort(fields)
	return fields
}

// Limits are the most items that people may have in a column at once; 0 is no
// limit.
type Limits struct{ Building, Verifying, Releasing int }

// DefaultLimits are those of a team that has set none.
func DefaultLimits() Limits { return Limits{Building: 3, Verifying: 3, Releasing: 2} }

// Of returns the limit of a column, 0 for none.
func (l Limits) Of(s State) int {
	switch s {
	case Building:
		return l.Building
	case Verifying:
		return l.Verifying
	case Releasing:
		return l.Releasing
	}
	return 0
}

// with returns l with some columns' limits changed.
func (l Limits) with(changes map[string]int) (Limits, error) {
	bad := errs.New(errs.Invalid, "the limits cannot be set so")
	for column, limit := range changes {
		at := "limits." + column
		switch State(column) {
		case Building:
			l.Building = limit
		case Verifying:
			l.Verifying = limit
		case Releasing:
			l.Releasing = limit
		default:
			bad.In(at, "has no limit; limits are for building, verifying and releasing")
			continue
		}
		if limit < 0 || limit > 1000 {
			bad.In(at, "must be between 0 (no limit) and 1000")
		}
	}
	if len(bad.Fields) > 0 {
		return l, bad
	}
	return l, nil
}
