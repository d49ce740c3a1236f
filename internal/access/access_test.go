package access

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

const sentence = "a sentence that is long enough"

// world is the service with a clock that the test moves.
type world struct {
	*Service
	t    *testing.T
	db   *store.DB
	j    *journal.Journal
	time atomic.Int64
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Parallel()
	storetest.Each(t, []store.Schema{journal.Schema(), Schema()}, func(t *testing.T, db *store.DB) {
		w := &world{t: t, db: db}
		w.time.Store(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC).UnixMicro())
		now := func() time.Time { return time.UnixMicro(w.time.Load()).UTC() }
		w.j = journal.New(db, now)
		w.Service = New(db, w.j, now)
		f(t, w)
	})
}

func (w *world) pass(d time.Duration) { w.time.Add(d.Microseconds()) }

// begin makes the first account and returns it as an actor.
func (w *world) begin() Actor {
	w.t.Helper()
	if _, err := w.Begin(w.t.Context(), NewAccount{Login: "eva", Name: "Eva Keller", Password: sentence}); err != nil {
		w.t.Fatal(err)
	}
	return w.actor(w.signIn("eva"))
}

func (w *world) signIn(login string) string {
	w.t.Helper()
	secret, _, err := w.SignIn(w.t.Context(), login, sentence)
	if err != nil {
		w.t.Fatalf("sign in: %v", err)
	}
	return secret
}

func (w *world) actor(secret string) Actor {
	w.t.Helper()
	a, err := w.Actor(w.t.Context(), secret)
	if err != nil {
		w.t.Fatalf("actor: %v", err)
	}
	return a
}

func (w *world) account(by Actor, login string, roles ...Role) Account {
	w.t.Helper()
	a, err := w.Create(w.t.Context(), by, NewAccount{Login: login, Name: login, Password: sentence, Roles: roles})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func wants(t *testing.T, err error, kind errs.Kind, texts ...string) {
	t.Helper()
	if !errs.Is(err, kind) {
		t.Errorf("error %v of kind %q, want kind %q", err, errs.KindOf(err), kind)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error %q does not say %q", err, text)
		}
	}
}

// TestBegin: there is one first account, also when several want to be it at
// once, and no default password.
func TestBegin(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if fresh, err := w.Fresh(t.Context()); err != nil || !fresh {
			t.Fatalf("%v, %v", fresh, err)
		}
		_, err := w.Begin(t.Context(), NewAccount{Login: "Eva!", Name: " ", Password: "short"})
		if e := errs.Of(err); e.Kind != errs.Invalid || len(e.Fields) != 3 {
			t.Fatalf("%v", err)
		}
		var made, refused atomic.Int64
		var all sync.WaitGroup
		for _, login := range []string{"a", "b", "c", "d", "e", "f"} {
			all.Go(func() {
				_, err := w.Begin(t.Context(), NewAccount{Login: login, Name: login, Password: sentence})
				switch {
				case err == nil:
					made.Add(1)
				case errs.Is(err, errs.Conflict):
					refused.Add(1)
				default:
					t.Errorf("begin: %v", err)
				}
			})
		}
		all.Wait()
		if made.Load() != 1 || refused.Load() != 5 {
			t.Fatalf("%d first accounts, %d refused", made.Load(), refused.Load())
		}
		if fresh, err := w.Fresh(t.Context()); err != nil || fresh {
			t.Fatalf("%v, %v", fresh, err)
		}
	})
}

