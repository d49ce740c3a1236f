package portfolio

import (
	"fmt"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/base/errs"
)

// State is a column of the portfolio board.
type State string

// The states, in the order of the board.
const (
	Funnel       State = "funnel"       // an idea
	Reviewing    State = "reviewing"    // somebody owns it and writes the hypothesis
	Analysing    State = "analysing"    // the lean business case is made
	Ready        State = "ready"        // approved, waits for a team
	Implementing State = "implementing" // teams test the hypothesis
	Done         State = "done"         // proven, disproved or not wanted
)

// States lists the states in the order of the board.
func States() []State { return []State{Funnel, Reviewing, Analysing, Ready, Implementing, Done} }

// Check is one clause of a gate.
type Check struct {
	Name string // the field or fact looked at
	Text string // what must hold, in words
	OK   bool
}

// Gate is what an initiative must show to leave its state for the next.
type Gate struct {
	To     State // "" at the end of the board
	Checks []Check
}

// Open reports whether every check holds.
func (g Gate) Open() bool { return len(g.missing()) == 0 }

func (g Gate) missing() []Check {
	return slices.DeleteFunc(slices.Clone(g.Checks), func(c Check) bool { return c.OK })
}

// Counts are an initiative's features by state.
type Counts struct {
	Planned  int `json:"planned"`
	Building int `json:"building"`
	Released int `json:"released"`
}

// standing is all that the gates look at.
type standing struct {
	fields    Fields
	state     State
	approved  bool // a go decision stands
	evaluated bool // persevered since implementing began
	features  Counts
}

// gate returns the exit gate of the standing's state (SAFe's portfolio kanban,
// with each policy turned into something that can be looked up).
func gate(s standing) Gate {
	i := slices.Index(States(), s.state)
	if s.state == Done || i < 0 {
		return Gate{Checks: []Check{}}
	}
	return Gate{To: States()[i+1], Checks: checks(s, s.state)}
}

func checks(s standing, state State) []Check {
	f := s.fields
	has := func(name, text, value string) Check {
		return Check{Name: name, Text: text, OK: strings.TrimSpace(value) != ""}
	}
	switch state {
	case Funnel:
		return []Check{has("owner", "an epic owner is named", f.Owner)}
	case Reviewing:
		h := f.Hypothesis
		return []Check{
			has("hypothesis.for", "the hypothesis says for whom it is", h.For),
			has("hypothesis.who", "the hypothesis says what they do", h.Who),
			has("hypothesis.the", "the hypothesis names the solution", h.The),
			has("hypothesis.isA", "the hypothesis says what the solution is", h.IsA),
			has("hypothesis.that", "the hypothesis says which value it brings", h.That),
			has("hypothesis.unlike", "the hypothesis says what it is unlike", h.Unlike),
			has("hypothesis.ourSolution", "the hypothesis says what is different", h.OurSolution),
			has("businessOutcome", "the business outcome hypothesis is written", f.BusinessOutcome),
			has("keyResult", "the key result that it should move is chosen", string(f.KeyResult)),
			{Name: "scores", Text: "it has its four WSJF scores", OK: f.Scores != nil},
		}
	case Analysing:
		return append(businessCase(s), Check{Name: "decision.go", Text: "the board has decided go", OK: s.approved})
	case Ready:
		return []Check{
			{Name: "decision.go", Text: "the board has decided go", OK: s.approved},
			{Name: "features", Text: "a product has taken it up: it has at least one feature", OK: s.features != Counts{}},
		}
	case Implementing:
		return []Check{
			{Name: "decision.persevere", Text: "the hypothesis was evaluated: the board has decided persevere since implementing began (pivot and stop end it by themselves)", OK: s.evaluated},
			{Name: "features", Text: fmt.Sprintf("no feature is being built (now %d)", s.features.Building), OK: s.features.Building == 0},
		}
	}
	return []Check{}
}

