package client

import (
	"context"
	"net/http"
	"time"
)

// Item is a piece of work on a team's board.
type Item struct {
	ID           string     `json:"id" example:"ENG-1"`
	Team         string     `json:"team" example:"engine"`
	Type         string     `json:"type" enum:"feature,defect,risk,debt" example:"feature"`
	Title        string     `json:"title" example:"Raise thrust for missions over 10 kg"`
	Description  string     `json:"description,omitempty"`
	Feature      string     `json:"feature,omitempty" doc:"Identifier of the feature it belongs to"`
	Assignee     string     `json:"assignee,omitempty" doc:"Login or account identifier of who works on it"`
	State        string     `json:"state" enum:"ready,building,verifying,releasing,done" example:"building"`
	Rank         int64      `json:"rank" doc:"Smaller is nearer the top of its column"`
	Blocked      string     `json:"blocked,omitempty" doc:"Why it cannot go on; absent when it can"`
	BlockedSince *time.Time `json:"blockedSince,omitempty"`
	Created      time.Time  `json:"created"`
	Since        time.Time  `json:"since" doc:"When it came into its state"`
	Started      *time.Time `json:"started,omitempty" doc:"When it first left ready; cycle time runs from here"`
	Done         *time.Time `json:"done,omitempty"`
	AgeSeconds   float64    `json:"ageSeconds" doc:"Since started, until done or now; 0 while ready" example:"5400"`
	StaySeconds  float64    `json:"staySeconds" doc:"Since it came into its state" example:"600"`
	Moved        *ItemMove  `json:"moved,omitempty" doc:"Its last move, and why"`
	Moves        []ItemMove `json:"moves,omitempty" doc:"All transitions, oldest first; only when one item is read"`
	Version      int64      `json:"version" doc:"Send it back with a change" example:"3"`
}

// ItemMove is one transition of an item.
type ItemMove struct {
	From    string    `json:"from" doc:"Empty for the first" example:"ready"`
	To      string    `json:"to" example:"building"`
	At      time.Time `json:"at"`
	Because string    `json:"because" doc:"Why, in a sentence" example:"commit 4f1c2ab was pushed to engine-controller"`
	Subject string    `json:"subject,omitempty" doc:"What moved it, as kind/identifier; absent when a person did" example:"commit/4f1c2ab09d"`
	Actor   string    `json:"actor" doc:"Name of who or what moved it" example:"Eva Keller"`
	ByFact  bool      `json:"byFact" doc:"The card moved by itself"`
}

// CreateItem asks for new work, at the end of the team's ready column.
type CreateItem struct {
	Team        string `json:"team" minLength:"1" maxLength:"40" example:"engine"`
	Type        string `json:"type,omitempty" enum:"feature,defect,risk,debt" doc:"Default: feature" example:"feature"`
	Title       string `json:"title" minLength:"1" maxLength:"200" example:"Raise thrust for missions over 10 kg"`
	Description string `json:"description,omitempty" maxLength:"20000"`
	Feature     string `json:"feature,omitempty" maxLength:"80" doc:"Identifier of the feature it belongs to"`
	Assignee    string `json:"assignee,omitempty" maxLength:"80" example:"eva"`
}

// UpdateItem changes what an item says. It does not move it.
type UpdateItem struct {
	Version     int64  `json:"version" doc:"The version this change is based on" example:"3"`
	Type        string `json:"type" enum:"feature,defect,risk,debt" example:"feature"`
	Title       string `json:"title" minLength:"1" maxLength:"200"`
	Description string `json:"description,omitempty" maxLength:"20000"`
	Feature     string `json:"feature,omitempty" maxLength:"80"`
	Assignee    string `json:"assignee,omitempty" maxLength:"80"`
}

// PullItem starts work on a ready item, within the column's limit.
type PullItem struct {
	Version  int64  `json:"version,omitempty" doc:"The version the decision is based on; absent: whatever it is now"`
	Assignee string `json:"assignee,omitempty" maxLength:"80" doc:"Who will work on it; default: as it was, else whoever pulls it"`
}

// MoveItem puts an item into another column, or to another place in its own.
type MoveItem struct {
	Version int64  `json:"version,omitempty" doc:"The version the decision is based on; absent: whatever it is now"`
	To      string `json:"to,omitempty" enum:"ready,building,verifying,releasing,done" doc:"Default: the column it is in" example:"ready"`
	Before  string `json:"before,omitempty" maxLength:"40" doc:"Item of the target column that shall stand right after it; default: to the end" example:"ENG-7"`
	Because string `json:"because,omitempty" maxLength:"500" doc:"Why, for those who will wonder" example:"waits for the new propeller"`
}

// BlockItem says why an item cannot go on.
type BlockItem struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500" example:"the supplier's data sheet is missing"`
}

