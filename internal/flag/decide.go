package flag

import (
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/ref"
)

// What bounds a flag.
const (
	longTitle       = 200
	longDescription = 5000
	longReason      = 2000
	shortReason     = 3
	longUnit        = 200
	mostUnits       = 1000
)

var slug = regexp.MustCompile(`^[a-z][a-z0-9-]{0,58}[a-z0-9]$`)

// Create asks for a flag.
type Create struct {
	Component ref.Component
	Key       string
	Fields
}

// ready returns the request as it is carried out.
func (c Create) ready() (Create, error) {
	bad := errs.New(errs.Invalid, "the flag cannot be created")
	if !slug.MatchString(c.Key) {
		bad.In("key", "%q must have 2 to 60 lower-case letters, digits and dashes, begin with a letter and not end with a dash", c.Key)
	}
	c.Fields = c.Fields.ready(bad)
	return c, orNil(bad)
}

func (f Fields) ready(bad *errs.Error) Fields {
	f.Title, f.Description = strings.TrimSpace(f.Title), strings.TrimSpace(f.Description)
	if n := len([]rune(f.Title)); n == 0 || n > longTitle {
		bad.In("title", "must have 1 to %d characters", longTitle)
	}
	if len([]rune(f.Description)) > longDescription {
		bad.In("description", "must have at most %d characters", longDescription)
	}
	return f
}

// differs names the fields that are not the same.
func (f Fields) differs(from Fields) (fields []string) {
	for _, d := range []struct {
		name    string
		differs bool
	}{{"title", f.Title != from.Title}, {"description", f.Description != from.Description}, {"feature", f.Feature != from.Feature}} {
		if d.differs {
			fields = append(fields, d.name)
		}
	}
	return fields
}

// Switch asks that a flag be on for whom it says, in an environment, from now
// on. Percent (0..100, in steps of 0.01) and Units count for a cohort only.
type Switch struct {
	Version     int64
	Environment ref.Environment
	State       State
	Percent     float64
	Units       []string
	Reason      string // required in production
}

// setting returns what the request makes of an environment, or why it cannot.
func (w Switch) setting() (Setting, error) {
	bad := errs.New(errs.Invalid, "the flag cannot be switched so")
	s := Setting{Environment: w.Environment, State: w.State, Reason: strings.TrimSpace(w.Reason)}
	if !slices.Contains(Environments(), w.Environment) {
		bad.In("environment", "%q must be one of %v", w.Environment, Environments())
	}
	checkReason(bad, s.Reason, w.Environment == Production)
	switch w.State {
	case Off, On:
		if w.Percent != 0 || len(w.Units) > 0 {
			bad.In("state", "%q is for everybody; percent and units belong to a cohort", w.State)
		}
	case Cohort:
		s.Share, s.Units = w.cohort(bad)
	default:
		bad.In("state", "%q must be %s, %s or %s", w.State, Off, On, Cohort)
	}
	return s, orNil(bad)
}

func (w Switch) cohort(bad *errs.Error) (share int64, units []string) {
	exact := w.Percent * 100
	share = int64(math.Round(exact))
	switch {
	case !(w.Percent >= 0 && w.Percent <= 100):
		bad.In("percent", "must be 0 to 100")
	case math.Abs(exact-float64(share)) > 1e-6:
		bad.In("percent", "%g is finer than 0.01, which is the smallest step", w.Percent)
	}
	for _, u := range w.Units {
		u = strings.TrimSpace(u)
		if n := len([]rune(u)); n == 0 || n > longUnit {
			bad.In("units", "%.40q must have 1 to %d characters", u, longUnit)
		}
		units = append(units, u)
	}
	slices.Sort(units)
	units = slices.Compact(units)
	if len(units) > mostUnits {
		bad.In("units", "has %d units; %d are allowed: take a percentage for more", len(units), mostUnits)
	}
	if w.Percent == 0 && len(units) == 0 {
		bad.In("percent", "a cohort of 0 %% and no units is nobody: switch the flag off instead")
	}
	return share, units
}

func checkReason(bad *errs.Error, reason string, required bool) {
	switch n := len([]rune(reason)); {
	case required && n < shortReason:
		bad.In("reason", "say in a few words why; it is kept for ever")
	case n > longReason:
		bad.In("reason", "must have at most %d characters", longReason)
	}
}

// same reports whether two settings let the same units in.
func (s Setting) same(t Setting) bool {
	return s.State == t.State && s.Share == t.Share && slices.Equal(s.Units, t.Units)
}

func orNil(bad *errs.Error) error {
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}
