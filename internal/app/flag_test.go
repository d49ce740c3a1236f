package app

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/open-feature/go-sdk-contrib/providers/ofrep"
	"github.com/open-feature/go-sdk/openfeature"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/runtime"
)

// A workload asks for flags where it sends its telemetry, without configuring
// anything, and gets its own: another component's, or another environment's,
// are none. From outside, a token opens the same door.
func TestFlagsAreAskedForInsideAndOutside(t *testing.T) {
	t.Parallel()
	a := wired(t)
	main := httptest.NewServer(a.routes(http.NotFoundHandler()))
	t.Cleanup(main.Close)
	c, ctx := &client.Client{URL: main.URL}, t.Context()
	session, err := c.Begin(ctx, client.FirstAccount{Login: "mara", Name: "Mara Holt", Password: "a long enough sentence"})
	fine(t, err)
	c.Token = session.Secret
	_, err = c.CreateTeam(ctx, client.CreateTeam{ID: "engine", Key: "ENG"})
	fine(t, err)
	for component, key := range map[string]string{"engine-controller": "gust-hold", "map-maker": "tiles"} {
		_, err = c.CreateComponent(ctx, client.CreateComponent{Name: component, Team: "engine", Path: "go-service"})
		fine(t, err)
		f, err := c.CreateFlag(ctx, client.CreateFlag{Component: component, Key: key, FlagFields: client.FlagFields{Title: key}})
		fine(t, err)
		_, err = c.SwitchFlag(ctx, f.ID, client.SwitchFlag{Version: f.Version, Environment: "production", State: "on", Reason: "for the test"})
		fine(t, err)
	}
	token, err := c.CreateToken(ctx, client.CreateToken{Name: "app", Scopes: []string{"flags"}, Days: 1})
	fine(t, err)

	inside := func(environment string) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		fine(t, err)
		served := make(chan error, 1)
		go func() {
			served <- (&workloadDoor{a.rooms.receiver, a.rooms.flags}).Serve(l, runtime.Workload{ID: "w", Component: "engine-controller", Team: "engine", Environment: ref.Environment(environment), Number: "1"}, "w-1")
		}()
		t.Cleanup(func() { _ = l.Close(); <-served })
		return "http://" + l.Addr().String()
	}
	value := func(name string, p *ofrep.Provider, key string) openfeature.BooleanEvaluationDetails {
		fine(t, openfeature.SetNamedProviderAndWait(t.Name()+name, *p))
		d, _ := openfeature.NewClient(t.Name()+name).BooleanValueDetails(ctx, key, false, openfeature.EvaluationContext{})
		return d
	}
	production, staging, outside := inside("production"), inside("staging"), main.URL+"/ofrep/engine-controller/production"
	for name, s := range map[string]struct {
		provider *ofrep.Provider
		key      string
		value    bool
		code     openfeature.ErrorCode
	}{
		"its own":              {ofrep.NewProvider(production), "gust-hold", true, ""},
		"in staging":           {ofrep.NewProvider(staging), "gust-hold", false, ""},
		"another's":            {ofrep.NewProvider(production), "tiles", false, openfeature.FlagNotFoundCode},
		"outside, with bearer": {ofrep.NewProvider(outside, ofrep.WithBearerToken(token.Secret)), "gust-hold", true, ""},
		"outside, with key":    {ofrep.NewProvider(outside, ofrep.WithApiKeyAuth(token.Secret)), "gust-hold", true, ""},
		"outside, with none":   {ofrep.NewProvider(outside), "gust-hold", false, openfeature.GeneralCode},
		"outside, with wrong":  {ofrep.NewProvider(outside, ofrep.WithBearerToken("fct_wrong")), "gust-hold", false, openfeature.GeneralCode},
	} {
		if d := value(name, s.provider, s.key); d.Value != s.value || d.ErrorCode != s.code {
			t.Errorf("%s: %v %s %s, want %v %s", name, d.Value, d.ErrorCode, d.ErrorMessage, s.value, s.code)
		}
	}
	_, err = c.KillFlag(ctx, "engine-controller:gust-hold", client.KillFlag{Reason: "drones sway"})
	fine(t, err)
	if d := value("killed", ofrep.NewProvider(production), "gust-hold"); d.Value || d.Reason != "STATIC" {
		t.Errorf("killed: %+v", d)
	}
	resp, err := http.Post(production+"/v1/logs", "application/json", nil)
	fine(t, err)
	if _ = resp.Body.Close(); resp.StatusCode == http.StatusNotFound {
		t.Error("telemetry is not taken beside flags")
	}
}
