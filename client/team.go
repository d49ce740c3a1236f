package client

import (
	"context"
	"net/http"
	"time"
)

// Team is a long-lived group of people that builds and runs components.
type Team struct {
	ID         string       `json:"id" doc:"The team's own name in addresses and commands" example:"engine"`
	Name       string       `json:"name" example:"Engine"`
	Key        string       `json:"key" doc:"Prefix of the team's items" example:"ENG"`
	Mission    string       `json:"mission,omitempty" doc:"What the team is for, in a sentence or two"`
	DayRate    float64      `json:"dayRate,omitempty" doc:"Cost of one working day of the whole team, in the company's currency; absent when nobody told" example:"4800"`
	Members    []TeamMember `json:"members,omitempty" doc:"Only when one team is read, not in lists"`
	Counts     TeamCounts   `json:"counts"`
	Components []string     `json:"components,omitempty" doc:"Names of the components the team owns; only when one team is read"`
	Created    time.Time    `json:"created"`
	Version    int64        `json:"version" doc:"Send it back with a change" example:"3"`
}

// TeamMember is a person of a team.
type TeamMember struct {
	Account string   `json:"account" doc:"Account identifier"`
	Login   string   `json:"login" example:"eva"`
	Name    string   `json:"name" example:"Eva Keller"`
	Roles   []string `json:"roles" nullable:"false" example:"[\"member\"]"`
}

// TeamCounts is how much of everything a team has.
type TeamCounts struct {
	Members    int `json:"members" example:"4"`
	Components int `json:"components" example:"2"`
	Ready      int `json:"ready" doc:"Items that wait for somebody to pull them" example:"7"`
	InWork     int `json:"inWork" doc:"Items that are building, verifying or releasing" example:"3"`
	Done       int `json:"done" doc:"Items finished since the beginning" example:"41"`
}

// CreateTeam asks for a new team; whoever creates it becomes its first member.
type CreateTeam struct {
	ID      string  `json:"id" minLength:"2" maxLength:"40" pattern:"^[a-z][a-z0-9]*(-[a-z0-9]+)*$" patternDescription:"lower-case letters, digits and single hyphens, a letter first" doc:"Lower-case letters, digits and single hyphens" example:"engine"`
	Name    string  `json:"name,omitempty" maxLength:"80" doc:"Default: made from the id" example:"Engine"`
	Key     string  `json:"key,omitempty" maxLength:"10" doc:"Two to ten capital letters or digits; default: the first three letters of the name, made unique" example:"ENG"`
	Mission string  `json:"mission,omitempty" maxLength:"2000" example:"Thrust that carries heavy loads"`
	DayRate float64 `json:"dayRate,omitempty" minimum:"0" example:"4800"`
}

// UpdateTeam changes a team. The key stays: items are called by it.
type UpdateTeam struct {
	Version int64   `json:"version" doc:"The version this change is based on" example:"3"`
	Name    string  `json:"name" minLength:"1" maxLength:"80" example:"Engine"`
	Mission string  `json:"mission,omitempty" maxLength:"2000"`
	DayRate float64 `json:"dayRate,omitempty" minimum:"0" example:"4800"`
}

// AddMember makes an account a member of a team.
type AddMember struct {
	Account string `json:"account" minLength:"1" maxLength:"80" doc:"Account identifier or login" example:"eva"`
}

// Teams lists teams by identifier.
func (c *Client) Teams(ctx context.Context, p Paging) (Page[Team], error) {
	return call[Page[Team]](ctx, c, http.MethodGet, path("teams"), p.query(), nil)
}

// Team returns a team with its members and components.
func (c *Client) Team(ctx context.Context, id string) (Team, error) {
	return call[Team](ctx, c, http.MethodGet, path("teams", id), nil, nil)
}

// CreateTeam makes a team with the caller as its first member.
func (c *Client) CreateTeam(ctx context.Context, in CreateTeam) (Team, error) {
	return call[Team](ctx, c, http.MethodPost, path("teams"), nil, in)
}

// UpdateTeam changes a team.
func (c *Client) UpdateTeam(ctx context.Context, id string, in UpdateTeam) (Team, error) {
	return call[Team](ctx, c, http.MethodPut, path("teams", id), nil, in)
}

// AddMember makes an account a member of a team.
func (c *Client) AddMember(ctx context.Context, id string, in AddMember) (Team, error) {
	return call[Team](ctx, c, http.MethodPost, path("teams", id, "members"), nil, in)
}

// RemoveMember takes an account, named by identifier or login, out of a team.
func (c *Client) RemoveMember(ctx context.Context, id, account string) (Team, error) {
	return call[Team](ctx, c, http.MethodDelete, path("teams", id, "members", account), nil, nil)
}
