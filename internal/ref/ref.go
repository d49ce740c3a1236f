// Package ref holds the typed identifiers that modules exchange. A name people
// choose (a team, a component) is its own identifier; everything else has a
// UUIDv7, which sorts by the time it was made.
package ref

import (
	"strconv"
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
	Environment string // "staging", "production", or of a change's preview, e.g. "change-12"
	Commit      string // hex object name
	Run         string // UUIDv7
	Artifact    string // digest, "sha256:<hex>"; of a preview's image, which is no version, "preview:<run>"
	Rollout     string // UUIDv7
	Release     string // UUIDv7
	Incident    string // UUIDv7
	Workload    string // UUIDv7
	Freeze      string // UUIDv7
	Agent       string // UUIDv7
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

const ofChange = "change-"

// ChangePattern is the regular expression of all environments of changes.
const ChangePattern = ofChange + "[0-9]+"

// OfChange names the environment in which a change of a component is tried.
func OfChange(number int64) Environment {
	return Environment(ofChange + strconv.FormatInt(number, 10))
}

// Change returns the number of the change that is tried in an environment;
// false for staging and production.
func (e Environment) Change() (number int64, is bool) {
	digits, is := strings.CutPrefix(string(e), ofChange)
	if !is {
		return 0, false
	}
	number, err := strconv.ParseInt(digits, 10, 64)
	return number, err == nil && number > 0 && OfChange(number) == e
}
