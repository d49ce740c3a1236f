package app

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/digital-factory/factory/client"
)

// A change that is based on a version that is no longer is refused everywhere,
// and carries what is there now in the form in which it travels.
func TestStaleEditsCarryTheCurrentState(t *testing.T) {
	t.Parallel()
	a := wired(t)
	srv := httptest.NewServer(a.api)
	t.Cleanup(srv.Close)
	c, ctx := &client.Client{URL: srv.URL}, t.Context()
	session, err := c.Begin(ctx, client.FirstAccount{Login: "mara", Name: "Mara Holt", Password: "a long enough sentence"})
	if err != nil {
		t.Fatal(err)
	}
	c.Token = session.Secret

	_, err = c.SetVision(ctx, client.SetVision{Text: "Grow"})
	fine(t, err)
	o, err := c.CreateObjective(ctx, client.CreateObjective{Title: "Carry heavy loads"})
	fine(t, err)
	k, err := c.CreateKeyResult(ctx, client.CreateKeyResult{Objective: o.ID, KeyResultFields: client.KeyResultFields{Title: "Heavy", Query: "up", Target: 60}})
	fine(t, err)
	i, err := c.CreateInitiative(ctx, client.CreateInitiative{Objective: o.ID, InitiativeFields: client.InitiativeFields{Title: "Heavy-lift", KeyResult: k.ID}})
	fine(t, err)
	p, err := c.CreateProduct(ctx, client.CreateProduct{ID: "lift", ProductFields: client.ProductFields{Name: "Lift"}})
	fine(t, err)
	f, err := c.CreateFeature(ctx, client.CreateFeature{Product: p.ID, Initiative: i.ID, FeatureFields: client.FeatureFields{Title: "Engine"}})
	fine(t, err)
	_, err = c.CreateTeam(ctx, client.CreateTeam{ID: "engine", Key: "ENG"})
	fine(t, err)
	it, err := c.CreateItem(ctx, client.CreateItem{Team: "engine", Title: "More thrust"})
	fine(t, err)
	acc, err := c.CreateAccount(ctx, client.CreateAccount{Login: "eva", Name: "Eva", Password: "a long enough sentence", Roles: []string{"member"}})
	fine(t, err)

	_, err = c.CreateComponent(ctx, client.CreateComponent{Name: "engine-controller", Team: "engine", Path: "go-service"})
	fine(t, err)
	fl, err := c.CreateFlag(ctx, client.CreateFlag{Component: "engine-controller", Key: "gust-hold", FlagFields: client.FlagFields{Title: "Gusts"}})
	fine(t, err)

	in := reported(t, a, c, client.OpenIncident{Title: "It sways", Component: "engine-controller"})

	ch := opened(t, a, c, "engine-controller")

	const never = 99
	stale := map[string]struct {
		change func() error
		into   any
	}{
		"PUT /vision": {func() error { _, err := c.SetVision(ctx, client.SetVision{Text: "x", Version: never}); return err }, &client.Vision{}},
		"PUT /objectives/{id}": {func() error {
			_, err := c.ChangeObjective(ctx, o.ID, client.ChangeObjective{Version: never, CreateObjective: client.CreateObjective{Title: "x"}})
			return err
		}, &client.Objective{}},
		"PUT /key-results/{id}": {func() error {
			_, err := c.ChangeKeyResult(ctx, k.ID, client.ChangeKeyResult{Version: never, KeyResultFields: client.KeyResultFields{Title: "x", Query: "up", Target: 1}})
			return err
		}, &client.KeyResult{}},
		"PUT /initiatives/{id}": {func() error {
			_, err := c.ChangeInitiative(ctx, i.ID, client.ChangeInitiative{Version: never, InitiativeFields: client.InitiativeFields{Title: "x"}})
			return err
		}, &client.Initiative{}},
		"PUT /products/{id}": {func() error {
			_, err := c.ChangeProduct(ctx, p.ID, client.ChangeProduct{Version: never, ProductFields: client.ProductFields{Name: "x"}})
			return err
		}, &client.Product{}},
		"PUT /features/{id}": {func() error {
			_, err := c.ChangeFeature(ctx, f.ID, client.ChangeFeature{Version: never, FeatureFields: client.FeatureFields{Title: "x", KeyResult: k.ID}})
			return err
		}, &client.Feature{}},
		"PUT /teams/{id}": {func() error {
			_, err := c.UpdateTeam(ctx, "engine", client.UpdateTeam{Version: never, Name: "x"})
			return err
		}, &client.Team{}},
		"PUT /teams/{id}/board": {func() error {
			_, err := c.SetBoard(ctx, "engine", client.SetBoard{Version: never, Limits: map[string]int{"building": 1}})
			return err
		}, &client.Board{}},
		"PUT /items/{id}": {func() error {
			_, err := c.UpdateItem(ctx, it.ID, client.UpdateItem{Version: never, Type: "feature", Title: "x"})
			return err
		}, &client.Item{}},
		"PUT /incidents/{id}/review": {func() error {
			_, err := c.SaveReview(ctx, in.ID, client.SaveReview{Version: never, Text: client.ReviewText{Learn: "x"}})
			return err
		}, &client.Review{}},
		"PUT /flags/{id}": {func() error {
			_, err := c.ChangeFlag(ctx, fl.ID, client.ChangeFlag{Version: never, FlagFields: client.FlagFields{Title: "x"}})
			return err
		}, &client.Flag{}},
		"PUT /changes/{id}": {func() error {
			_, err := c.EditChange(ctx, ch.ID, client.EditChange{Version: never, Title: "x"})
			return err
		}, &client.ChangeDetail{}},
		"PUT /cost/rates": {func() error {
			_, err := c.SetCostRates(ctx, client.SetCostRates{Version: never, Currency: "EUR"})
			return err
		}, &client.CostRates{}},
		"PUT /components/{component}/scale/{environment}": {func() error {
			_, err := c.SetScale(ctx, "engine-controller", "production", client.SetScale{Version: never, Scale: client.Scale{Replicas: 2}})
			return err
		}, &client.EnvironmentScale{}},
		"PUT /accounts/{id}": {func() error {
			_, err := c.ChangeAccount(ctx, acc.ID, client.ChangeAccount{Version: never, Name: "x", Roles: []string{"board"}, Active: true})
			return err
		}, &client.Account{}},
	}
	for name, s := range stale {
		conflict, ok := errors.AsType[*client.Problem](s.change())
		if !ok || conflict.Kind != "conflict" || conflict.Next == "" {
			t.Errorf("%s: %v", name, conflict)
			continue
		}
		raw, err := json.Marshal(conflict.Current)
		fine(t, err)
		dec := json.NewDecoder(strings.NewReader(string(raw)))
		dec.DisallowUnknownFields()
		if err := dec.Decode(s.into); err != nil || string(raw) == "null" || !strings.Contains(string(raw), `"version":`) {
			t.Errorf("%s carries %s: %v", name, raw, err)
		}
	}
	for _, r := range a.api.Routes() {
		name := r.Method + " " + strings.TrimPrefix(r.Path, "/api/v1")
		if _, covered := stale[name]; r.Method == http.MethodPut && !covered {
			t.Errorf("%s: nothing here tries it with a version that is no longer", name)
		}
	}
}

