package definition

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/base/condition"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/pipeline/input"
)

// Facts are what a condition may ask of a run, as run.NAME.
type Facts struct {
	Branch    string
	Trunk     bool   // of the trunk
	Event     string // "push" to the trunk, "check" of another branch, "schedule" or "manual"
	Hotfix    bool
	Component string
	Team      string
	Title     string // of the head commit
	Items     []string
	// Asked is what the file asks for who starts a run by hand, and Inputs what was
	// given, as inputs.NAME.
	Asked  input.Inputs
	Inputs input.Values
}

func (f Facts) attributes() map[string]any {
	return map[string]any{
		"branch": f.Branch, "trunk": f.Trunk, "event": f.Event, "hotfix": f.Hotfix,
		"component": f.Component, "team": f.Team, "title": f.Title, "items": slices.Clone(f.Items),
	}
}

const conditionOf = "run"

var (
	quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'`)
	asked  = regexp.MustCompile(`\brun\.([A-Za-z_][A-Za-z0-9_]*)`)
)

// checkCondition says what is wrong with a step's condition. What a run does
// not have is named here: when the run comes it would only be false.
func checkCondition(text string, inputs input.Inputs) error {
	if why := inputs.Unknown(text); why != "" {
		return errors.New(why)
	}
	if _, err := condition.Compile(conditionOf, text, inputs.Fields()...); err != nil {
		e := errs.Of(err)
		return fmt.Errorf("%s; %s", e.Text, `write it in CEL, such as run.trunk or run.branch.startsWith("queue/")`)
	}
	known := Facts{}.attributes()
	for _, m := range asked.FindAllStringSubmatch(quoted.ReplaceAllString(text, `""`), -1) {
		if _, ok := known[m[1]]; !ok {
			names := make([]string, 0, len(known))
			for n := range known {
				names = append(names, n)
			}
			slices.Sort(names)
			return fmt.Errorf("a run has no %q; it has %s", m[1], strings.Join(names, ", "))
		}
	}
	return nil
}

// Wanted reports whether a step's condition holds of a run; without one it does.
func (s Spec) Wanted(f Facts) bool {
	if s.If == "" {
		return true
	}
	c, err := condition.Compile(conditionOf, s.If, f.Asked.Fields()...)
	return err == nil && c.HoldsWith(f.attributes(), f.Asked.Typed(f.Inputs))
}
