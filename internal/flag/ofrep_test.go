package flag

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-feature/go-sdk-contrib/providers/ofrep"
	"github.com/open-feature/go-sdk/openfeature"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/ref"
)

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

// app is a service with the SDK of OpenFeature and its provider, as they are.
func app(t *testing.T, base string, options ...ofrep.Option) *openfeature.Client {
	t.Helper()
	name := t.Name()
	if err := openfeature.SetNamedProviderAndWait(name, *ofrep.NewProvider(base, options...)); err != nil {
		t.Fatal(err)
	}
	return openfeature.NewClient(name)
}

// detail is what the SDK makes of an evaluation, in a line.
func detail(ctx context.Context, c *openfeature.Client, key string, def bool, who openfeature.EvaluationContext) string {
	d, _ := c.BooleanValueDetails(ctx, key, def, who) // the error is in the details
	return strings.TrimSpace(fmt.Sprintf("%v %s %s %s", d.Value, d.Variant, d.Reason, d.ErrorCode))
}

// An unchanged SDK sees each switch with its next question.
func TestSDK(t *testing.T) {
	t.Parallel()
	each(t, func(r room) {
		ctx := r.t.Context()
		c := app(r.t, serve(r.t, r.Handler(engine, Production)))
		drone, nobody := openfeature.NewEvaluationContext("drone-7", map[string]any{"payload": 12.5, "flying": true}), openfeature.NewTargetlessEvaluationContext(nil)
		expect := func(when, want string, def bool, who openfeature.EvaluationContext) {
			r.t.Helper()
			if got := detail(ctx, c, "gust-hold", def, who); got != want {
				r.t.Errorf("%s: %q, want %q", when, got, want)
			}
		}
		expect("no flag", "true  ERROR FLAG_NOT_FOUND", true, drone)
		f := r.flag("gust-hold")
		expect("off", "false off STATIC", true, nobody)
		f = r.turn(f, Production, On, 0)
		expect("on", "true on STATIC", false, nobody)
		d, err := c.BooleanValueDetails(ctx, "gust-hold", false, drone)
		if err != nil {
			r.t.Fatal(err)
		}
		if diff := cmp.Diff(openfeature.FlagMetadata{"flag": "engine-controller:gust-hold", "version": 2.0, "feature": "heavy-lift"}, d.FlagMetadata); diff != "" {
			r.t.Error(diff)
		}
		f = r.turn(f, Production, Cohort, 38)
		expect("drone-7 is at 37.48 %", "true on SPLIT", false, drone)
		expect("a cohort, and nobody asks", "false  ERROR TARGETING_KEY_MISSING", false, nobody)
		f = r.turn(f, Production, Cohort, 37, "drone-9")
		expect("a smaller cohort", "false off SPLIT", true, drone)
		f = r.turn(f, Production, Cohort, 37, "drone-7")
		expect("named", "true on TARGETING_MATCH", false, drone)
		if _, err := r.Kill(ctx, r.eva, f.ID, Production, "it sways"); err != nil {
			r.t.Fatal(err)
		}
		expect("killed", "false off STATIC", true, drone)
		if s, err := c.StringValueDetails(ctx, "gust-hold", "default", drone); s.Value != "default" || s.ErrorCode != openfeature.TypeMismatchCode {
			r.t.Errorf("a text is asked of a boolean flag: %+v, %v", s, err)
		}
	})
}

// answered is a response without what differs by itself.
type answered struct {
	Status int
	Body   string
}