// businessCase is what the board must have before it says go.
func businessCase(s standing) []Check {
	f := s.fields
	return []Check{
		{Name: "leadingIndicators", Text: "at least one leading indicator is named", OK: len(f.LeadingIndicators) > 0},
		{Name: "mvp", Text: "the smallest thing that tests the hypothesis (MVP) is defined", OK: strings.TrimSpace(f.MVP) != ""},
		{Name: "cost", Text: "the cost is estimated", OK: f.Cost != nil},
		{Name: "predicted", Text: "the change of the key result is predicted", OK: f.Predicted != nil},
	}
}

// move returns whether a person may move an initiative to a state: one step on
// through the gate; back to any earlier state before implementing; from done
// to the funnel. All else needs a decision.
func move(s standing, title string, to State) error {
	from, target := slices.Index(States(), s.state), slices.Index(States(), to)
	switch {
	case target < 0:
		return errs.New(errs.Invalid, "%q is no state of the portfolio board; the states are %v", to, States())
	case target == from:
		return errs.New(errs.Invalid, "%q is in %s already", title, to)
	case s.state == Done && to == Funnel:
		return nil
	case s.state == Done:
		return errs.New(errs.Blocked, "%q is done; the way back begins in the funnel", title).Do("move it to funnel")
	case target < from && s.state == Implementing:
		return errs.New(errs.Blocked, "%q is being implemented; only a decision takes it back", title).Do("decide pivot to write the hypothesis anew, or stop")
	case target < from:
		return nil
	case target > from+1:
		return errs.New(errs.Blocked, "%q goes from %s to %s one gate at a time", title, s.state, to).Do("move it to %s first", States()[from+1])
	}
	return refuse(title, string(s.state)+" to "+string(to), checks(s, s.state))
}

// refuse is nil when all checks hold, else an errs.Blocked that lists what is
// missing, with the Gate's failed checks as Detail.
func refuse(title, step string, all []Check) error {
	missing := Gate{Checks: all}.missing()
	if len(missing) == 0 {
		return nil
	}
	e := errs.New(errs.Blocked, "%q cannot go from %s: %d of %d checks of the gate do not hold", title, step, len(missing), len(all)).With(missing)
	for _, c := range missing {
		e.In(c.Name, "missing: %s", c.Text)
	}
	return e.Do("supply what is missing, then repeat")
}

// Verdict is what the board decides.
type Verdict string

// The verdicts.
const (
	Go        Verdict = "go"        // fund it
	NoGo      Verdict = "no-go"     // do not
	Persevere Verdict = "persevere" // the hypothesis holds: go on
	Pivot     Verdict = "pivot"     // it does not: write another
	Stop      Verdict = "stop"      // it does not: end it
)

// decide returns the state that a verdict leads to; it is an errs.Blocked when
// the verdict has no place in the present state or the business case is not
// complete.
func decide(s standing, title string, v Verdict) (State, error) {
	before := slices.Index(States(), s.state) < slices.Index(States(), Implementing)
	switch v {
	case Go:
		if s.state != Analysing {
			return "", errs.New(errs.Blocked, "%q is in %s; go is decided on the business case in analysing", title, s.state).Do("move it through the gates to analysing first")
		}
		all := slices.Concat(checks(s, Funnel), checks(s, Reviewing), businessCase(s))
		if err := refuse(title, "analysing to ready", all); err != nil {
			return "", err
		}
		s.state, s.approved = Ready, true
		if gate(s).Open() {
			return Implementing, nil
		}
		return Ready, nil
	case NoGo:
		if !before {
			return "", errs.New(errs.Blocked, "%q is in %s; no-go is for what is not funded yet", title, s.state).Do("decide stop to end what is being implemented")
		}
		return Done, nil
	case Persevere, Pivot, Stop:
		if s.state != Implementing {
			return "", errs.New(errs.Blocked, "%q is in %s; %s is decided while implementing", title, s.state, v).Do("decide go or no-go before implementing")
		}
		return map[Verdict]State{Persevere: Implementing, Pivot: Reviewing, Stop: Done}[v], nil
	}
	return "", errs.New(errs.Invalid, "%q is no decision; decide go, no-go, persevere, pivot or stop", v)
}
