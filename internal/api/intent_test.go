package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/portfolio"
	"github.com/digital-factory/factory/internal/product"
)

// silence is a metrics store without data.
type silence struct{}

func (silence) Instant(context.Context, string, time.Time) (float64, bool, error) {
	return 0, false, nil
}

// intent serves the portfolio and product rooms, with the first account
// signed in.
func intent(t *testing.T) (*client.Client, *portfolio.Service) {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "factory.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(t.Context(), journal.Schema(), effect.Schema(), access.Schema(), portfolio.Schema(), product.Schema()); err != nil {
		t.Fatal(err)
	}
	j := journal.New(db, time.Now)
	acc := access.New(db, j, time.Now)
	p := portfolio.New(db, j, silence{}, portfolio.Options{}, time.Now)
	srv := httptest.NewServer(New(acc.Authenticate(SessionCookie), Services{Access: acc, Journal: j, Portfolio: p, Product: product.New(db, j, p, time.Now)}))
	t.Cleanup(srv.Close)
	c := &client.Client{URL: srv.URL}
	s, err := c.Begin(t.Context(), client.FirstAccount{Login: "mara", Name: "Mara Holt", Password: "a long enough sentence"})
	if err != nil {
		t.Fatal(err)
	}
	c.Token = s.Secret
	return c, p
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// refusedWith decodes the state that a refusal carries.
func refusedWith[T any](t *testing.T, err error, kind string) (state T) {
	t.Helper()
	p, ok := errors.AsType[*client.Problem](err)
	if !ok || p.Kind != kind {
		t.Fatalf("want a %s, got %v", kind, err)
	}
	raw, err := json.Marshal(p.Current)
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&state); err != nil {
		t.Fatalf("the state is not in the form that travels: %v in %s", err, raw)
	}
	return state
}

