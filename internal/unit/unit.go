// Package unit keeps what the company knows of its units, the customers or
// devices that versions are assigned to: attributes such as a country, a plan
// or a safety score, by which a rollout says who takes part in a stage.
//
// Owns: unit_unit.
//
// Tells: units.recorded, units.forgotten, with numbers only: the journal keeps
// everything for ever, so who a unit is never goes into it.
//
// Asks: nothing.
//
// Invariants: an attribute is a text, a number or a yes or no. A cohort depends
// on the attributes at one moment and on the key that breaks ties, on nothing
// else: made again from the same it has the same members.
package unit

import (
	"embed"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
)

//go:embed migrations
var files embed.FS

// Schema is the module's tables.
func Schema() store.Schema { return store.Schema{Module: "unit", Files: files} }

// Unit is a customer or device and what is known of it.
type Unit struct {
	ID         string         // as requests name it, in X-Unit-Id
	Attributes map[string]any // string, float64 or bool by name
	Recorded   time.Time
}

// What bounds what is recorded.
const (
	longID         = 200
	longText       = 500
	mostAttributes = 50
	// MostAtOnce is how many units one call records or forgets.
	MostAtOnce = 5000
)

var name = regexp.MustCompile(`^[a-z][a-z0-9_]{0,59}$`)

// check refuses units that cannot be kept; all faults are named by place.
func check(list []Unit) error {
	bad := errs.New(errs.Invalid, "the units cannot be recorded").Do("correct them; nothing of this call was recorded")
	if len(list) == 0 || len(list) > MostAtOnce {
		bad.In("units", "has %d units; 1 to %d are recorded at once", len(list), MostAtOnce)
		return bad
	}
	seen := make(map[string]int, len(list))
	for i, u := range list {
		at := fmt.Sprintf("units[%d]", i)
		if n := len(u.ID); n == 0 || n > longID {
			bad.In(at+".id", "must have 1 to %d bytes", longID)
		} else if first, twice := seen[u.ID]; twice {
			bad.In(at+".id", "%q is units[%d] already", u.ID, first)
		}
		seen[u.ID] = i
		if len(u.Attributes) > mostAttributes {
			bad.In(at+".attributes", "has %d; at most %d are kept", len(u.Attributes), mostAttributes)
		}
		for n, v := range u.Attributes {
			checkAttribute(bad, at+".attributes."+n, n, v)
		}
		if len(bad.Fields) >= 20 { // a person reads no more
			break
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

func checkAttribute(bad *errs.Error, at, n string, v any) {
	if !name.MatchString(n) || n == "id" {
		bad.In(at, "%.70q must have small letters, digits and underscores, begin with a letter, and not be id", n)
	}
	switch v := v.(type) {
	case bool:
	case string:
		if len(v) > longText {
			bad.In(at, "has %d bytes; at most %d are kept", len(v), longText)
		}
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			bad.In(at, "must be a finite number")
		}
	default:
		bad.In(at, "must be a text, a number, true or false")
	}
}

const columns = `id, attributes, recorded`

func scan(s store.Scanner) (Unit, error) {
	var u Unit
	var attributes string
	var recorded int64
	if err := s.Scan(&u.ID, &attributes, &recorded); err != nil {
		return u, err
	}
	u.Recorded = store.Time(recorded)
	if err := json.Unmarshal([]byte(attributes), &u.Attributes); err != nil {
		return u, fmt.Errorf("attributes of a unit: %w", err)
	}
	return u, nil
}
