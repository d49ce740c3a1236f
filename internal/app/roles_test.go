package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/api"
)

// wired is a whole factory on an empty data directory, that serves nothing yet.
func wired(t *testing.T) *App {
	t.Helper()
	a, err := New(t.Context(), Options{Data: t.TempDir(), Listen: "127.0.0.1:0", Gateway: "127.0.0.1:0", OTLP: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return a
}

// open are the routes that answer anybody. Whoever adds one changes this list,
// and has it reviewed.
var open = []string{"GET /api/v1/setup", "POST /api/v1/setup", "POST /api/v1/session", "GET /api/v1/schemas/path.json", "GET /api/v1/schemas/pipeline.json",
	"GET /api/v1/docs", "GET /api/v1/docs/page", "GET /api/v1/docs/find"}

// Every route, asked by every role and by nobody: who could never do the action
// is refused before anything of the request is read, and nobody else is.
func TestEveryRouteAsksThePolicy(t *testing.T) {
	t.Parallel()
	a := wired(t)
	if _, err := a.access.Begin(t.Context(), access.NewAccount{Login: "first", Name: "First", Password: "a long enough sentence"}); err != nil {
		t.Fatal(err)
	}
	bearers := map[access.Role]bearer{}
	for _, role := range access.Roles() {
		bearers[role] = newBearer(t, a, role)
	}
	routes := walk(a)
	if len(routes) < 60 {
		t.Fatalf("only %d routes", len(routes))
	}
	var answered []string
	for _, r := range routes {
		name := r.Method + " " + r.Path
		status, problem := ask(t, a.api, r, "")
		switch {
		case r.Action == access.Open:
			answered = append(answered, name)
			if status == http.StatusUnauthorized || status == http.StatusForbidden {
				t.Errorf("%s is open, but answers nobody with %d", name, status)
			}
		case status != http.StatusUnauthorized || problem.Kind != "denied":
			t.Errorf("%s needs %q, but answers nobody with %d %q", name, r.Action, status, problem.Detail)
		}
		for _, role := range access.Roles() {
			b := bearers[role]
			refused := b.who.Could(r.Action) != nil
			status, problem := ask(t, a.api, r, b.secret)
			if denied := status == http.StatusForbidden; denied != refused || status == http.StatusUnauthorized {
				t.Errorf("%s needs %q, which the policy denies to %s: %v; the answer is %d %q", name, r.Action, role, refused, status, problem.Detail)
			}
			if refused && problem.Next == "" {
				t.Errorf("%s refuses %s without saying what to do next", name, role)
			}
		}
	}
	slices.Sort(answered)
	if want := slices.Sorted(slices.Values(open)); !slices.Equal(answered, want) {
		t.Errorf("open to everybody are %v, not %v", answered, want)
	}
}

// A token carries no more than its scopes, whatever the roles of its account.
func TestEveryRouteAsksTheTokensScopes(t *testing.T) {
	t.Parallel()
	a := wired(t)
	first, err := a.access.Begin(t.Context(), access.NewAccount{Login: "first", Name: "First", Password: "a long enough sentence"})
	if err != nil {
		t.Fatal(err)
	}
	_, session := actorOf(t, a, first.Login)
	for _, scope := range access.Scopes() {
		_, secret, err := a.access.CreateToken(t.Context(), session, string(scope), []access.Scope{scope}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		who, err := a.access.Actor(t.Context(), secret)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range walk(a) {
			refused := who.Could(r.Action) != nil
			if r.Method == http.MethodDelete && r.Path == "/api/v1/tokens/{id}" {
				refused = scope != access.ScopeWrite // a token that may only read must not end others
			}
			if status, problem := ask(t, a.api, r, secret); (status == http.StatusForbidden) != refused {
				t.Errorf("%s %s needs %q, which the scope %q denies: %v; the answer is %d %q", r.Method, r.Path, r.Action, scope, refused, status, problem.Detail)
			}
		}
	}
}

// walk lists every route; the one that ends the token that asks comes last.
func walk(a *App) []api.Route {
	routes := slices.Clone(a.api.Routes())
	slices.SortStableFunc(routes, func(x, y api.Route) int { return cmp.Compare(last(x), last(y)) })
	return routes
}

func last(r api.Route) int {
	if r.Method == http.MethodDelete && r.Path == "/api/v1/session" {
		return 1
	}
	return 0
}

// bearer is an account of one role and no team, with a token of all scopes.
type bearer struct {
	who    access.Actor
	secret string
}

func newBearer(t *testing.T, a *App, role access.Role) bearer {
	t.Helper()
	login := "only-" + string(role)
	if _, err := a.access.Create(t.Context(), access.System("test"), access.NewAccount{Login: login, Name: login, Password: "a long enough sentence", Roles: []access.Role{role}}); err != nil {
		t.Fatal(err)
	}
	_, session := actorOf(t, a, login)
	_, secret, err := a.access.CreateToken(t.Context(), session, "walk", access.Scopes(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	who, err := a.access.Actor(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	if len(who.Roles) != 1 || len(who.Teams) != 0 {
		t.Fatalf("%s has the roles %v and the teams %v", login, who.Roles, who.Teams)
	}
	return bearer{who, secret}
}

// actorOf signs an account in.
func actorOf(t *testing.T, a *App, login string) (secret string, who access.Actor) {
	t.Helper()
	secret, _, err := a.access.SignIn(t.Context(), login, "a long enough sentence")
	if err != nil {
		t.Fatal(err)
	}
	if who, err = a.access.Actor(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	return secret, who
}

// ask sends a request of the route's shape about things that do not exist, and
// hangs up at the first byte of the answer, for streams do not end.
func ask(t *testing.T, handler http.Handler, r api.Route, secret string) (status int, problem client.Problem) {
	t.Helper()
	path := r.Path
	for from := strings.IndexByte(path, '{'); from >= 0; from = strings.IndexByte(path, '{') {
		path = path[:from] + "nothing" + path[strings.IndexByte(path, '}')+1:]
	}
	ctx, hangUp := context.WithTimeout(t.Context(), time.Minute)
	defer hangUp()
	req := httptest.NewRequestWithContext(ctx, r.Method, "http://factory"+path, nil)
	if r.Method == http.MethodPost || r.Method == http.MethodPut {
		req = httptest.NewRequestWithContext(ctx, r.Method, "http://factory"+path, strings.NewReader("{}"))
		req.Header.Set("Content-Type", "application/json")
	}
	if secret != "" {
		req.Header.Set("Authorization", "Bearer "+secret)
	}
	answer := &firstByte{ResponseRecorder: httptest.NewRecorder(), seen: hangUp}
	handler.ServeHTTP(answer, req)
	if ctx.Err() == context.DeadlineExceeded {
		t.Fatalf("%s %s does not answer", r.Method, r.Path)
	}
	if answer.Code >= 400 {
		if err := json.Unmarshal(answer.Body.Bytes(), &problem); err != nil {
			problem.Detail = fmt.Sprintf("no problem document: %v in %.200q", err, answer.Body)
		}
	}
	return answer.Code, problem
}

// firstByte calls seen when the answer begins.
type firstByte struct {
	*httptest.ResponseRecorder
	seen func()
}

func (f *firstByte) WriteHeader(status int) {
	f.ResponseRecorder.WriteHeader(status)
	f.seen()
}

func (f *firstByte) Write(p []byte) (int, error) {
	defer f.seen()
	return f.ResponseRecorder.Write(p)
}
