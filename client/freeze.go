package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Freeze is a window of time in which production shall not change. Evidence of
// harm still takes a version back, and the hotfix lane is not stopped.
type Freeze struct {
	ID           string     `json:"id"`
	Name         string     `json:"name" example:"Year end"`
	Reason       string     `json:"reason"`
	State        string     `json:"state" enum:"planned,active,over,lifted"`
	Team         string     `json:"team,omitempty" doc:"Whose components it is for; absent: every team's"`
	Component    string     `json:"component,omitempty" doc:"Absent: every component"`
	Begins       time.Time  `json:"begins"`
	Ends         time.Time  `json:"ends"`
	DeclaredBy   string     `json:"declaredBy"`
	Declared     time.Time  `json:"declared"`
	Lifted       *time.Time `json:"lifted,omitempty"`
	LiftedBy     string     `json:"liftedBy,omitempty"`
	LiftedReason string     `json:"liftedReason,omitempty"`
}

// DeclareFreeze asks for a freeze.
type DeclareFreeze struct {
	Name      string     `json:"name" minLength:"1" maxLength:"200" example:"Year end"`
	Reason    string     `json:"reason" minLength:"1" maxLength:"2000" example:"The books are closed"`
	Team      string     `json:"team,omitempty" maxLength:"100" doc:"Whose components; without it, every team's"`
	Component string     `json:"component,omitempty" maxLength:"100" doc:"Without it, every component"`
	Begins    *time.Time `json:"begins,omitempty" doc:"Without it, now"`
	Ends      time.Time  `json:"ends"`
}

// Freezes lists freezes, those that end last first; with all, also those that
// are over or lifted.
func (c *Client) Freezes(ctx context.Context, all bool) (Page[Freeze], error) {
	q := url.Values{}
	if all {
		q.Set("all", "true")
	}
	return call[Page[Freeze]](ctx, c, http.MethodGet, path("freezes"), q, nil)
}

// DeclareFreeze makes a freeze.
func (c *Client) DeclareFreeze(ctx context.Context, in DeclareFreeze) (Freeze, error) {
	return call[Freeze](ctx, c, http.MethodPost, path("freezes"), nil, in)
}

// LiftFreeze ends a freeze before its time.
func (c *Client) LiftFreeze(ctx context.Context, id string, in Reason) (Freeze, error) {
	return call[Freeze](ctx, c, http.MethodPost, path("freezes", id, "lift"), nil, in)
}