// TestPasswords are kept as argon2id with a salt of their own, and in no other
// form anywhere.
func TestPasswords(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		eva := w.begin()
		w.account(eva, "bob", Member)
		var stored []string
		var facts []journal.Fact
		err := w.db.View(t.Context(), func(tx *store.Tx) (err error) {
			stored, err = store.List(t.Context(), tx, store.Scan1[string], `select password from access_account order by login`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if facts, err = w.j.Since(t.Context(), 0, 100); err != nil {
			t.Fatal(err)
		}
		for _, phc := range stored {
			if !strings.HasPrefix(phc, "$argon2id$v=19$m=19456,t=2,p=1$") || !w.hashing.matches(phc, sentence) || w.hashing.matches(phc, sentence+" ") {
				t.Errorf("stored as %q", phc)
			}
		}
		if stored[0] == stored[1] {
			t.Error("two accounts with one password look alike")
		}
		for _, f := range facts {
			if strings.Contains(string(f.Data), sentence) {
				t.Errorf("the journal has the password: %s", f.Data)
			}
		}
		for _, broken := range []string{"", "x", "$argon2id$v=19$m=19456,t=2,p=1$!$!", "$$$$$"} {
			if w.hashing.matches(broken, "") {
				t.Errorf("%q matches", broken)
			}
		}
	})
}

// TestUnknownLoginTakesAsLong: the clock does not tell which logins exist.
func TestUnknownLoginTakesAsLong(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		eva := w.begin()
		off := w.account(eva, "off", Member)
		if _, err := w.Change(t.Context(), eva, off.ID, "off", []Role{Member}, false, 1); err != nil {
			t.Fatal(err)
		}
		var texts []string
		least := time.Hour
		for _, login := range []string{"eva", "unknown", "off", "No Login At All"} {
			began := time.Now()
			_, _, err := w.SignIn(t.Context(), login, "a wrong password")
			least = min(least, time.Since(began))
			wants(t, err, errs.Denied)
			texts = append(texts, err.Error())
		}
		for _, text := range texts {
			if text != texts[0] {
				t.Errorf("the answers differ: %q and %q", texts[0], text)
			}
		}
		// One argon2id pass over 19 MiB takes a machine of today some 10 ms at the least.
		if least < 3*time.Millisecond {
			t.Errorf("one of them was answered without the work, within %s", least)
		}
	})
}

// TestLockout: after five failures a login waits, longer with each more; others
// do not; many at once are not all looked at.
func TestLockout(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		eva := w.begin()
		w.account(eva, "bob", Member)
		var all sync.WaitGroup
		var looked, locked atomic.Int64
		for range 40 {
			all.Go(func() {
				switch _, _, err := w.SignIn(t.Context(), "eva", "a wrong password"); {
				case errs.Is(err, errs.Denied):
					looked.Add(1)
				case errs.Is(err, errs.Blocked):
					locked.Add(1)
				default:
					t.Errorf("sign in: %v", err)
				}
			})
		}
		all.Wait()
		if looked.Load() != 5 || locked.Load() != 35 {
			t.Fatalf("%d of 40 passwords were looked at", looked.Load())
		}
		_, _, err := w.SignIn(t.Context(), "eva", sentence)
		wants(t, err, errs.Blocked, "too many failed sign-ins")
		w.signIn("bob")
		w.pass(2 * time.Second)
		_, _, err = w.SignIn(t.Context(), "eva", "a wrong password")
		wants(t, err, errs.Denied)
		w.pass(1500 * time.Millisecond)
		_, _, err = w.SignIn(t.Context(), "eva", sentence)
		wants(t, err, errs.Blocked) // two seconds by now
		w.pass(time.Second)
		w.signIn("eva")
		for range 4 { // and the count begins again
			_, _, err = w.SignIn(t.Context(), "eva", "a wrong password")
			wants(t, err, errs.Denied)
		}
		w.signIn("eva")
	})
}

