package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
)

// framed is an API with accounts and a journal, and its first account's token.
func framed(t *testing.T) (a *API, j *journal.Journal, db *store.DB, token string) {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "factory.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(t.Context(), journal.Schema(), access.Schema()); err != nil {
		t.Fatal(err)
	}
	j = journal.New(db, time.Now)
	acc := access.New(db, j, time.Now)
	if _, err := acc.Begin(t.Context(), access.NewAccount{Login: "eva", Name: "Eva", Password: "a long enough sentence"}); err != nil {
		t.Fatal(err)
	}
	token, _, err = acc.SignIn(t.Context(), "eva", "a long enough sentence")
	if err != nil {
		t.Fatal(err)
	}
	return New(acc.Authenticate(SessionCookie), Services{Access: acc, Journal: j}), j, db, token
}

func sent(t *testing.T, a http.Handler, method, path, body string, set ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(set); i += 2 {
		r.Header.Set(set[i], set[i+1])
	}
	rec := httptest.NewRecorder()
	a.ServeHTTP(rec, r)
	return rec
}

// problemIn decodes a refusal and checks that it is one as RFC 9457 has it.
func problemIn(t *testing.T, rec *httptest.ResponseRecorder) client.Problem {
	t.Helper()
	var p client.Problem
	if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
		t.Fatalf("%d %q: %v", rec.Code, rec.Body, err)
	}
	if got := rec.Header().Get("Content-Type"); got != "application/problem+json" || p.Status != rec.Code || p.Detail == "" || p.Kind == "" || p.Title == "" || p.ID == "" || p.Type == "" {
		t.Errorf("no problem as it should be: %d, %s, %s", rec.Code, got, rec.Body)
	}
	return p
}

// TestEveryRouteTimesEveryRole: the door lets through exactly whom the policy
// lets, before anything of the request is read.
func TestEveryRouteTimesEveryRole(t *testing.T) {
	t.Parallel()
	var who access.Actor
	a := New(func(*http.Request) (access.Actor, error) { return who, nil }, Services{})
	actors := map[string]access.Actor{"nobody": access.Nobody(), "no role": {ID: "x", Scopes: access.Scopes()}}
	for _, r := range access.Roles() {
		actors[string(r)] = access.Actor{ID: "x", Roles: []access.Role{r}, Teams: []string{"own"}, Scopes: access.Scopes()}
	}
	const narrow = "every role, a token for git"
	actors[narrow] = access.Actor{ID: "x", Roles: access.Roles(), Teams: []string{"own"}, Scopes: []access.Scope{access.ScopeGit}}
	parameter := regexp.MustCompile(`\{[^}]+\}`)
	if len(a.Routes()) < 60 {
		t.Fatalf("only %d routes", len(a.Routes()))
	}
	for _, route := range a.Routes() {
		for name, actor := range actors {
			who = actor
			rec := httptest.NewRecorder()
			reached := func() (reached bool) {
				defer func() {
					if recover() != nil { // there are no services: a handler was reached
						reached = true
					}
				}()
				// Nothing of this body could be read as JSON.
				r := httptest.NewRequestWithContext(t.Context(), route.Method, parameter.ReplaceAllString(route.Path, "x"), strings.NewReader("{"))
				r.Header.Set("Content-Type", "application/json")
				a.ServeHTTP(rec, r)
				return rec.Code != http.StatusUnauthorized && rec.Code != http.StatusForbidden
			}()
			may := actor.Could(route.Action) == nil
			switch {
			case !may && reached:
				t.Errorf("%s %s lets %s through: %d", route.Method, route.Path, name, rec.Code)
			case may && !reached && name != "member" && name != narrow: // there the service has the last word
				t.Errorf("%s %s refuses %s: %d %s", route.Method, route.Path, name, rec.Code, rec.Body)
			case !may:
				want := http.StatusForbidden
				if name == "nobody" {
					want = http.StatusUnauthorized
				}
				if p := problemIn(t, rec); rec.Code != want || p.Next == "" {
					t.Errorf("%s %s: %s is told %d %s", route.Method, route.Path, name, rec.Code, rec.Body)
				}
			}
		}
	}
}

