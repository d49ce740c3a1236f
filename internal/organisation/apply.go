package organisation

import (
	"context"
	"fmt"
	"reflect"

	"github.com/digital-factory/factory/client"
)

// Change is one thing that applying did.
type Change struct {
	Verb string `json:"verb"` // created, changed
	What string `json:"what"` // kind and name
}

// applier holds what the factory has, by the names that the files use.
type applier struct {
	client      *client.Client
	places      map[string]string
	changes     []Change
	objectives  map[string]client.Objective
	keyResults  map[string]client.KeyResult
	initiatives map[string]client.Initiative
	features    map[string]client.Feature
	allFeatures bool // features has those of products that the files do not mention, too
}

// Apply makes the factory look like the organisation and returns what it
// changed. It stops at the first refusal; what was applied stays, and applying
// again goes on from there.
func Apply(ctx context.Context, c *client.Client, o Organisation) ([]Change, error) {
	a := &applier{client: c, places: o.places, objectives: map[string]client.Objective{}, keyResults: map[string]client.KeyResult{},
		initiatives: map[string]client.Initiative{}, features: map[string]client.Feature{}}
	err := a.portfolio(ctx, o)
	if err == nil {
		err = a.products(ctx, o)
	}
	if err == nil {
		err = a.teams(ctx, o)
	}
	return a.changes, err
}

func (a *applier) did(verb, kind, name string) {
	a.changes = append(a.changes, Change{verb, kind + " " + name})
}

func (a *applier) portfolio(ctx context.Context, o Organisation) error {
	have, err := a.client.Portfolio(ctx)
	if err != nil {
		return err
	}
	for _, obj := range have.Objectives {
		a.objectives[obj.Title] = obj
		for _, kr := range obj.KeyResults {
			a.keyResults[kr.Title] = kr
		}
	}
	for _, in := range have.Initiatives {
		a.initiatives[in.Title] = in
	}
	if o.Vision != "" && (have.Vision == nil || have.Vision.Text != o.Vision) {
		in := client.SetVision{Text: o.Vision}
		if have.Vision != nil {
			in.Version = have.Vision.Version
		}
		if _, err := a.client.SetVision(ctx, in); err != nil {
			return fmt.Errorf("vision: %w", err)
		}
		a.did("set", "vision", o.Vision)
	}
	for _, obj := range o.Objectives {
		if err := a.objective(ctx, obj); err != nil {
			return fmt.Errorf("objective %q: %w", obj.Title, err)
		}
	}
	for _, in := range o.Initiatives {
		if err := a.initiative(ctx, in); err != nil {
			return fmt.Errorf("initiative %q: %w", in.Title, err)
		}
	}
	return nil
}

func (a *applier) objective(ctx context.Context, o Objective) (err error) {
	want := client.CreateObjective{Title: o.Title, Description: o.Description, Owner: o.Owner}
	have, exists := a.objectives[o.Title]
	switch {
	case !exists:
		if have, err = a.client.CreateObjective(ctx, want); err != nil {
			return err
		}
		a.objectives[o.Title] = have
		a.did("created", "objective", o.Title)
	case have.Description != o.Description || have.Owner != o.Owner:
		if _, err := a.client.ChangeObjective(ctx, have.ID, client.ChangeObjective{Version: have.Version, CreateObjective: want}); err != nil {
			return err
		}
		a.did("changed", "objective", o.Title)
	}
	for _, kr := range o.KeyResults {
		if err := a.keyResult(ctx, have.ID, kr); err != nil {
			return fmt.Errorf("key result %q: %w", kr.Title, err)
		}
	}
	return nil
}

func (a *applier) keyResult(ctx context.Context, objective string, k KeyResult) error {
	want := client.KeyResultFields{Title: k.Title, Unit: k.Unit, Query: k.Query, Baseline: k.Baseline, Target: k.Target}
	if k.Outcome != nil {
		want.Outcome = &client.Selector{Event: k.Outcome.Event, Where: k.Outcome.Where}
	}
	have, exists := a.keyResults[k.Title]
	if !exists {
		made, err := a.client.CreateKeyResult(ctx, client.CreateKeyResult{Objective: objective, KeyResultFields: want})
		if err != nil {
			return err
		}
		a.keyResults[k.Title] = made
		a.did("created", "key result", k.Title)
		return nil
	}
	is := client.KeyResultFields{Title: have.Title, Unit: have.Unit, Query: have.Query, Baseline: have.Baseline, Target: have.Target, Outcome: have.Outcome}
	if reflect.DeepEqual(is, want) {
		return nil
	}
	if _, err := a.client.ChangeKeyResult(ctx, have.ID, client.ChangeKeyResult{Version: have.Version, KeyResultFields: want}); err != nil {
		return err
	}
	a.did("changed", "key result", k.Title)
	return nil
}