// TestSessions end by time, by signing out and with their account.
func TestSessions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		eva := w.begin()
		bob := w.account(eva, "bob", Member)
		short, out := w.signIn("bob"), w.signIn("bob")
		if a := w.actor(short); a.ID != string(bob.ID) || cmp.Diff(Scopes(), a.Scopes) != "" {
			t.Fatalf("%+v", a)
		}
		leaving := w.actor(out)
		before, err := w.j.Since(t.Context(), 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time there is nothing left to end
			if err := w.SignOut(t.Context(), leaving); err != nil {
				t.Fatal(err)
			}
		}
		_, err = w.Actor(t.Context(), out)
		wants(t, err, errs.Denied, "not valid")
		if after, err := w.j.Since(t.Context(), 0, 100); err != nil || len(after) != len(before) {
			t.Fatalf("a session's end is told: %d facts were %d, %v", len(after), len(before), err)
		}
		wants(t, w.SignOut(t.Context(), Nobody()), errs.Denied, "not signed in")
		w.pass(12*time.Hour - time.Second)
		w.actor(short)
		w.pass(time.Second) // within what is remembered of it
		_, err = w.Actor(t.Context(), short)
		wants(t, err, errs.Denied, "expired")

		session := w.signIn("bob")
		_, token, err := w.CreateToken(t.Context(), w.actor(session), "laptop", []Scope{ScopeGit}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		w.actor(session)
		w.actor(token)
		if _, err := w.Change(t.Context(), eva, bob.ID, "Bob", []Role{Member}, false, 1); err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{session, token} {
			_, err = w.Actor(t.Context(), secret)
			wants(t, err, errs.Denied)
		}
		_, _, err = w.SignIn(t.Context(), "bob", sentence)
		wants(t, err, errs.Denied)
		if _, err := w.Change(t.Context(), eva, bob.ID, "Bob", []Role{Member}, true, 2); err != nil {
			t.Fatal(err)
		}
		_, err = w.Actor(t.Context(), session) // switched on again, what was ended stays so
		wants(t, err, errs.Denied)
		w.signIn("bob")
		for _, secret := range []string{"", "fct_", "nonsense", strings.Repeat("x", 10_000)} {
			_, err = w.Actor(t.Context(), secret)
			wants(t, err, errs.Denied)
		}
	})
}

// TestTokens: shown once, scoped, expiring, revocable; a token that leaked can
// make no other.
func TestTokens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		eva := w.begin()
		for _, c := range []struct {
			name   string
			scopes []Scope
			life   time.Duration
		}{{"", []Scope{ScopeRead}, time.Hour}, {"x", nil, time.Hour}, {"x", []Scope{"all"}, time.Hour}, {"x", []Scope{ScopeRead}, 0}, {"x", []Scope{ScopeRead}, 91 * 24 * time.Hour}} {
			_, _, err := w.CreateToken(t.Context(), eva, c.name, c.scopes, c.life)
			wants(t, err, errs.Invalid)
		}
		_, _, err := w.CreateToken(t.Context(), Nobody(), "x", []Scope{ScopeRead}, time.Hour)
		wants(t, err, errs.Denied)
		made, secret, err := w.CreateToken(t.Context(), eva, "reader", []Scope{ScopeRead, ScopeGit}, time.Hour)
		if err != nil || !strings.HasPrefix(secret, "fct_") || len(secret) < 40 {
			t.Fatalf("%q: %v", secret, err)
		}
		var stored string
		err = w.db.View(t.Context(), func(tx *store.Tx) (err error) {
			stored, err = store.One(t.Context(), tx, store.Scan1[string], `select hash from access_token where id = $1`, made.ID)
			return err
		})
		if err != nil || strings.Contains(stored, secret[4:]) || len(stored) != 64 {
			t.Fatalf("stored as %q: %v", stored, err)
		}
		reader := w.actor(secret)
		if cmp.Diff([]Scope{ScopeRead, ScopeGit}, reader.Scopes) != "" || reader.May(Read, "") != nil || reader.May(FundWork, "") == nil {
			t.Fatalf("%+v", reader)
		}
		_, _, err = w.CreateToken(t.Context(), reader, "child", []Scope{ScopeRead}, time.Hour)
		wants(t, err, errs.Denied, "write")
		wants(t, w.Revoke(t.Context(), reader, made.ID), errs.Denied, "write")
		writer, secret2, err := w.CreateToken(t.Context(), eva, "writer", []Scope{ScopeWrite}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = w.CreateToken(t.Context(), w.actor(secret2), "child", []Scope{ScopeGit}, time.Hour)
		wants(t, err, errs.Invalid, "no \"git\" scope itself")
		list, err := w.Tokens(t.Context(), eva)
		if err != nil || len(list) != 2 || list[0].ID != writer.ID || list[1].Used.IsZero() {
			t.Fatalf("%+v: %v", list, err)
		}
		other := w.account(eva, "bob", Platform)
		bob := w.actor(w.signIn("bob"))
		wants(t, w.Revoke(t.Context(), bob, made.ID), errs.NotFound)
		if err := w.Revoke(t.Context(), eva, made.ID); err != nil {
			t.Fatal(err)
		}
		_, err = w.Actor(t.Context(), secret)
		wants(t, err, errs.Denied)
		wants(t, w.Revoke(t.Context(), eva, made.ID), errs.NotFound)
		_, ended, err := w.CreateToken(t.Context(), eva, "ends itself", []Scope{ScopeRead}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.SignOut(t.Context(), w.actor(ended)); err != nil {
			t.Fatal(err)
		}
		_, err = w.Actor(t.Context(), ended)
		wants(t, err, errs.Denied)
		w.actor(secret2) // others go on
		facts, err := w.j.Since(t.Context(), 0, 100)
		if last := facts[len(facts)-1]; err != nil || last.Kind != "token.revoked" || last.Actor.ID != eva.ID {
			t.Fatalf("told last: %+v, %v", last, err)
		}
		w.pass(time.Hour)
		_, err = w.Actor(t.Context(), secret2)
		wants(t, err, errs.Denied, "expired")
		_ = other
	})
}