// TestProblems: every kind of failure has its status, and what it says to the
// outside.
func TestProblems(t *testing.T) {
	t.Parallel()
	var fails error
	a := New(func(*http.Request) (access.Actor, error) { return access.System("test"), nil }, Services{
		Health: func(context.Context) (client.Health, error) { return client.Health{}, fails },
	})
	current := map[string]any{"version": 4.0}
	for _, c := range []struct {
		err    error
		status int
		kind   string
		detail string
	}{
		{errs.New(errs.Invalid, "bad").In("name", "too long").Do("shorten it"), 422, "invalid", "bad"},
		{errs.New(errs.NotFound, "none"), 404, "not-found", "none"},
		{fmt.Errorf("edit: %w", errs.New(errs.Conflict, "changed").With(current)), 409, "conflict", "changed"},
		{errs.New(errs.Blocked, "full"), 423, "blocked", "full"},
		{errs.New(errs.Denied, "no"), 403, "denied", "no"},
		{errs.Because(errs.Unavailable, errors.New("secret address"), "later"), 503, "unavailable", "later"},
		{errors.New("secret password"), 500, "internal", "something went wrong inside the factory"},
	} {
		fails = c.err
		rec := sent(t, a, http.MethodGet, "/api/v1/health", "")
		p := problemIn(t, rec)
		if rec.Code != c.status || p.Kind != c.kind || p.Detail != c.detail || strings.Contains(rec.Body.String(), "secret") {
			t.Errorf("%v: %d %s", c.err, rec.Code, rec.Body)
		}
		switch c.kind {
		case "invalid":
			if cmp.Diff([]client.ProblemField{{At: "name", Text: "too long"}}, p.Errors) != "" || p.Next != "shorten it" {
				t.Errorf("%s", rec.Body)
			}
		case "conflict":
			if diff := cmp.Diff(any(current), p.Current); diff != "" {
				t.Error(diff)
			}
		}
	}
}

// TestBadRequests: what never reaches a service is answered as a problem too,
// and never repeats what it was sent.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	a, _, _, token := framed(t)
	auth := []string{"Authorization", "Bearer " + token}
	for _, c := range []struct {
		name, method, path, body string
		set                      []string
		status                   int
		says                     string
	}{
		{"no such path", "GET", "/api/v1/nothing", "", auth, 404, "there is no GET /api/v1/nothing"},
		{"no such version", "GET", "/api/v9/teams", "", auth, 404, "there is no"},
		{"another method", "DELETE", "/api/v1/accounts", "", auth, 405, "only with GET or POST"},
		{"another method of an object", "POST", "/api/v1/rollouts/x", "", auth, 405, "only with GET"},
		{"an odd method", "BREW", "/api/v1/me", "", auth, 405, "only with GET"},
		{"no JSON", "POST", "/api/v1/session", "login=eva&password=secret-word", nil, 400, ""},
		{"half JSON", "POST", "/api/v1/session", `{"login":"eva","password":"secret-word"`, nil, 400, ""},
		{"unknown member", "POST", "/api/v1/session", `{"login":"eva","password":"secret-word","admin":true}`, nil, 422, ""},
		{"wrong type", "POST", "/api/v1/session", `{"login":"eva","password":["secret-word"]}`, nil, 422, ""},
		{"missing member", "POST", "/api/v1/session", `{"login":"eva"}`, nil, 422, ""},
		{"too large", "POST", "/api/v1/session", `{"login":"` + strings.Repeat("secret-word", 200_000) + `"}`, nil, 413, ""},
		{"bad query", "GET", "/api/v1/facts?limit=many", "", auth, 422, ""},
		{"bad cursor", "GET", "/api/v1/facts?after=nonsense!", "", auth, 422, "cursor"},
		{"wrong password", "POST", "/api/v1/session", `{"login":"eva","password":"secret-word"}`, nil, 403, "wrong"},
		{"expired token", "GET", "/api/v1/me", "", []string{"Authorization", "Bearer fct_old"}, 401, "not valid"},
		{"no token", "GET", "/api/v1/me", "", nil, 401, "not signed in"},
		{"an ended session is the same as none", "GET", "/api/v1/setup", "", []string{"Cookie", SessionCookie + "=old"}, 200, ""},
	} {
		rec := sent(t, a, c.method, c.path, c.body, c.set...)
		if rec.Code != c.status || strings.Contains(rec.Body.String(), "secret-word") {
			t.Errorf("%s: %d %.300s", c.name, rec.Code, rec.Body)
		}
		if c.status >= 400 {
			if p := problemIn(t, rec); !strings.Contains(p.Detail, c.says) {
				t.Errorf("%s: %s", c.name, p.Detail)
			}
		}
		if got := rec.Header().Get("Allow"); (c.status == 405) != (got != "") {
			t.Errorf("%s: Allow is %q", c.name, got)
		}
		if got := rec.Header().Get("WWW-Authenticate"); (c.status == 401) != (got != "") {
			t.Errorf("%s: WWW-Authenticate is %q", c.name, got)
		}
	}
}

