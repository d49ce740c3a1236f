package portfolio

import (
	"context"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// Initiative is a bet: an epic with its hypothesis, its price and its place on
// the portfolio board. Place, Features, Spend, Result and Gate are computed.
type Initiative struct {
	ID        ref.Initiative
	Objective ref.Objective
	Fields
	State    State
	Since    time.Time // in State since
	Approved bool      // a go decision stands
	Place    *Place    // nil while not scored
	Features Counts
	Spend    Spend
	Result   Result
	Gate     Gate
	Version  int64
	Created  time.Time
	By       string // who proposed it

	evaluated bool     // persevered since implementing began
	before    *reading // the key result when implementing began
	scoredBy  string
	scoredAt  time.Time
}

// Fields is what a person says about an initiative. Its JSON is what is stored
// and what a decision freezes.
type Fields struct {
	Title             string        `json:"title"`
	Owner             string        `json:"owner,omitempty"`
	KeyResult         ref.KeyResult `json:"keyResult,omitempty"`
	Hypothesis        Hypothesis    `json:"hypothesis"`
	BusinessOutcome   string        `json:"businessOutcome,omitempty"`
	LeadingIndicators []string      `json:"leadingIndicators,omitempty"`
	NonFunctional     []string      `json:"nonFunctional,omitempty"`
	MVP               string        `json:"mvp,omitempty"`
	Scores            *Scores       `json:"scores,omitempty"`
	Cost              *Money        `json:"cost,omitempty"`      // estimate
	Budget            *Money        `json:"budget,omitempty"`    // in the estimate's currency
	DayRate           *Money        `json:"dayRate,omitempty"`   // of one item in work for one day
	Predicted         *float64      `json:"predicted,omitempty"` // change of the key result, in its unit
}

// Hypothesis is the epic hypothesis statement.
type Hypothesis struct {
	For         string `json:"for"`
	Who         string `json:"who"`
	The         string `json:"the"`
	IsA         string `json:"isA"`
	That        string `json:"that"`
	Unlike      string `json:"unlike"`
	OurSolution string `json:"ourSolution"`
}

var currency = regexp.MustCompile(`^[A-Z]{3}$`)

func (f *Fields) check() error {
	f.Title, f.Owner = strings.TrimSpace(f.Title), strings.TrimSpace(f.Owner)
	var w wrong
	w.text("title", f.Title, 1, 200)
	w.text("owner", f.Owner, 0, 200)
	w.text("businessOutcome", f.BusinessOutcome, 0, 2000)
	w.text("mvp", f.MVP, 0, 2000)
	h := f.Hypothesis
	for _, part := range []struct{ name, text string }{
		{"for", h.For}, {"who", h.Who}, {"the", h.The}, {"isA", h.IsA}, {"that", h.That}, {"unlike", h.Unlike}, {"ourSolution", h.OurSolution},
	} {
		w.text("hypothesis."+part.name, part.text, 0, 1000)
	}
	f.LeadingIndicators = w.lines("leadingIndicators", f.LeadingIndicators)
	f.NonFunctional = w.lines("nonFunctional", f.NonFunctional)
	if s := f.Scores; s != nil {
		s.Set = strings.TrimSpace(s.Set)
		w.text("scores.set", s.Set, 1, 80)
		for _, part := range []struct {
			name  string
			score int
		}{{"userBusinessValue", s.UserBusinessValue}, {"timeCriticality", s.TimeCriticality}, {"riskReduction", s.RiskReduction}, {"jobSize", s.JobSize}} {
			if !slices.Contains(Scale(), part.score) {
				w.in("scores."+part.name, "is %d; relative scores are %v", part.score, Scale())
			}
		}
	}
	var code string
	for _, m := range []struct {
		name  string
		money *Money
	}{{"cost", f.Cost}, {"budget", f.Budget}, {"dayRate", f.DayRate}} {
		switch {
		case m.money == nil:
			continue
		case m.money.Amount < 0:
			w.in(m.name+".amount", "must not be negative")
		case !currency.MatchString(m.money.Currency):
			w.in(m.name+".currency", "%q is no ISO 4217 code such as EUR", m.money.Currency)
		case code != "" && m.money.Currency != code:
			w.in(m.name+".currency", "is %s; an initiative has one currency, and %s came first", m.money.Currency, code)
		}
		code = m.money.Currency
	}
	if f.Predicted != nil && !finite(*f.Predicted) {
		w.in("predicted", "must be a number")
	}
	return w.or()
}

// lines trims a list of texts, drops empty ones and checks the rest.
func (w *wrong) lines(at string, list []string) []string {
	out := []string{}
	for _, l := range list {
		if l = strings.TrimSpace(l); l != "" {
			w.text(at, l, 1, 500)
			out = append(out, l)
		}
	}
	if len(out) > 20 {
		w.in(at, "has %d entries; at most 20 are allowed", len(out))
	}
	return out
}

func (f Fields) diff(o Fields) []string {
	return changed(diff{"title", f.Title != o.Title}, diff{"owner", f.Owner != o.Owner}, diff{"keyResult", f.KeyResult != o.KeyResult},
		diff{"hypothesis", f.Hypothesis != o.Hypothesis}, diff{"businessOutcome", f.BusinessOutcome != o.BusinessOutcome},
		diff{"leadingIndicators", !slices.Equal(f.LeadingIndicators, o.LeadingIndicators)}, diff{"nonFunctional", !slices.Equal(f.NonFunctional, o.NonFunctional)},
		diff{"mvp", f.MVP != o.MVP}, diff{"scores", !reflect.DeepEqual(f.Scores, o.Scores)}, diff{"cost", !reflect.DeepEqual(f.Cost, o.Cost)},
		diff{"budget", !reflect.DeepEqual(f.Budget, o.Budget)}, diff{"dayRate", !reflect.DeepEqual(f.DayRate, o.DayRate)},
		diff{"predicted", !reflect.DeepEqual(f.Predicted, o.Predicted)})
}

func (i Initiative) standing() standing {
	return standing{fields: i.Fields, state: i.State, approved: i.Approved, evaluated: i.evaluated, features: i.Features}
}

// aims checks that the key result exists and belongs to the objective.
func aims(b *Board, objective ref.Objective, k ref.KeyResult) error {
	if k == "" {
		return nil
	}
	var w wrong
	if have := b.keyResult(k); have == nil {
		w.in("keyResult", "there is no key result %q", k)
	} else if have.Objective != objective {
		w.in("keyResult", "%q belongs to another objective", have.Title)
	}
	return w.or()
}

// CreateInitiative proposes an initiative; it begins in the funnel.
func (s *Service) CreateInitiative(ctx context.Context, who access.Actor, objectiveID ref.Objective, f Fields) (i Initiative, err error) {
	if err := who.May(access.FundWork, ""); err != nil {
		return i, err
	}
	if err := f.check(); err != nil {
		return i, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := objective(ctx, tx, objectiveID); err != nil {
			return err
		}
		b, err := s.load(ctx, tx)
		if err != nil {
			return err
		}
		if err := aims(b, objectiveID, f.KeyResult); err != nil {
			return err
		}
		now := s.clock()
		i = Initiative{ID: ref.Initiative(ref.New()), Objective: objectiveID, Fields: f, State: Funnel, Since: now, Version: 1, Created: now, By: who.Name}
		if f.Scores != nil {
			i.scoredBy, i.scoredAt = who.Name, now
		}
		if err := insertInitiative(ctx, tx, i); err != nil {
			return err
		}
		if i, err = s.again(ctx, tx, i.ID); err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("initiative", i.ID), fact.InitiativeCreated{Initiative: i.ID, Objective: objectiveID, KeyResult: f.KeyResult, Title: f.Title})
	})
	return i, err
}

