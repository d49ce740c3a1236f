// Package ref holds the typed identifiers that modules exchange. A name people
// choose (a team, a component) is its own identifier; everything else has a
// UUIDv7, which sorts by the time it was made.
package ref

import (
	"strings"

	"github.com/google/uuid"
)

// Identifiers. The comment names the form.
type (
	Account     string // UUIDv7
	Vision      string // UUIDv7
	Objective   string // UUIDv7
	KeyResult   string // UUIDv7
	Initiative  string // UUIDv7
	Decision    string // UUIDv7
	Product     string // slug, e.g. "heavy-lift"
	Feature     string // UUIDv7
	Team        string // slug, e.g. "engine"
	Item        string // the team's key and a number, e.g. "ENG-1"
	Component   string // slug, e.g. "engine-controller"
	Environment string // "staging" or "production"
	Commit      string // hex object name
	Run         string // UUIDv7
	Artifact    string // digest, "sha256:<hex>"
	Rollout     string // UUIDv7
	Release     string // UUIDv7
	Incident    string // UUIDv7
	Workload    string // UUIDv7
	Freeze      string // UUIDv7
	Upgrade     string // UUIDv7
	Change      string // component and number, e.g. "engine-controller:12"
	Flag        string // component and key, e.g. "engine-controller:gust-hold"
)

// New returns a fresh UUIDv7 as text.
func New() string { return uuid.Must(uuid.NewV7()).String() }

// Subject names one object of any kind: "rollout/0192...". It is what a fact
// is about and what a node of the thread is called.
type Subject string

// Of makes a subject.
func Of[T ~string](kind string, id T) Subject { return Subject(kind + "/" + string(id)) }

// Split returns the kind and the identifier.
func (s Subject) Split() (kind, id string) {
	kind, id, _ = strings.Cut(string(s), "/")
	return kind, id
}