// TestAccounts: who may make and change them, with what conflicts.
func TestAccounts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		eva := w.begin()
		bob := w.account(eva, "bob", Member)
		actor := w.actor(w.signIn("bob"))
		_, err := w.Create(t.Context(), actor, NewAccount{Login: "eve", Name: "Eve", Password: sentence, Roles: []Role{Platform}})
		wants(t, err, errs.Denied, "platform")
		_, err = w.Change(t.Context(), actor, bob.ID, "Bob", []Role{Platform}, true, 1)
		wants(t, err, errs.Denied)
		_, err = w.Create(t.Context(), eva, NewAccount{Login: "bob", Name: "Bob", Password: sentence, Roles: []Role{Member}})
		wants(t, err, errs.Conflict, "already")
		_, err = w.Create(t.Context(), eva, NewAccount{Login: "cat", Name: "Cat", Password: sentence, Roles: []Role{"king"}})
		wants(t, err, errs.Invalid, "no role")
		_, err = w.Change(t.Context(), eva, bob.ID, "", []Role{Member}, true, 1)
		wants(t, err, errs.Invalid, "name")
		_, err = w.Change(t.Context(), eva, "none", "x", []Role{Member}, true, 1)
		wants(t, err, errs.NotFound)
		changed, err := w.Change(t.Context(), eva, bob.ID, "Bob Meyer", []Role{Member, Product}, true, 1)
		if err != nil || changed.Version != 2 || changed.Name != "Bob Meyer" {
			t.Fatalf("%+v: %v", changed, err)
		}
		if a := w.actor(w.signIn("bob")); a.May(ShapeProduct, "") != nil {
			t.Error("the new role does not count")
		}
		_, err = w.Change(t.Context(), eva, bob.ID, "stale", []Role{Member}, true, 1)
		if e := errs.Of(err); e.Kind != errs.Conflict || e.Detail.(Account).Name != "Bob Meyer" {
			t.Errorf("a stale edit: %v with %+v", err, e.Detail)
		}
		for _, c := range []struct {
			roles  []Role
			active bool
		}{{[]Role{Board}, true}, {Roles(), false}} {
			list, _, err := w.List(t.Context(), eva, page.Ask{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.Change(t.Context(), eva, list[1].ID, "Eva", c.roles, c.active, list[1].Version)
			wants(t, err, errs.Blocked, "from yourself")
		}
	})
}