// again reads an initiative that was just written, with all that is computed.
func (s *Service) again(ctx context.Context, tx *store.Tx, id ref.Initiative) (Initiative, error) {
	b, err := s.load(ctx, tx)
	if err != nil {
		return Initiative{}, err
	}
	return b.initiative(id)
}

// current reads an initiative for a change that saw the version; another
// version is an errs.Conflict with the current Initiative.
func (s *Service) current(ctx context.Context, tx *store.Tx, id ref.Initiative, version int64) (*Board, Initiative, error) {
	b, err := s.load(ctx, tx)
	if err != nil {
		return nil, Initiative{}, err
	}
	i, err := b.initiative(id)
	if err == nil && i.Version != version {
		err = store.Changed(0, "initiative "+i.Title, i)
	}
	return b, i, err
}

// save writes an initiative whose version was raised, and reads it again.
func (s *Service) save(ctx context.Context, tx *store.Tx, i, have Initiative) (Initiative, error) {
	n, err := updateInitiative(ctx, tx, i)
	if err != nil {
		return i, err
	}
	if err := store.Changed(n, "initiative "+have.Title, have); err != nil {
		return i, err
	}
	return s.again(ctx, tx, i.ID)
}

// ChangeInitiative replaces an initiative's fields. A version that is not the
// current one is an errs.Conflict with the current Initiative.
func (s *Service) ChangeInitiative(ctx context.Context, who access.Actor, id ref.Initiative, version int64, f Fields) (i Initiative, err error) {
	if err := who.May(access.FundWork, ""); err != nil {
		return i, err
	}
	if err := f.check(); err != nil {
		return i, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		b, have, err := s.current(ctx, tx, id, version)
		if err != nil {
			return err
		}
		if err := aims(b, have.Objective, f.KeyResult); err != nil {
			return err
		}
		i = have
		i.Fields, i.Version = f, version+1
		if !reflect.DeepEqual(f.Scores, have.Scores) {
			i.scoredBy, i.scoredAt = who.Name, s.clock()
		}
		if f.KeyResult != have.KeyResult && i.State == Implementing {
			i.before = b.reading(f.KeyResult) // before and after need the same quantity
		}
		if i, err = s.save(ctx, tx, i, have); err != nil {
			return err
		}
		fields := f.diff(have.Fields)
		if len(fields) == 0 {
			return nil
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("initiative", id), fact.InitiativeChanged{Initiative: id, Fields: fields, Title: i.Title, KeyResult: i.KeyResult})
	})
	return i, err
}

