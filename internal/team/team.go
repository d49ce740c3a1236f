// Package team keeps the teams: long-lived groups of people, each with its own
// board, its own components and the right to run them without asking. A team's
// slug is its name everywhere; its key begins the names of its items.
//
// # Owns
//
// team_team; team_component and team_count, which are projections.
//
// # Tells
//
// team.created, team.changed, team.joined, team.left.
//
// # Asks
//
// Members, who belongs to a team.
//
// # Invariants
//
// A key belongs to one team for ever, so an item's name is never ambiguous.
// Whoever creates a team is its first member; a team never loses its last one.
package team

import (
	"embed"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

//go:embed migrations
var files embed.FS

// Schema is the module's tables.
func Schema() store.Schema { return store.Schema{Module: "team", Files: files} }

// Team is a team as it stands.
type Team struct {
	ID         ref.Team
	Name       string
	Key        string  // prefix of its items, "ENG"
	Mission    string  // may be empty
	DayRate    float64 // cost of one working day of the whole team, to the cent; 0 when not told
	Created    time.Time
	Version    int64
	Counts     Counts
	Members    []access.Account // only from Get and the changes
	Components []ref.Component  // only from Get and the changes
}

// Counts is how much of everything a team has.
type Counts struct {
	Members    int
	Components int
	Ready      int // items nobody has pulled
	InWork     int // items building, verifying or releasing
	Done       int
}

// Create is what it takes to make a team. An empty name is made from the
// identifier, an empty key from the name.
type Create struct {
	ID      ref.Team
	Name    string
	Key     string
	Mission string
	DayRate float64
}

// Change is what can change of a team, and the version it is based on.
type Change struct {
	Version int64
	Name    string
	Mission string
	DayRate float64
}

var (
	idForm  = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	keyForm = regexp.MustCompile(`^[A-Z][A-Z0-9]{1,9}$`)
)

// ready returns c with its defaults, or says what is wrong with it.
func (c Create) ready() (Create, error) {
	bad := errs.New(errs.Invalid, "the team cannot be created")
	if len(c.ID) < 2 || len(c.ID) > 40 || !idForm.MatchString(string(c.ID)) {
		bad.In("id", "must be 2 to 40 lower-case letters, digits or single hyphens, and begin with a letter")
	}
	if c.Name = strings.TrimSpace(c.Name); c.Name == "" {
		c.Name = title(string(c.ID))
	}
	if c.Key != "" && !keyForm.MatchString(c.Key) {
		bad.In("key", "must be 2 to 10 capital letters or digits, and begin with a letter")
	}
	describe(bad, c.Name, c.Mission, c.DayRate)
	if len(bad.Fields) > 0 {
		return c, bad
	}
	return c, nil
}

func describe(bad *errs.Error, name, mission string, dayRate float64) {
	if n := len([]rune(name)); n == 0 || n > 80 {
		bad.In("name", "must have 1 to 80 characters")
	}
	if len([]rune(mission)) > 2000 {
		bad.In("mission", "must have at most 2000 characters")
	}
	if !(dayRate >= 0 && dayRate <= 1e9) { // NaN too
		bad.In("dayRate", "must be between 0 and 1,000,000,000")
	}
}

// title makes "Engine control" from "engine-control".
func title(id string) string {
	words := strings.ReplaceAll(id, "-", " ")
	if words == "" {
		return ""
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// keyOf proposes the n-th key (from 0) for a team: the first three letters of
// its name, later ones with a number; the identifier steps in for a name
// without two Latin letters.
func keyOf(name string, id ref.Team, n int) string {
	letters := latin(name)
	if len(letters) < 2 {
		letters = latin(string(id))
	}
	if len(letters) < 2 {
		letters = "T" + letters
	}
	key := letters[:min(3, len(letters))]
	if n > 0 || len(key) < 2 {
		key = fmt.Sprintf("%s%d", key, n+1)
	}
	return key
}

func latin(s string) string {
	return strings.Map(func(r rune) rune {
		if r = unicode.ToUpper(r); r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, s)
}