// Board is a team's work by state.
type Board struct {
	Team       string        `json:"team" example:"engine"`
	Columns    []BoardColumn `json:"columns" nullable:"false"`
	Cycle      CycleTime     `json:"cycle"`
	Throughput []int         `json:"throughput" nullable:"false" doc:"Items done on each of the last 14 days (UTC), today last"`
	Version    int64         `json:"version" doc:"Of the limits; send it back when you change them" example:"1"`
}

// BoardColumn is one state of a board.
type BoardColumn struct {
	State string `json:"state" enum:"ready,building,verifying,releasing,done" example:"building"`
	Limit int    `json:"limit,omitempty" doc:"Most items a person may have here at once; absent: no limit" example:"3"`
	Count int    `json:"count" doc:"All items in this state; for done, those of the last 14 days" example:"2"`
	Over  bool   `json:"over,omitempty" doc:"More than the limit: facts are never refused"`
	Items []Item `json:"items" nullable:"false" doc:"By rank, done ones newest first; at most 200"`
	More  bool   `json:"more,omitempty" doc:"There are more than shown; read GET /items with team and state"`
}

// CycleTime is how long items took from started to done in the last 90 days.
type CycleTime struct {
	N             int      `json:"n" doc:"Items finished in the last 90 days" example:"41"`
	MedianSeconds *float64 `json:"medianSeconds,omitempty" doc:"Absent when there are too few"`
	P85Seconds    *float64 `json:"p85Seconds,omitempty" doc:"85 of 100 items took at most this; absent when there are too few"`
	Minimum       int      `json:"minimum" doc:"How many are needed for a figure" example:"5"`
}

// SetBoard changes the limits of work in progress.
type SetBoard struct {
	Version int64          `json:"version" doc:"The version this change is based on" example:"1"`
	Limits  map[string]int `json:"limits" doc:"Limits by column (building, verifying, releasing); 0 lifts one, a column left out keeps its limit"`
}

// ItemFilter narrows a list of items; empty fields do not. Text is looked for
// in identifiers and titles.
type ItemFilter struct{ Team, State, Type, Feature, Assignee, Text string }

// Items lists items, newest first.
func (c *Client) Items(ctx context.Context, f ItemFilter, p Paging) (Page[Item], error) {
	q := p.query()
	narrow(q, "team", f.Team)
	narrow(q, "state", f.State)
	narrow(q, "type", f.Type)
	narrow(q, "feature", f.Feature)
	narrow(q, "assignee", f.Assignee)
	narrow(q, "q", f.Text)
	return call[Page[Item]](ctx, c, http.MethodGet, path("items"), q, nil)
}

// Item returns an item with its transitions.
func (c *Client) Item(ctx context.Context, id string) (Item, error) {
	return call[Item](ctx, c, http.MethodGet, path("items", id), nil, nil)
}

// CreateItem adds an item at the end of its team's ready column.
func (c *Client) CreateItem(ctx context.Context, in CreateItem) (Item, error) {
	return call[Item](ctx, c, http.MethodPost, path("items"), nil, in)
}

// UpdateItem changes what an item says.
func (c *Client) UpdateItem(ctx context.Context, id string, in UpdateItem) (Item, error) {
	return call[Item](ctx, c, http.MethodPut, path("items", id), nil, in)
}

// PullItem starts work on a ready item.
func (c *Client) PullItem(ctx context.Context, id string, in PullItem) (Item, error) {
	return call[Item](ctx, c, http.MethodPost, path("items", id, "pull"), nil, in)
}

// MoveItem moves an item by hand.
func (c *Client) MoveItem(ctx context.Context, id string, in MoveItem) (Item, error) {
	return call[Item](ctx, c, http.MethodPost, path("items", id, "move"), nil, in)
}

// BlockItem says why an item cannot go on.
func (c *Client) BlockItem(ctx context.Context, id string, in BlockItem) (Item, error) {
	return call[Item](ctx, c, http.MethodPost, path("items", id, "block"), nil, in)
}

// UnblockItem says that an item can go on.
func (c *Client) UnblockItem(ctx context.Context, id string) (Item, error) {
	return call[Item](ctx, c, http.MethodPost, path("items", id, "unblock"), nil, nil)
}

// Board returns a team's board.
func (c *Client) Board(ctx context.Context, team string) (Board, error) {
	return call[Board](ctx, c, http.MethodGet, path("teams", team, "board"), nil, nil)
}

// SetBoard changes the limits of a team's board.
func (c *Client) SetBoard(ctx context.Context, team string, in SetBoard) (Board, error) {
	return call[Board](ctx, c, http.MethodPut, path("teams", team, "board"), nil, in)
}
