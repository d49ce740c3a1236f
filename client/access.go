package client

import (
	"context"
	"net/http"
	"time"
)

// Setup says whether a factory still needs its first account.
type Setup struct {
	Needed bool `json:"needed" doc:"No account exists yet"`
}

// FirstAccount makes the first account; it gets every role.
type FirstAccount struct {
	Login    string `json:"login" minLength:"1" maxLength:"63" example:"ada" doc:"Lower-case letters, digits and . _ @ + -"`
	Name     string `json:"name" minLength:"1" maxLength:"100" example:"Ada Lovelace"`
	Password string `json:"password" minLength:"10" maxLength:"200" doc:"At least 10 characters; a sentence is a good one"`
}

// SignIn opens a session.
type SignIn struct {
	Login    string `json:"login" maxLength:"63" example:"ada"`
	Password string `json:"password" maxLength:"200"`
}

// Session is a new session. Browsers get it as a cookie too.
type Session struct {
	Secret  string    `json:"secret" doc:"Send it as a bearer token; shown this once"`
	Expires time.Time `json:"expires"`
	Me      Me        `json:"me"`
}

// Me is the actor behind a request.
type Me struct {
	ID     string   `json:"id"`
	Login  string   `json:"login"`
	Name   string   `json:"name"`
	Roles  []string `json:"roles" nullable:"false"`
	Teams  []string `json:"teams" nullable:"false"`
	Scopes []string `json:"scopes" nullable:"false"`
	Cannot []Denied `json:"cannot" nullable:"false" doc:"What this actor may do on no object at all"`
}

// Denied is an action that an actor may not do, and why.
type Denied struct {
	Action string `json:"action" example:"fund"`
	Text   string `json:"text" doc:"Why not" example:"shaping products and features needs one of the roles board or product; you have member"`
	Next   string `json:"next,omitempty" doc:"The next thing to do" example:"ask the platform team for the role"`
}

// Account is somebody who can sign in.
type Account struct {
	ID      string    `json:"id"`
	Login   string    `json:"login" example:"ada"`
	Name    string    `json:"name" example:"Ada Lovelace"`
	Roles   []string  `json:"roles" nullable:"false" enum:"board,product,member,platform,auditor"`
	Teams   []string  `json:"teams" nullable:"false"`
	Active  bool      `json:"active"`
	Created time.Time `json:"created"`
	Version int64     `json:"version" doc:"Send it back with a change"`
}

// CreateAccount makes an account.
type CreateAccount struct {
	Login    string   `json:"login" minLength:"1" maxLength:"63" example:"grace"`
	Name     string   `json:"name" minLength:"1" maxLength:"100" example:"Grace Hopper"`
	Password string   `json:"password" minLength:"10" maxLength:"200"`
	Roles    []string `json:"roles" nullable:"false" minItems:"1" enum:"board,product,member,platform,auditor"`
}

// ChangeAccount sets what can change of an account.
type ChangeAccount struct {
	Name    string   `json:"name" minLength:"1" maxLength:"100"`
	Roles   []string `json:"roles" nullable:"false" minItems:"1" enum:"board,product,member,platform,auditor"`
	Active  bool     `json:"active" doc:"Switching an account off ends its sessions and tokens at once"`
	Version int64    `json:"version"`
}

// ChangePassword sets one's own password.
type ChangePassword struct {
	Current  string `json:"current" maxLength:"200"`
	Password string `json:"password" minLength:"10" maxLength:"200" doc:"At least 10 characters; a sentence is a good one"`
}

// ResetPassword sets somebody else's password.
type ResetPassword struct {
	Password string `json:"password" minLength:"10" maxLength:"200"`
}

// ChangePassword sets one's own password and ends one's other sessions.
func (c *Client) ChangePassword(ctx context.Context, in ChangePassword) error {
	_, err := call[struct{}](ctx, c, http.MethodPost, path("me", "password"), nil, in)
	return err
}

// ResetPassword sets the password of an account, and ends its sessions.
func (c *Client) ResetPassword(ctx context.Context, id string, in ResetPassword) error {
	_, err := call[struct{}](ctx, c, http.MethodPost, path("accounts", id, "password"), nil, in)
	return err
}

// Token is an API token without its secret.
type Token struct {
	ID      string     `json:"id"`
	Name    string     `json:"name" example:"laptop"`
	Scopes  []string   `json:"scopes" nullable:"false"`
	Created time.Time  `json:"created"`
	Expires time.Time  `json:"expires"`
	Used    *time.Time `json:"used,omitempty" doc:"To the hour; absent when never"`
}

// CreateToken makes an API token for the actor.
type CreateToken struct {
	Name   string   `json:"name" minLength:"1" maxLength:"100" example:"laptop" doc:"What it is for"`
	Scopes []string `json:"scopes" nullable:"false" minItems:"1" enum:"read,write,git,registry,telemetry,flags"`
	Days   int      `json:"days" minimum:"1" maximum:"90" default:"30" doc:"How long it works"`
}

// NewToken is a token with its secret.
type NewToken struct {
	Token
	Secret string `json:"secret" doc:"Shown this once"`
}

// Setup asks whether the factory needs its first account.
func (c *Client) Setup(ctx context.Context) (Setup, error) {
	return call[Setup](ctx, c, http.MethodGet, path("setup"), nil, nil)
}

// Begin makes the first account and signs it in.
func (c *Client) Begin(ctx context.Context, in FirstAccount) (Session, error) {
	return call[Session](ctx, c, http.MethodPost, path("setup"), nil, in)
}

// SignIn opens a session.
func (c *Client) SignIn(ctx context.Context, in SignIn) (Session, error) {
	return call[Session](ctx, c, http.MethodPost, path("session"), nil, in)
}

// SignOut ends the session.
func (c *Client) SignOut(ctx context.Context) error {
	_, err := call[struct{}](ctx, c, http.MethodDelete, path("session"), nil, nil)
	return err
}

// Me returns the actor.
func (c *Client) Me(ctx context.Context) (Me, error) {
	return call[Me](ctx, c, http.MethodGet, path("me"), nil, nil)
}

// Accounts lists accounts by login.
func (c *Client) Accounts(ctx context.Context, p Paging) (Page[Account], error) {
	return call[Page[Account]](ctx, c, http.MethodGet, path("accounts"), p.query(), nil)
}

// CreateAccount makes an account.
func (c *Client) CreateAccount(ctx context.Context, in CreateAccount) (Account, error) {
	return call[Account](ctx, c, http.MethodPost, path("accounts"), nil, in)
}

// ChangeAccount changes an account.
func (c *Client) ChangeAccount(ctx context.Context, id string, in ChangeAccount) (Account, error) {
	return call[Account](ctx, c, http.MethodPut, path("accounts", id), nil, in)
}

// Tokens lists the actor's API tokens.
func (c *Client) Tokens(ctx context.Context) (Page[Token], error) {
	return call[Page[Token]](ctx, c, http.MethodGet, path("tokens"), nil, nil)
}

// CreateToken makes an API token.
func (c *Client) CreateToken(ctx context.Context, in CreateToken) (NewToken, error) {
	return call[NewToken](ctx, c, http.MethodPost, path("tokens"), nil, in)
}

// RevokeToken ends an API token.
func (c *Client) RevokeToken(ctx context.Context, id string) error {
	_, err := call[struct{}](ctx, c, http.MethodDelete, path("tokens", id), nil, nil)
	return err
}