// TestMembers: being put into a team counts at once, also for who is signed in.
func TestMembers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		eva := w.begin()
		bob := w.account(eva, "bob", Member)
		secret := w.signIn("bob")
		if err := w.actor(secret).May(Operate, "engine"); !errs.Is(err, errs.Denied) {
			t.Fatalf("%v", err)
		}
		change := func(do func(tx *store.Tx) error) error { return w.db.Update(t.Context(), do) }
		for _, by := range []string{"bob", string(bob.ID)} {
			err := change(func(tx *store.Tx) error {
				a, err := w.AddMember(t.Context(), tx, "engine", by)
				if err == nil && cmp.Diff([]string{"engine"}, a.Teams) != "" {
					t.Errorf("teams %v", a.Teams)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := w.actor(secret).May(Operate, "engine"); err != nil {
			t.Fatal(err)
		}
		wants(t, change(func(tx *store.Tx) error { _, err := w.AddMember(t.Context(), tx, "engine", "nobody"); return err }), errs.NotFound)
		if err := change(func(tx *store.Tx) error { return w.RemoveMember(t.Context(), tx, "engine", bob.ID) }); err != nil {
			t.Fatal(err)
		}
		wants(t, change(func(tx *store.Tx) error { return w.RemoveMember(t.Context(), tx, "engine", bob.ID) }), errs.NotFound)
		if err := w.actor(secret).May(Operate, "engine"); !errs.Is(err, errs.Denied) {
			t.Fatalf("%v", err)
		}
	})
}

// TestAuthenticate finds the secret where clients put it.
func TestAuthenticate(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		eva := w.begin()
		session := w.signIn("eva")
		_, token, err := w.CreateToken(t.Context(), eva, "x", []Scope{ScopeGit}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		find := w.Authenticate("the_session")
		for _, c := range []struct {
			name string
			set  func(r *http.Request)
			want string // login
			kind errs.Kind
		}{
			{"nothing", func(*http.Request) {}, "", ""},
			{"bearer", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }, "eva", ""},
			{"basic", func(r *http.Request) { r.SetBasicAuth("anything", token) }, "eva", ""},
			{"cookie", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "the_session", Value: session}) }, "eva", ""},
			{"another cookie", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "session", Value: session}) }, "", ""},
			{"a session that ended", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "the_session", Value: "fcs_x"}) }, "", ""},
			{"a bad bearer", func(r *http.Request) { r.Header.Set("Authorization", "Bearer fct_x") }, "", errs.Denied},
			{"a bad password", func(r *http.Request) { r.SetBasicAuth("eva", sentence) }, "", errs.Denied},
		} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			c.set(r)
			who, err := find(r)
			if who.Login != c.want || errs.KindOf(err) != c.kind || (err == nil && who.Known() != (c.want != "")) {
				t.Errorf("%s: %+v, %v", c.name, who, err)
			}
		}
	})
}

// TestPasswordsChange: by oneself with the one so far, by the platform for who
// has forgotten it; sessions elsewhere end, and the journal tells it.
func TestPasswordsChange(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, next := t.Context(), "another long sentence"
		eva := w.begin()
		elsewhere := w.signIn("eva")
		otto := w.account(eva, "otto", Member)
		wants := func(err error, kind errs.Kind, at string) {
			t.Helper()
			e := errs.Of(err)
			if err == nil || e.Kind != kind || at != "" && (len(e.Fields) != 1 || e.Fields[0].At != at) {
				t.Fatalf("%v, want %s at %q", err, kind, at)
			}
		}
		wants(w.ChangePassword(ctx, eva, "wrong", next), errs.Invalid, "current")
		wants(w.ChangePassword(ctx, eva, sentence, "short"), errs.Invalid, "password")
		wants(w.ChangePassword(ctx, Nobody(), sentence, next), errs.Denied, "")
		if err := w.ChangePassword(ctx, eva, sentence, next); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Actor(ctx, elsewhere); !errs.Is(err, errs.Denied) {
			t.Fatalf("signed in elsewhere still: %v", err)
		}
		if _, _, err := w.SignIn(ctx, "eva", sentence); !errs.Is(err, errs.Denied) {
			t.Fatalf("the old password works still: %v", err)
		}
		if _, _, err := w.SignIn(ctx, "eva", next); err != nil {
			t.Fatal(err)
		}

		session := w.actor(w.signIn("otto"))
		wants(w.ResetPassword(ctx, session, ref.Account(eva.ID), next), errs.Denied, "")
		wants(w.ResetPassword(ctx, eva, ref.Account(eva.ID), next), errs.Blocked, "")
		wants(w.ResetPassword(ctx, eva, "nobody", next), errs.NotFound, "")
		secret := w.signIn("otto")
		if err := w.ResetPassword(ctx, eva, otto.ID, next); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Actor(ctx, secret); !errs.Is(err, errs.Denied) {
			t.Fatalf("signed in still: %v", err)
		}
		if _, _, err := w.SignIn(ctx, "otto", next); err != nil {
			t.Fatal(err)
		}
		for range 10 { // guesses are slowed down as at the door
			_ = w.ChangePassword(ctx, eva, "wrong", next)
		}
		wants(w.ChangePassword(ctx, eva, next, sentence), errs.Blocked, "")
	})
}
