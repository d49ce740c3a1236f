package condition

import (
	"strings"
	"testing"

	"github.com/digital-factory/factory/internal/base/errs"
)

func TestHolds(t *testing.T) {
	t.Parallel()
	unit := map[string]any{"id": "truck-7", "country": "de", "score": 99.5, "beta": true, "hours": float64(12)}
	for text, want := range map[string]bool{
		`unit.country == "de" && unit.score >= 99`: true,
		`unit.score > 100`:                         false,
		`unit.hours == 12`:                         true, // a whole number is one, whatever it was written as
		`unit.beta`:                                true,
		`unit.country`:                             false, // no yes or no
		`unit.plan == "gold"`:                      false, // not known of it
		`has(unit.plan) || unit.id.startsWith("truck-")`: true,
		`unit.country in ["de", "at"]`:                   true,
		`unit.country > 3`:                               false, // of another type
		`[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, [1,2,3,4,5,6,7,8,9,10].all(d, a+b+c+d > 0))))`: false, // too costly
	} {
		c, err := Compile("unit", text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := c.Holds(unit); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		``:                              "no condition",
		`unit.score >=`:                 "at character",
		`units.score > 3`:               "undeclared reference",
		`"yes"`:                         "yes or no",
		strings.Repeat("!", 999) + "y":  "no condition",
		strings.Repeat("true || ", 200): "at most",
	} {
		_, err := Compile("unit", text)
		if e := errs.Of(err); e.Kind != errs.Invalid || !strings.Contains(e.Text, says) {
			t.Errorf("%.40s: %v", text, err)
		}
	}
}

// TestFields: a field has a type, which the expression must keep to; a number is
// written with a point or without.
func TestFields(t *testing.T) {
	t.Parallel()
	fields := []Field{{"inputs.dry", Boolean}, {"inputs.count", Number}, {"inputs.ratio", Number}, {"inputs.region", Text}, {"inputs.none", Number}}
	values := map[string]any{"inputs.dry": true, "inputs.count": 3.0, "inputs.ratio": 0.5, "inputs.region": "eu"}
	for text, want := range map[string]bool{
		`inputs.dry && unit.beta`:                            true,
		`inputs.count == 3 && inputs.ratio == 0.5`:           true,
		`inputs.count + 1 == 4 && inputs.ratio * 2.0 == 1.0`: true,
		`inputs.ratio == 1`:                                  false,
		`inputs.region == "us"`:                              false,
		`inputs.none == 0`:                                   false,
		`inputs.dry || inputs.none == 0`:                     true,
	} {
		c, err := Compile("unit", text, fields...)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := c.HoldsWith(map[string]any{"beta": true}, values); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	for _, text := range []string{`inputs.dry == "true"`, `inputs.count == "3"`, `inputs.region > 3`, `inputs.nope`, `inputs.region`} {
		if _, err := Compile("unit", text, fields...); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzCompile(f *testing.F) {
	f.Add(`unit.country == "de"`)
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := Compile("unit", text); err == nil {
			c.Holds(map[string]any{"country": "de"})
		}
	})
}
