package fact

import "github.com/digital-factory/factory/internal/ref"

// AccountCreated tells that somebody can sign in. Subject: account.
type AccountCreated struct {
	Account ref.Account `json:"account"`
	Login   string      `json:"login"`
	Name    string      `json:"name"`
	Roles   []string    `json:"roles"`
}

// Kind returns "account.created".
func (AccountCreated) Kind() string { return "account.created" }

// AccountChanged tells the roles and state after a change. Subject: account.
type AccountChanged struct {
	Account ref.Account `json:"account"`
	Login   string      `json:"login"`
	Roles   []string    `json:"roles"`
	Active  bool        `json:"active"`
}

// Kind returns "account.changed".
func (AccountChanged) Kind() string { return "account.changed" }

// PasswordChanged tells that an account has another password, by itself or set
// by others. Subject: account.
type PasswordChanged struct {
	Account ref.Account `json:"account"`
	Login   string      `json:"login"`
}

// Kind returns "account.password-changed".
func (PasswordChanged) Kind() string { return "account.password-changed" }

// TokenCreated tells that an API token exists. Subject: account.
type TokenCreated struct {
	Token   string      `json:"token"` // identifier, not the secret
	Account ref.Account `json:"account"`
	Name    string      `json:"name"`
	Scopes  []string    `json:"scopes"`
}

// Kind returns "token.created".
func (TokenCreated) Kind() string { return "token.created" }

// TokenRevoked tells that a token no longer works. Subject: account.
type TokenRevoked struct {
	Token   string      `json:"token"`
	Account ref.Account `json:"account"`
}

// Kind returns "token.revoked".
func (TokenRevoked) Kind() string { return "token.revoked" }

// TeamCreated tells of a new team. Subject: team.
type TeamCreated struct {
	Team ref.Team `json:"team"`
	Name string   `json:"name"`
	Key  string   `json:"key"` // prefix of its items, "ENG"
}

// Kind returns "team.created".
func (TeamCreated) Kind() string { return "team.created" }

// TeamChanged tells which fields of a team changed. Subject: team.
type TeamChanged struct {
	Team   ref.Team `json:"team"`
	Fields []string `json:"fields"`
	Name   string   `json:"name,omitempty"`
}

// Kind returns "team.changed".
func (TeamChanged) Kind() string { return "team.changed" }

// TeamJoined tells of a new member. Subject: team.
type TeamJoined struct {
	Team    ref.Team    `json:"team"`
	Account ref.Account `json:"account"`
	Name    string      `json:"name"`
}

// Kind returns "team.joined".
func (TeamJoined) Kind() string { return "team.joined" }

// TeamLeft tells that a member is none any more. Subject: team.
type TeamLeft struct {
	Team    ref.Team    `json:"team"`
	Account ref.Account `json:"account"`
}

// Kind returns "team.left".
func (TeamLeft) Kind() string { return "team.left" }

// RatesChanged tells what a unit costs from now on. Subject: rates.
type RatesChanged struct {
	CPUHour        float64 `json:"cpuHour"`
	MemoryGBHour   float64 `json:"memoryGbHour"`
	StorageGBMonth float64 `json:"storageGbMonth"`
	BuildMinute    float64 `json:"buildMinute"`
	Currency       string  `json:"currency"`
}

// Kind returns "rates.changed".
func (RatesChanged) Kind() string { return "rates.changed" }