func (a *applier) initiative(ctx context.Context, in Initiative) error {
	objective, known := a.objectives[in.Objective]
	if !known {
		return a.unknown("objective", in.Objective, in.Title, "add it under objectives:")
	}
	want := client.InitiativeFields{
		Title: in.Title, Owner: in.Owner, Hypothesis: client.Hypothesis(in.Hypothesis), BusinessOutcome: in.BusinessOutcome,
		LeadingIndicators: in.LeadingIndicators, NonFunctional: in.NonFunctional, MVP: in.MVP, Scores: (*client.Scores)(in.Scores),
		Cost: (*client.Money)(in.Cost), Budget: (*client.Money)(in.Budget), DayRate: (*client.Money)(in.DayRate), Predicted: in.Predicted,
	}
	if in.KeyResult != "" {
		kr, known := a.keyResults[in.KeyResult]
		if !known {
			return a.unknown("key result", in.KeyResult, in.Title, "add it to its objective")
		}
		want.KeyResult = kr.ID
	}
	have, exists := a.initiatives[in.Title]
	if !exists {
		made, err := a.client.CreateInitiative(ctx, client.CreateInitiative{Objective: objective.ID, InitiativeFields: want})
		if err != nil {
			return err
		}
		a.initiatives[in.Title] = made
		a.did("created", "initiative", in.Title)
		return nil
	}
	if same(have.InitiativeFields, want) {
		return nil
	}
	if _, err := a.client.ChangeInitiative(ctx, have.ID, client.ChangeInitiative{Version: have.Version, InitiativeFields: want}); err != nil {
		return err
	}
	a.did("changed", "initiative", in.Title)
	return nil
}

// same compares fields; an absent list is an empty one.
func same(a, b client.InitiativeFields) bool {
	for _, f := range []*client.InitiativeFields{&a, &b} {
		if len(f.LeadingIndicators) == 0 {
			f.LeadingIndicators = nil
		}
		if len(f.NonFunctional) == 0 {
			f.NonFunctional = nil
		}
	}
	return reflect.DeepEqual(a, b)
}

func (a *applier) products(ctx context.Context, o Organisation) error {
	for _, p := range o.Products {
		if err := a.product(ctx, p); err != nil {
			return fmt.Errorf("product %q: %w", p.ID, err)
		}
	}
	return nil
}

func (a *applier) product(ctx context.Context, p Product) error {
	want := client.ProductFields{Name: p.Name, Description: p.Description, Owner: p.Owner}
	if want.Name == "" {
		want.Name = p.ID
	}
	have, err := a.client.Product(ctx, p.ID)
	switch {
	case missing(err):
		if _, err := a.client.CreateProduct(ctx, client.CreateProduct{ID: p.ID, ProductFields: want}); err != nil {
			return err
		}
		a.did("created", "product", p.ID)
	case err != nil:
		return err
	case have.Name != want.Name || have.Description != want.Description || have.Owner != want.Owner:
		if _, err := a.client.ChangeProduct(ctx, p.ID, client.ChangeProduct{Version: have.Version, ProductFields: want}); err != nil {
			return err
		}
		a.did("changed", "product", p.ID)
	}
	for _, f := range have.Work {
		a.features[f.Title] = f
	}
	for _, f := range p.Features {
		if err := a.feature(ctx, p.ID, f); err != nil {
			return fmt.Errorf("feature %q: %w", f.Title, err)
		}
	}
	return nil
}

func (a *applier) feature(ctx context.Context, product string, f Feature) error {
	initiative, known := a.initiatives[f.Initiative]
	if !known {
		return a.unknown("initiative", f.Initiative, f.Title, "add it under initiatives:")
	}
	want := client.FeatureFields{Title: f.Title, Hypothesis: f.Hypothesis, Predicted: f.Predicted}
	have, exists := a.features[f.Title]
	if !exists {
		made, err := a.client.CreateFeature(ctx, client.CreateFeature{Product: product, Initiative: initiative.ID, FeatureFields: want})
		if err != nil {
			return err
		}
		a.features[f.Title] = made
		a.did("created", "feature", f.Title)
		return nil
	}
	want.KeyResult = have.KeyResult // the files do not name it: it is the initiative's
	if reflect.DeepEqual(have.FeatureFields, want) {
		return nil
	}
	if _, err := a.client.ChangeFeature(ctx, have.ID, client.ChangeFeature{Version: have.Version, FeatureFields: want}); err != nil {
		return err
	}
	a.did("changed", "feature", f.Title)
	return nil
}

// unknown refuses a reference to what neither the files nor the factory have.
func (a *applier) unknown(kind, name, of, next string) error {
	p := &client.Problem{Kind: "not-found", Title: "not-found", Detail: fmt.Sprintf("there is no %s %q", kind, name), Next: next}
	if at := a.places[kind+" of "+of]; at != "" {
		p.Errors = []client.ProblemField{{At: at, Text: "is named here"}}
	}
	return p
}

func missing(err error) bool {
	p, ok := err.(*client.Problem) //nolint:errorlint // the client returns it bare
	return ok && p.Kind == "not-found"
}