// TestCrossOrigin: a page of another site cannot act with a browser's session.
func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	a, _, _, token := framed(t)
	cookie := []string{"Cookie", SessionCookie + "=" + token}
	for _, c := range []struct {
		name   string
		method string
		set    []string
		status int
	}{
		{"our own page", "POST", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"typed by hand or a program", "POST", nil, 200},
		{"another site's page", "POST", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"a sibling's page", "POST", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"an old browser on another site", "POST", []string{"Origin", "https://evil.example"}, 403},
		{"reading by link", "GET", []string{"Sec-Fetch-Site", "cross-site"}, 200},
	} {
		path, body := "/api/v1/tokens", `{"name":"x","scopes":["read"],"days":1}`
		if c.method == "GET" {
			body = ""
		}
		rec := sent(t, a, c.method, path, body, append(c.set, cookie...)...)
		if rec.Code != c.status {
			t.Errorf("%s: %d %s", c.name, rec.Code, rec.Body)
		}
		if c.status == 403 {
			problemIn(t, rec)
		}
	}
}

// event is one server-sent event.
type event struct {
	id   string
	data client.Fact
}

// follow opens the stream of facts; next returns the following event.
func follow(t *testing.T, url, token, last string) (next func() event, leave func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/v1/facts/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	if got := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || got != "text/event-stream" {
		t.Fatalf("%s, %s", resp.Status, got)
	}
	lines := bufio.NewScanner(resp.Body)
	return func() (e event) {
		t.Helper()
		for lines.Scan() {
			switch line := lines.Text(); {
			case strings.HasPrefix(line, "id: "):
				e.id = line[4:]
			case strings.HasPrefix(line, "data: "):
				if err := json.Unmarshal([]byte(line[6:]), &e.data); err != nil {
					t.Fatal(err)
				}
			case line == "" && e.id != "":
				return e
			}
		}
		t.Fatalf("the stream ended: %v", lines.Err())
		return e
	}, cancel
}

// TestFactStream: events as they are appended; who comes back with the last id
// misses nothing and gets nothing twice.
func TestFactStream(t *testing.T) {
	t.Parallel()
	a, j, db, token := framed(t)
	srv := httptest.NewServer(a)
	t.Cleanup(srv.Close)
	tell := func(item string) {
		t.Helper()
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			return j.Append(t.Context(), tx, journal.By{ID: "a"}, "item/x", fact.ItemBlocked{Item: "ENG-1", Reason: item})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	is := func(e event, reason string) {
		t.Helper()
		var p fact.ItemBlocked
		if err := json.Unmarshal(e.data.Data, &p); err != nil || p.Reason != reason || e.id != fmt.Sprint(e.data.Seq) {
			t.Fatalf("event %+v, want %s", e, reason)
		}
	}
	tell("before")
	next, leave := follow(t, srv.URL, token, "")
	tell("one") // the answer's header came after the place was fixed
	first := next()
	is(first, "one")
	tell("two")
	is(next(), "two")
	leave()
	for i := range 450 { // more than one batch
		tell(fmt.Sprint("missed ", i))
	}
	next, leave = follow(t, srv.URL, token, first.id)
	is(next(), "two")
	for i := range 450 {
		is(next(), fmt.Sprint("missed ", i))
	}
	tell("live")
	is(next(), "live")
	leave()
	for _, last := range []string{"x", "-1", "1.5"} {
		if rec := sent(t, a, http.MethodGet, "/api/v1/facts/stream", "", "Authorization", "Bearer "+token, "Last-Event-ID", last); rec.Code != 422 {
			t.Errorf("Last-Event-ID %q: %d", last, rec.Code)
		}
	}
}
