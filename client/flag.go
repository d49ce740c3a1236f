package client

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// Flag is a feature flag of a component: on or off in each environment.
type Flag struct {
	ID             string        `json:"id" doc:"The component and the key" example:"engine-controller:gust-hold"`
	Key            string        `json:"key" doc:"What the code asks for" example:"gust-hold"`
	Component      string        `json:"component" example:"engine-controller"`
	Team           string        `json:"team" doc:"Who owns the component" example:"engine"`
	Title          string        `json:"title" example:"Hold the thrust in gusts"`
	Description    string        `json:"description"`
	Feature        string        `json:"feature,omitempty" doc:"The feature that it guards"`
	Environments   []FlagSetting `json:"environments" nullable:"false" doc:"Staging, then production"`
	Created        time.Time     `json:"created"`
	Archived       *time.Time    `json:"archived,omitempty" doc:"Since when it is not evaluated any more"`
	ArchivedReason string        `json:"archivedReason,omitempty"`
	Version        int64         `json:"version"`
}

// FlagSetting says for whom a flag is on in one environment.
type FlagSetting struct {
	Environment string     `json:"environment" enum:"staging,production"`
	State       string     `json:"state" enum:"off,on,cohort" doc:"Off for everybody, on for everybody, or on for a cohort"`
	Percent     float64    `json:"percent,omitempty" doc:"Of units, by a keyed hash of the targeting key; a unit that is in stays in while it grows" example:"25"`
	Units       []string   `json:"units,omitempty" doc:"Targeting keys for which it is on whatever their hash"`
	Changed     *time.Time `json:"changed,omitempty" doc:"When it was last switched"`
	ChangedBy   string     `json:"changedBy,omitempty" example:"Eva Moreno"`
	Reason      string     `json:"reason,omitempty" doc:"Why it was last switched"`
}

// FlagFields is what a person says about a flag.
type FlagFields struct {
	Title       string `json:"title" minLength:"1" maxLength:"200" example:"Hold the thrust in gusts"`
	Description string `json:"description,omitempty" maxLength:"5000"`
	Feature     string `json:"feature,omitempty" maxLength:"60" doc:"Identifier of the feature that it guards"`
}

// CreateFlag makes a flag that is off everywhere.
type CreateFlag struct {
	Component string `json:"component" minLength:"1" maxLength:"60" example:"engine-controller"`
	Key       string `json:"key" minLength:"2" maxLength:"60" doc:"2 to 60 lower-case letters, digits and dashes; it keeps it for ever" example:"gust-hold"`
	FlagFields
}

// ChangeFlag replaces what a person says about a flag.
type ChangeFlag struct {
	Version int64 `json:"version" doc:"The version that the change is based on"`
	FlagFields
}

// SwitchFlag says for whom a flag is on in an environment from now on.
type SwitchFlag struct {
	Version     int64    `json:"version" doc:"The version that the change is based on"`
	Environment string   `json:"environment" enum:"staging,production"`
	State       string   `json:"state" enum:"off,on,cohort"`
	Percent     float64  `json:"percent,omitempty" minimum:"0" maximum:"100" doc:"For a cohort: of units, in steps of 0.01" example:"25"`
	Units       []string `json:"units,omitempty" maxItems:"1000" doc:"For a cohort: targeting keys for which it is on whatever their hash"`
	Reason      string   `json:"reason,omitempty" maxLength:"2000" doc:"Why; required in production"`
}

// KillFlag switches a flag off in an environment at once, whatever its version.
type KillFlag struct {
	Environment string `json:"environment,omitempty" enum:"staging,production" default:"production"`
	Reason      string `json:"reason" minLength:"1" maxLength:"2000" example:"Drones sway in gusts"`
}

// ArchiveFlag ends a flag that no code asks for any more.
type ArchiveFlag struct {
	Version int64  `json:"version" doc:"The version that the change is based on"`
	Reason  string `json:"reason" minLength:"1" maxLength:"2000" example:"The feature stays; the code does not ask any more"`
}

// FlagFilter narrows a list of flags; empty fields do not.
type FlagFilter struct {
	Component, Feature, Team string
	On                       string // only those that are on, for a cohort at least, in this environment
	Archived                 bool   // those that are archived instead of the others
}

// Flags lists flags by component and key.
func (c *Client) Flags(ctx context.Context, f FlagFilter, p Paging) (Page[Flag], error) {
	q := p.query()
	narrow(q, "component", f.Component)
	narrow(q, "feature", f.Feature)
	narrow(q, "team", f.Team)
	narrow(q, "on", f.On)
	if f.Archived {
		q.Set("archived", strconv.FormatBool(true))
	}
	return call[Page[Flag]](ctx, c, http.MethodGet, path("flags"), q, nil)
}

// Flag returns one flag.
func (c *Client) Flag(ctx context.Context, id string) (Flag, error) {
	return call[Flag](ctx, c, http.MethodGet, path("flags", id), nil, nil)
}

// CreateFlag makes a flag that is off everywhere.
func (c *Client) CreateFlag(ctx context.Context, in CreateFlag) (Flag, error) {
	return call[Flag](ctx, c, http.MethodPost, path("flags"), nil, in)
}

// ChangeFlag changes what a flag says of itself.
func (c *Client) ChangeFlag(ctx context.Context, id string, in ChangeFlag) (Flag, error) {
	return call[Flag](ctx, c, http.MethodPut, path("flags", id), nil, in)
}

// SwitchFlag says for whom a flag is on in an environment from now on.
func (c *Client) SwitchFlag(ctx context.Context, id string, in SwitchFlag) (Flag, error) {
	return call[Flag](ctx, c, http.MethodPost, path("flags", id, "switch"), nil, in)
}

// KillFlag switches a flag off in an environment at once.
func (c *Client) KillFlag(ctx context.Context, id string, in KillFlag) (Flag, error) {
	return call[Flag](ctx, c, http.MethodPost, path("flags", id, "kill"), nil, in)
}

// ArchiveFlag ends a flag that no code asks for any more.
func (c *Client) ArchiveFlag(ctx context.Context, id string, in ArchiveFlag) (Flag, error) {
	return call[Flag](ctx, c, http.MethodPost, path("flags", id, "archive"), nil, in)
}
