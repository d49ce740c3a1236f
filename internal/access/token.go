package access

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

const (
	sessionKind  = "session"
	tokenKind    = "token"
	tokenPrefix  = "fct_" // lets secret scanners find leaked tokens
	sessionLife  = 12 * time.Hour
	longestToken = 90 * 24 * time.Hour
	remember     = 5 * time.Second // how long a checked token is believed; a revocation here ends it at once
)

// Token is an API token without its secret.
type Token struct {
	ID      string
	Account ref.Account
	Name    string
	Scopes  []Scope
	Created time.Time
	Expires time.Time
	Used    time.Time // zero: never
}

type cached struct {
	actor Actor
	until time.Time
}

type tries struct {
	failed int
	until  time.Time
}

// SignIn checks a password and returns the secret of a new session. After
// five failures a login is refused for a while that doubles with each more.
func (s *Service) SignIn(ctx context.Context, login, password string) (secret string, expires time.Time, err error) {
	wrong := errs.New(errs.Denied, "the login or the password is wrong").Do("try again")
	if err := s.try(login); err != nil {
		return "", time.Time{}, err
	}
	var account ref.Account
	var phc string
	err = s.db.View(ctx, func(tx *store.Tx) error {
		_, err := store.One(ctx, tx, func(r store.Scanner) (struct{}, error) { return struct{}{}, r.Scan(&account, &phc) },
			`select id, password from access_account where login = $1 and active = 1`, login)
		if errors.Is(err, store.ErrNone) {
			return nil
		}
		return err
	})
	if err != nil {
		return "", time.Time{}, err
	}
	if !s.hashing.matches(phc, password) {
		return "", time.Time{}, wrong
	}
	s.mu.Lock()
	delete(s.tries, login)
	s.mu.Unlock()
	expires = s.now().Add(sessionLife)
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		var hash string
		secret, hash = newSecret("fcs_")
		return s.insertToken(ctx, tx, Token{ID: ref.New(), Account: account, Scopes: Scopes(), Created: s.now(), Expires: expires}, sessionKind, hash)
	})
	return secret, expires, err
}

// try counts a sign-in as failed before it is looked at, so that a thousand at
// once are not all looked at; one that succeeds takes it back.
func (s *Service) try(login string) error {
	if !loginForm.MatchString(login) {
		return nil // it cannot exist, and must not fill the memory
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	t := s.tries[login]
	if t != nil && now.Before(t.until) {
		return errs.New(errs.Blocked, "too many failed sign-ins for %q", login).Do("wait %s", t.until.Sub(now).Round(time.Second))
	}
	if len(s.tries) >= 10_000 { // somebody guesses logins
		maps.DeleteFunc(s.tries, func(_ string, t *tries) bool { return !now.Before(t.until) })
		if len(s.tries) >= 10_000 {
			clear(s.tries)
		}
	}
	if t == nil {
		t = &tries{}
		s.tries[login] = t
	}
	if t.failed++; t.failed >= 5 {
		t.until = now.Add(min(15*time.Minute, time.Second<<min(t.failed-5, 10)))
	}
	return nil
}

// CreateToken makes an API token for the actor and returns it with its
// secret, which is shown this once.
func (s *Service) CreateToken(ctx context.Context, who Actor, name string, scopes []Scope, life time.Duration) (t Token, secret string, err error) {
	if err := who.May(Self, ""); err != nil {
		return Token{}, "", err
	}
	if err := who.MayUse(ScopeWrite); err != nil { // a token that leaked must not live on in others
		return Token{}, "", err
	}
	bad := errs.New(errs.Invalid, "the token cannot be made")
	if strings.TrimSpace(name) == "" || len(name) > 100 {
		bad.In("name", "must have 1 to 100 characters and say what the token is for")
	}
	if len(scopes) == 0 {
		bad.In("scopes", "must name at least one of %v", Scopes())
	}
	for _, sc := range scopes {
		if !slices.Contains(Scopes(), sc) {
			bad.In("scopes", "%q is no scope; the scopes are %v", sc, Scopes())
		} else if !slices.Contains(who.Scopes, sc) {
			bad.In("scopes", "you act with a token that has no %q scope itself", sc)
		}
	}
	if life <= 0 || life > longestToken {
		bad.In("days", "must be 1 to %d days", int(longestToken.Hours()/24))
	}
	if len(bad.Fields) > 0 {
		return Token{}, "", bad
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		var hash string
		secret, hash = newSecret(tokenPrefix)
		now := s.now().UTC().Truncate(time.Microsecond)
		t = Token{ID: ref.New(), Account: ref.Account(who.ID), Name: name, Scopes: scopes, Created: now, Expires: now.Add(life)}
		if err := s.insertToken(ctx, tx, t, tokenKind, hash); err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("account", t.Account), fact.TokenCreated{Token: t.ID, Account: t.Account, Name: name, Scopes: texts(scopes)})
	})
	return t, secret, err
}

func (s *Service) insertToken(ctx context.Context, tx *store.Tx, t Token, kind, hash string) error {
	_, err := tx.Exec(ctx, `insert into access_token (id, account, kind, name, hash, scopes, created, expires, used, revoked)
		values ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0)`,
		t.ID, string(t.Account), kind, t.Name, hash, strings.Join(texts(t.Scopes), " "), store.Micros(t.Created), store.Micros(t.Expires))
	return err
}

