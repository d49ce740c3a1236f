package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/ref"
)

func (a *API) accounts() {
	register(a, access.Open, op("GET /setup", "access", "Ask whether the first account is still to be made"),
		func(ctx context.Context, _ access.Actor, _ *none) (*body[client.Setup], error) {
			fresh, err := a.Access.Fresh(ctx)
			return answer(client.Setup{Needed: fresh}, err)
		})
	register(a, access.Open, op("POST /setup", "access", "Make the first account and sign it in"),
		func(ctx context.Context, _ access.Actor, in *send[client.FirstAccount]) (*signedIn, error) {
			_, err := a.Access.Begin(ctx, access.NewAccount{Login: in.Body.Login, Name: in.Body.Name, Password: in.Body.Password})
			if err != nil {
				return nil, err
			}
			return a.signIn(ctx, in.Body.Login, in.Body.Password)
		})
	register(a, access.Open, op("POST /session", "access", "Sign in"),
		func(ctx context.Context, _ access.Actor, in *send[client.SignIn]) (*signedIn, error) {
			return a.signIn(ctx, in.Body.Login, in.Body.Password)
		})
	register(a, access.Self, op("DELETE /session", "access", "Sign out: end the session, or the token that asks"),
		func(ctx context.Context, who access.Actor, _ *none) (*signedOut, error) {
			return &signedOut{http.Cookie{Name: SessionCookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode}}, a.Access.SignOut(ctx, who)
		})
	register(a, access.Self, op("GET /me", "access", "Show who you are"),
		func(_ context.Context, who access.Actor, _ *none) (*body[client.Me], error) {
			return answer(me(who), nil)
		})
	register(a, access.Read, op("GET /accounts", "access", "List accounts"),
		func(ctx context.Context, who access.Actor, in *struct{ Paging }) (*body[client.Page[client.Account]], error) {
			list, next, err := a.Access.List(ctx, who, in.ask())
			return answer(client.Page[client.Account]{Items: mapped(list, account), Next: next}, err)
		})
	register(a, access.ManageAccounts, op("POST /accounts", "access", "Make an account"),
		func(ctx context.Context, who access.Actor, in *send[client.CreateAccount]) (*body[client.Account], error) {
			b := in.Body
			acc, err := a.Access.Create(ctx, who, access.NewAccount{Login: b.Login, Name: b.Name, Password: b.Password, Roles: mapped(b.Roles, role)})
			return answer(account(acc), err)
		})
	register(a, access.ManageAccounts, op("PUT /accounts/{id}", "access", "Change an account's name, roles or state"),
		func(ctx context.Context, who access.Actor, in *with[client.ChangeAccount]) (*body[client.Account], error) {
			b := in.Body
			acc, err := a.Access.Change(ctx, who, ref.Account(in.ID), b.Name, mapped(b.Roles, role), b.Active, b.Version)
			return answer(account(acc), current(err, account))
		})
	register(a, access.Self, op("POST /me/password", "access", "Change your password, and end your other sessions"),
		func(ctx context.Context, who access.Actor, in *send[client.ChangePassword]) (*none, error) {
			return &none{}, a.Access.ChangePassword(ctx, who, in.Body.Current, in.Body.Password)
		})
	register(a, access.ManageAccounts, op("POST /accounts/{id}/password", "access", "Set another account's password, and end its sessions"),
		func(ctx context.Context, who access.Actor, in *with[client.ResetPassword]) (*none, error) {
			return &none{}, a.Access.ResetPassword(ctx, who, ref.Account(in.ID), in.Body.Password)
		})
	register(a, access.Self, op("GET /tokens", "access", "List your API tokens"),
		func(ctx context.Context, who access.Actor, _ *none) (*body[client.Page[client.Token]], error) {
			list, err := a.Access.Tokens(ctx, who)
			return answer(client.Page[client.Token]{Items: mapped(list, token)}, err)
		})
	register(a, access.Self, op("POST /tokens", "access", "Make an API token"),
		func(ctx context.Context, who access.Actor, in *send[client.CreateToken]) (*body[client.NewToken], error) {
			t, secret, err := a.Access.CreateToken(ctx, who, in.Body.Name,
				mapped(in.Body.Scopes, func(s string) access.Scope { return access.Scope(s) }), time.Duration(in.Body.Days)*24*time.Hour)
			return answer(client.NewToken{Token: token(t), Secret: secret}, err)
		})
	register(a, access.Self, op("DELETE /tokens/{id}", "access", "Revoke one of your API tokens"),
		func(ctx context.Context, who access.Actor, in *id) (*none, error) {
			return &none{}, a.Access.Revoke(ctx, who, in.ID)
		})
}

type signedIn struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      client.Session
}

type signedOut struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

func (a *API) signIn(ctx context.Context, login, password string) (*signedIn, error) {
	secret, expires, err := a.Access.SignIn(ctx, login, password)
	if err != nil {
		return nil, err
	}
	who, err := a.Access.Actor(ctx, secret)
	if err != nil {
		return nil, err
	}
	return &signedIn{
		SetCookie: http.Cookie{Name: SessionCookie, Value: secret, Path: "/", Expires: expires, HttpOnly: true, SameSite: http.SameSiteLaxMode},
		Body:      client.Session{Secret: secret, Expires: expires, Me: me(who)},
	}, nil
}

func me(who access.Actor) client.Me {
	return client.Me{ID: who.ID, Login: who.Login, Name: who.Name, Roles: mapped(who.Roles, text), Teams: mapped(who.Teams, text), Scopes: mapped(who.Scopes, text), Cannot: cannot(who)}
}

func cannot(who access.Actor) []client.Denied {
	no := []client.Denied{}
	for action, err := range who.Cannot() {
		why := errs.Of(err)
		no = append(no, client.Denied{Action: string(action), Text: why.Text, Next: why.Next})
	}
	slices.SortFunc(no, func(a, b client.Denied) int { return cmp.Compare(a.Action, b.Action) })
	return no
}

func account(a access.Account) client.Account {
	return client.Account{ID: string(a.ID), Login: a.Login, Name: a.Name, Roles: mapped(a.Roles, text), Teams: mapped(a.Teams, text), Active: a.Active, Created: a.Created, Version: a.Version}
}

func token(t access.Token) client.Token {
	return client.Token{ID: t.ID, Name: t.Name, Scopes: mapped(t.Scopes, text), Created: t.Created, Expires: t.Expires, Used: moment(t.Used)}
}

func role(s string) access.Role { return access.Role(s) }

func text[T ~string](v T) string { return string(v) }

// moment is nil for the zero time, so that the member is left out.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