// reported opens an incident as soon as the followers know the component.
func reported(t *testing.T, a *App, c *client.Client, in client.OpenIncident) client.Incident {
	t.Helper()
	following, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.journal.Run(following) }()
	defer func() {
		stop()
		fine(t, <-ended)
	}()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for bound := time.After(20 * time.Second); ; {
		i, err := c.OpenIncident(t.Context(), in)
		if err == nil {
			return i
		}
		select {
		case <-tick.C:
		case <-bound:
			t.Fatalf("the component is not known yet: %v", err)
		}
	}
}

// opened opens a change as soon as the component's repository is there.
func opened(t *testing.T, a *App, c *client.Client, component string) client.ChangeDetail {
	t.Helper()
	performing, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.effects.Run(performing) }()
	defer func() {
		stop()
		fine(t, <-ended)
	}()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	content := "new\n"
	for bound := time.After(20 * time.Second); ; {
		_, err := c.CreateCommit(t.Context(), component, client.CreateCommit{Branch: "next", Message: "Say so", Files: []client.EditFile{{Path: "NEXT.md", Content: &content}}})
		if err == nil {
			break
		}
		select {
		case <-tick.C:
		case <-bound:
			t.Fatalf("there is no repository yet: %v", err)
		}
	}
	ch, err := c.OpenChange(t.Context(), component, client.OpenChange{Branch: "next"})
	fine(t, err)
	return ch
}

func fine(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