// Tokens returns the actor's API tokens that still work, newest first.
func (s *Service) Tokens(ctx context.Context, who Actor) (list []Token, err error) {
	if err := who.May(Self, ""); err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = store.List(ctx, tx, scanToken, `select id, account, name, scopes, created, expires, used from access_token
			where account = $1 and kind = 'token' and revoked = 0 and expires > $2 order by id desc`, who.ID, store.Micros(s.now()))
		return err
	})
	return list, err
}

func scanToken(r store.Scanner) (Token, error) {
	var t Token
	var scopes string
	var created, expires, used int64
	err := r.Scan(&t.ID, &t.Account, &t.Name, &scopes, &created, &expires, &used)
	t.Created, t.Expires, t.Used = store.Time(created), store.Time(expires), store.Time(used)
	for sc := range strings.FieldsSeq(scopes) {
		t.Scopes = append(t.Scopes, Scope(sc))
	}
	return t, err
}

// Revoke ends one of the actor's tokens at once.
func (s *Service) Revoke(ctx context.Context, who Actor, id string) error {
	if err := who.May(Self, ""); err != nil {
		return err
	}
	if err := who.MayUse(ScopeWrite); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `update access_token set revoked = $3 where id = $1 and account = $2 and revoked = 0`, id, who.ID, store.Micros(s.now()))
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.NotFound, "you have no token %s", id)
		}
		tx.After(s.forget)
		return s.journal.Append(ctx, tx, who.By(), ref.Of("account", who.ID), fact.TokenRevoked{Token: id, Account: ref.Account(who.ID)})
	})
}

// SignOut ends the session or the token with which the actor asks.
func (s *Service) SignOut(ctx context.Context, who Actor) error {
	if err := who.May(Self, ""); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `update access_token set revoked = $2 where id = $1 and revoked = 0`, who.token, store.Micros(s.now()))
		if err != nil || n == 0 { // it ended meanwhile
			return err
		}
		tx.After(s.forget)
		kind, err := store.One(ctx, tx, store.Scan1[string], `select kind from access_token where id = $1`, who.token)
		if err != nil || kind != tokenKind { // sessions come and go untold
			return err
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("account", who.ID), fact.TokenRevoked{Token: who.token, Account: ref.Account(who.ID)})
	})
}

// Actor returns who a secret belongs to. An unknown, expired or revoked secret
// and one of an account that is switched off are errs.Denied.
func (s *Service) Actor(ctx context.Context, secret string) (Actor, error) {
	hash, now := hashSecret(secret), s.now()
	s.mu.Lock()
	c, hit := s.known[hash]
	changes := s.changes
	s.mu.Unlock()
	if hit && now.Before(c.until) {
		return c.actor, nil
	}
	var a Actor
	var expires time.Time
	err := s.db.View(ctx, func(tx *store.Tx) error {
		t, err := store.One(ctx, tx, scanToken, `select id, account, name, scopes, created, expires, used from access_token where hash = $1 and revoked = 0`, hash)
		if errors.Is(err, store.ErrNone) {
			return errs.New(errs.Denied, "this token or session is not valid (any more)").Do("sign in again, or create a new token")
		} else if err != nil {
			return err
		}
		if expires = t.Expires; !now.Before(expires) {
			return errs.New(errs.Denied, "this token or session expired at %s", expires.Format(time.RFC3339)).Do("sign in again, or create a new token")
		}
		account, err := get(ctx, tx, t.Account)
		if err != nil {
			return err
		}
		if !account.Active {
			return errs.New(errs.Denied, "the account %s is switched off", account.Login)
		}
		a = Actor{ID: string(account.ID), Name: account.Name, Login: account.Login, Roles: account.Roles, Teams: account.Teams, Scopes: t.Scopes, token: t.ID}
		return nil
	})
	if err != nil {
		return Actor{}, err
	}
	if err := s.noteUse(ctx, hash); err != nil { // with a full disk people must still be able to look
		slog.Warn("a token's use could not be noted", "error", err)
	}
	until := now.Add(remember)
	if expires.Before(until) {
		until = expires
	}
	s.mu.Lock()
	if len(s.known) > 10_000 {
		clear(s.known)
	}
	if s.changes == changes { // else what was read may be what was just taken away
		s.known[hash] = cached{a, until}
	}
	s.mu.Unlock()
	return a, nil
}

// noteUse keeps when a token was last used, to the hour: a write per request
// would be a waste.
func (s *Service) noteUse(ctx context.Context, hash string) error {
	now := s.now()
	var used int64
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		used, err = store.One(ctx, tx, store.Scan1[int64], `select used from access_token where hash = $1`, hash)
		return err
	})
	if err != nil || now.Sub(store.Time(used)) < time.Hour {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `update access_token set used = $2 where hash = $1`, hash, store.Micros(now))
		return err
	})
}

// forget drops what is remembered of tokens, after any change of accounts.
func (s *Service) forget() {
	s.mu.Lock()
	clear(s.known)
	s.changes++
	s.mu.Unlock()
}

// Authenticate finds the actor of an HTTP request: a bearer token, a token as
// the password of Basic (git and container clients), or the session cookie.
func (s *Service) Authenticate(cookie string) func(*http.Request) (Actor, error) {
	return func(r *http.Request) (Actor, error) {
		secret := ""
		if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
			secret = bearer
		} else if _, password, ok := r.BasicAuth(); ok {
			secret = password
		} else if c, err := r.Cookie(cookie); err == nil {
			// A session that ran out is the same as none: the sign-in page must work.
			who, err := s.Actor(r.Context(), c.Value)
			if errs.Is(err, errs.Denied) {
				return Nobody(), nil
			}
			return who, err
		}
		if secret == "" {
			return Nobody(), nil
		}
		return s.Actor(r.Context(), secret)
	}
}