func TestIntentOverHTTP(t *testing.T) {
	t.Parallel()
	c, _ := intent(t)
	ctx := t.Context()
	if b := must[client.Portfolio](t)(c.Portfolio(ctx)); b.Vision != nil || b.Objectives == nil || b.Initiatives == nil {
		t.Fatalf("an empty board: %+v", b)
	}
	must[client.Vision](t)(c.SetVision(ctx, client.SetVision{Text: "Grow"}))
	_, err := c.SetVision(ctx, client.SetVision{Text: "Shrink"})
	if v := refusedWith[client.Vision](t, err, "conflict"); v.Text != "Grow" {
		t.Fatalf("%+v", v)
	}
	o := must[client.Objective](t)(c.CreateObjective(ctx, client.CreateObjective{Title: "Carry heavy loads"}))
	k := must[client.KeyResult](t)(c.CreateKeyResult(ctx, client.CreateKeyResult{Objective: o.ID, KeyResultFields: client.KeyResultFields{
		Title: "Heavy missions", Unit: "%", Query: "heavy", Target: 60, Outcome: &client.Selector{Event: "mission.finished", Where: map[string]string{"load": "heavy"}}}}))
	in := client.CreateInitiative{Objective: o.ID, InitiativeFields: client.InitiativeFields{Title: "Heavy-lift drone"}}
	i := must[client.Initiative](t)(c.CreateInitiative(ctx, in))
	_, err = c.MoveInitiative(ctx, i.ID, client.MoveInitiative{Version: i.Version, To: "reviewing"})
	if missing := refusedWith[[]client.Check](t, err, "blocked"); len(missing) != 1 || missing[0].Name != "owner" {
		t.Fatalf("%+v", missing)
	}

	predicted := 40.0
	change := client.ChangeInitiative{Version: i.Version, InitiativeFields: client.InitiativeFields{
		Title: "Heavy-lift drone", Owner: "Mara Holt", KeyResult: k.ID, BusinessOutcome: "60 % succeed", LeadingIndicators: []string{"missions flown"}, MVP: "one controller",
		Hypothesis: client.Hypothesis{For: "a", Who: "b", The: "c", IsA: "d", That: "e", Unlike: "f", OurSolution: "g"},
		Scores:     &client.Scores{Set: "2026-Q4", UserBusinessValue: 13, TimeCriticality: 8, RiskReduction: 5, JobSize: 8},
		Cost:       &client.Money{Amount: 750_000, Currency: "EUR"}, Predicted: &predicted,
	}}
	i = must[client.Initiative](t)(c.ChangeInitiative(ctx, i.ID, change))
	if i.WSJF == nil || i.WSJF.WSJF != 3.25 || i.WSJF.CostOfDelay != 26 || i.WSJF.Rank != 1 {
		t.Fatalf("%+v", i.WSJF)
	}
	_, err = c.ChangeInitiative(ctx, i.ID, change)
	if now := refusedWith[client.Initiative](t, err, "conflict"); now.Version != 2 || now.Owner != "Mara Holt" {
		t.Fatalf("%+v", now)
	}
	for _, to := range []string{"reviewing", "analysing"} {
		i = must[client.Initiative](t)(c.MoveInitiative(ctx, i.ID, client.MoveInitiative{Version: i.Version, To: to}))
	}
	i = must[client.Initiative](t)(c.DecideInitiative(ctx, i.ID, client.DecideInitiative{Version: i.Version, Verdict: "go", Reason: "cheap"}))
	if i.State != "ready" || !i.Approved {
		t.Fatalf("%+v", i)
	}

	must[client.Product](t)(c.CreateProduct(ctx, client.CreateProduct{ID: "heavy-lift", ProductFields: client.ProductFields{Name: "Heavy lift"}}))
	var features []client.Feature
	for _, title := range []string{"battery", "engine"} {
		features = append(features, must[client.Feature](t)(c.CreateFeature(ctx, client.CreateFeature{Product: "heavy-lift", Initiative: i.ID, FeatureFields: client.FeatureFields{Title: title}})))
	}
	if features[0].KeyResult != k.ID {
		t.Fatalf("a feature takes the initiative's key result: %+v", features[0])
	}
	engine := features[1]
	must[client.Feature](t)(c.ChangeFeature(ctx, engine.ID, client.ChangeFeature{Version: 1, FeatureFields: engine.FeatureFields, Before: features[0].ID}))
	_, err = c.ChangeFeature(ctx, engine.ID, client.ChangeFeature{Version: 1, FeatureFields: engine.FeatureFields})
	if now := refusedWith[client.Feature](t, err, "conflict"); now.Rank != 1 || now.Version != 2 {
		t.Fatalf("%+v", now)
	}
	d := must[client.InitiativeDetail](t)(c.Initiative(ctx, i.ID))
	if len(d.Work) != 2 || d.Work[0].Title != "engine" || d.Features.Planned != 2 || len(d.Decisions) != 1 {
		t.Fatalf("%+v", d)
	}
	if e := d.Decisions[0]; !e.Intact || e.Evidence.Initiative.Hypothesis.For != "a" || len(e.Evidence.Competing) != 1 || e.Evidence.Competing[0].WSJF != 3.25 || e.Evidence.KeyResults[0].Title != "Heavy missions" {
		t.Fatalf("%+v", e)
	}
	if p := must[client.ProductDetail](t)(c.Product(ctx, "heavy-lift")); len(p.Work) != 2 || p.Features.Planned != 2 {
		t.Fatalf("%+v", p)
	}
	if b := must[client.Portfolio](t)(c.Portfolio(ctx)); b.Initiatives[0].Features.Planned != 2 || b.Objectives[0].KeyResults[0].Outcome.Where["load"] != "heavy" {
		t.Fatalf("%+v", b)
	}
	page := must[client.Page[client.Initiative]](t)(c.Initiatives(ctx, client.InitiativeFilter{State: "done"}, client.Paging{}))
	if len(page.Items) != 0 {
		t.Fatalf("%+v", page)
	}
}

// What the frozen evidence says and what the API's type can carry is the same.
func TestEvidenceTravelsWhole(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(portfolio.Evidence{})
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&client.Evidence{}); err != nil {
		t.Fatal(err)
	}
}