func ask(t *testing.T, url, body string, headers ...string) (answered, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n+1 < len(headers); n += 2 {
		req.Header.Add(headers[n], headers[n+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) > 0 && !json.Valid(raw) {
		t.Errorf("%s answers %q, which is no JSON", url, raw)
	}
	return answered{resp.StatusCode, string(raw)}, resp.Header
}

// The protocol's refusals have its own shape, so that an SDK knows them.
func TestProtocol(t *testing.T) {
	t.Parallel()
	each(t, func(r room) {
		r.turn(r.flag("gust-hold"), Production, Cohort, 5)
		base := serve(r.t, r.Handler(engine, Production)) + "/ofrep/v1/evaluate/flags"
		for name, c := range map[string]struct{ path, body, want string }{
			"no JSON":        {"/gust-hold", "{", `400 {"key":"gust-hold","errorCode":"PARSE_ERROR"`},
			"no object":      {"/gust-hold", `{"context":"drone-7"}`, `400 {"key":"gust-hold","errorCode":"INVALID_CONTEXT"`},
			"no text":        {"/gust-hold", `{"context":{"targetingKey":7}}`, `400 {"key":"gust-hold","errorCode":"INVALID_CONTEXT"`},
			"nobody":         {"/gust-hold", `{"context":{}}`, `400 {"key":"gust-hold","errorCode":"TARGETING_KEY_MISSING"`},
			"empty":          {"/gust-hold", ``, `400 {"key":"gust-hold","errorCode":"TARGETING_KEY_MISSING"`},
			"unknown":        {"/gust-fold", `{"context":{"targetingKey":"a"}}`, `404 {"key":"gust-fold","errorCode":"FLAG_NOT_FOUND"`},
			"too large":      {"/gust-hold", `{"context":{"targetingKey":"` + strings.Repeat("x", mostBody) + `"}}`, `400 {"key":"gust-hold","errorCode":"PARSE_ERROR"`},
			"bulk no object": {"", `{"context":[]}`, `400 {"errorCode":"INVALID_CONTEXT"`},
			"bulk nobody":    {"", `{"context":{}}`, `200 {"flags":[{"key":"gust-hold","errorCode":"TARGETING_KEY_MISSING"`},
			"another path":   {"/../configuration", `{}`, `404 {"errorCode":"GENERAL"`},
		} {
			a, _ := ask(r.t, base+c.path, c.body)
			if got := fmt.Sprint(a.Status, " ", a.Body); !strings.HasPrefix(got, c.want) || !strings.Contains(got, `"errorDetails":"`) {
				r.t.Errorf("%s: %s, want %s", name, got, c.want)
			}
		}
		resp, err := http.Get(base)
		if err != nil {
			r.t.Fatal(err)
		}
		if _ = resp.Body.Close(); resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != http.MethodPost {
			r.t.Errorf("GET answers %s", resp.Status)
		}
	})
}

// All flags at once: a client that has the answer gets it again only when it
// is another, for whatever reason.
func TestBulk(t *testing.T) {
	t.Parallel()
	each(t, func(r room) {
		r.turn(r.flag("gust-hold"), Production, On, 0)
		f := r.flag("auto-land")
		url := serve(r.t, r.Handler(engine, Production)) + "/ofrep/v1/evaluate/flags"
		const drone = `{"context":{"targetingKey":"drone-7"}}`
		a, h := ask(r.t, url, drone)
		want := answered{200, `{"flags":[` +
			`{"key":"auto-land","value":false,"reason":"STATIC","variant":"off","metadata":{"feature":"heavy-lift","flag":"engine-controller:auto-land","version":1}},` +
			`{"key":"gust-hold","value":true,"reason":"STATIC","variant":"on","metadata":{"feature":"heavy-lift","flag":"engine-controller:gust-hold","version":2}}]}`}
		if diff := cmp.Diff(want, a); diff != "" || h.Get("Content-Type") != "application/json" {
			r.t.Error(diff)
		}
		tag := h.Get("ETag")
		for _, known := range []string{tag, "W/" + tag, `"other", ` + tag, strings.Trim(tag, `"`), "*"} {
			if a, h := ask(r.t, url, drone, "If-None-Match", known); a != (answered{304, ""}) || h.Get("ETag") != tag {
				r.t.Errorf("If-None-Match: %s: %+v", known, a)
			}
		}
		r.turn(f, Production, Cohort, 37)
		a, h = ask(r.t, url, drone, "If-None-Match", tag)
		if a.Status != 200 || h.Get("ETag") == tag {
			r.t.Errorf("after a switch: %+v", a)
		}
		other := 0
		for in(f.ID, fmt.Sprint(other), 3700) == in(f.ID, "drone-7", 3700) {
			other++
		}
		if b, _ := ask(r.t, url, fmt.Sprintf(`{"context":{"targetingKey":"%d"}}`, other), "If-None-Match", h.Get("ETag")); b.Status != 200 {
			r.t.Errorf("another unit gets another answer, not %+v", b)
		}
	})
}

// From outside a token of the owning team, with the scope, opens the door to
// the flags of one component, and to no other's.
func TestDoor(t *testing.T) {
	t.Parallel()
	each(t, func(r room) {
		r.turn(r.flag("gust-hold"), Production, On, 0)
		if _, err := r.Create(r.t.Context(), person(access.Platform), Create{Component: "map", Key: "tiles", Fields: Fields{Title: "Tiles"}}); err != nil {
			r.t.Fatal(err)
		}
		narrow := r.eva
		narrow.Scopes = []access.Scope{access.ScopeRead, access.ScopeWrite}
		who := map[string]access.Actor{"eva": r.eva, "narrow": narrow, "ops": person(access.Platform), "board": person(access.Board)}
		base := serve(r.t, r.Door(func(req *http.Request) (access.Actor, error) {
			name := strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")
			if name == "wrong" {
				return access.Nobody(), errs.New(errs.Denied, "this token is not valid")
			}
			return who[name], nil
		})) + "/ofrep/"
		for _, c := range []struct {
			token, place, key string
			status            int
		}{
			{"eva", "engine-controller/production", "gust-hold", 200}, {"ops", "engine-controller/production", "gust-hold", 200},
			{"ops", "map/staging", "tiles", 200}, {"eva", "map/production", "tiles", 403}, {"board", "engine-controller/production", "gust-hold", 403},
			{"narrow", "engine-controller/production", "gust-hold", 403}, {"", "engine-controller/production", "gust-hold", 401},
			{"wrong", "engine-controller/production", "gust-hold", 401}, {"eva", "engine-controller/moon", "gust-hold", 400},
			{"eva", "nothing/production", "gust-hold", 404}, {"board", "nothing/production", "gust-hold", 403},
		} {
			one, _ := ask(r.t, base+c.place+"/ofrep/v1/evaluate/flags/"+c.key, `{"context":{}}`, "Authorization", "Bearer "+c.token)
			if one.Status != c.status {
				r.t.Errorf("%s asks for %s of %s: %+v, want %d", c.token, c.key, c.place, one, c.status)
			}
			want := c.status
			if want == 404 {
				want = 200 // of nothing, all is nothing
			}
			if all, _ := ask(r.t, base+c.place+"/ofrep/v1/evaluate/flags", `{}`, "Authorization", "Bearer "+c.token); all.Status != want {
				r.t.Errorf("%s asks for all of %s: %+v, want %d", c.token, c.place, all, want)
			}
		}
		if a, _ := ask(r.t, base+"v1/evaluate/flags/gust-hold", `{}`, "Authorization", "Bearer eva"); a.Status != 400 || !strings.Contains(a.Body, "/ofrep/<component>/<environment>") && !strings.Contains(a.Body, `/ofrep/\u003ccomponent`) {
			r.t.Errorf("without a component: %+v", a)
		}
		c := app(r.t, base+"engine-controller/production", ofrep.WithBearerToken("eva"))
		if got := detail(r.t.Context(), c, "gust-hold", false, openfeature.NewEvaluationContext("u", nil)); got != "true on STATIC" {
			r.t.Errorf("the SDK with a token: %s", got)
		}
	})
}

func FuzzQuestion(f *testing.F) {
	for _, seed := range []string{``, `{}`, `{"context":{"targetingKey":"a"}}`, `{"context":null}`, `[]`, `{"context":{"targetingKey":["a"]}}`, "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		unit, code, err := question(strings.NewReader(body))
		if (err == nil) != (code == "") || err != nil && unit != "" {
			t.Errorf("%q: unit %q, code %q, %v", body, unit, code, err)
		}
		_ = in(ref.Flag("a:b"), unit, 1)
	})
}

func FuzzMatches(f *testing.F) {
	f.Add(`"a", W/"b"`)
	f.Fuzz(func(t *testing.T, list string) {
		if !matches([]string{list, `"the tag"`}, `"the tag"`) {
			t.Errorf("%q hides the tag", list)
		}
	})
}