// MoveInitiative moves an initiative on the portfolio board. A gate that does
// not hold is an errs.Blocked that lists what is missing.
func (s *Service) MoveInitiative(ctx context.Context, who access.Actor, id ref.Initiative, version int64, to State) (i Initiative, err error) {
	if err := who.May(access.FundWork, ""); err != nil {
		return i, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		b, have, err := s.current(ctx, tx, id, version)
		if err != nil {
			return err
		}
		if err := move(have.standing(), have.Title, to); err != nil {
			return err
		}
		i = have.enter(to, s.clock(), b.reading(have.KeyResult))
		i.Version = version + 1
		if i, err = s.save(ctx, tx, i, have); err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("initiative", id), fact.InitiativeMoved{Initiative: id, From: string(have.State), To: string(to)})
	})
	return i, err
}

// enter puts an initiative into a state. Whatever leads back before the
// board's approval ends it; implementing begins with a note of where the key
// result stands.
func (i Initiative) enter(to State, now time.Time, k *reading) Initiative {
	i.State, i.Since = to, now
	switch to {
	case Funnel, Reviewing, Analysing:
		i.Approved, i.evaluated = false, false
	case Implementing:
		i.evaluated, i.before = false, k
	}
	return i
}

// Filter narrows a list of initiatives; empty fields do not.
type Filter struct {
	Objective ref.Objective
	State     State
}

// Initiatives lists initiatives in the order of the portfolio (see
// [Service.Board]), a page at a time.
func (s *Service) Initiatives(ctx context.Context, who access.Actor, f Filter, ask page.Ask) (list []Initiative, next string, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, "", err
	}
	var after ref.Initiative
	paged, err := ask.Key(&after)
	if err != nil {
		return nil, "", err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		b, err := s.load(ctx, tx)
		if err != nil {
			return err
		}
		rest := b.Initiatives
		if paged {
			at := slices.IndexFunc(rest, func(i Initiative) bool { return i.ID == after })
			if at < 0 {
				return errs.New(errs.Invalid, "the page cursor names no initiative").Do("start again from the first page")
			}
			rest = rest[at+1:]
		}
		list = slices.DeleteFunc(slices.Clone(rest), func(i Initiative) bool {
			return f.Objective != "" && i.Objective != f.Objective || f.State != "" && i.State != f.State
		})
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	list, next = page.Of(ask, list, func(i Initiative) any { return i.ID })
	return list, next, nil
}

// Aim returns the key result that a feature of the initiative should move: the
// one asked for, or the initiative's own when k is empty. Unknown ones are an
// errs.Invalid. A product asks it before it accepts a feature.
func (s *Service) Aim(ctx context.Context, who access.Actor, id ref.Initiative, k ref.KeyResult) (ref.KeyResult, error) {
	if err := who.May(access.Read, ""); err != nil {
		return "", err
	}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		var w wrong
		i, err := initiative(ctx, tx, id)
		if errs.Is(err, errs.NotFound) {
			w.in("initiative", "there is no initiative %q", id)
			return w.or()
		} else if err != nil {
			return err
		}
		if k == "" {
			if k = i.KeyResult; k == "" {
				w.in("keyResult", "name one: the initiative %q has none itself yet", i.Title)
			}
			return w.or()
		}
		if _, err := keyResult(ctx, tx, k); errs.Is(err, errs.NotFound) {
			w.in("keyResult", "there is no key result %q", k)
			return w.or()
		} else if err != nil {
			return err
		}
		return nil
	})
	return k, err
}
