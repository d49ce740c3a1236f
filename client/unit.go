package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Unit is a customer or device to which versions are assigned, and what is known
// of it.
type Unit struct {
	ID         string         `json:"id" doc:"As requests name it, in X-Unit-Id" example:"drone-0815"`
	Attributes map[string]any `json:"attributes" doc:"Texts, numbers, true or false, by name"`
	Recorded   time.Time      `json:"recorded"`
}

// RecordedUnit is a unit to record.
type RecordedUnit struct {
	ID         string         `json:"id" minLength:"1" maxLength:"200" example:"drone-0815"`
	Attributes map[string]any `json:"attributes" doc:"Texts, numbers, true or false, by name"`
}

// RecordUnits records units, in place of what was known of them.
type RecordUnits struct {
	Units []RecordedUnit `json:"units" minItems:"1" maxItems:"5000"`
}

// ForgetUnits removes what is known of units.
type ForgetUnits struct {
	IDs []string `json:"ids" minItems:"1" maxItems:"5000"`
}

// Forgotten says how many of the units were known.
type Forgotten struct {
	Units int64 `json:"units"`
}

// Cohort is who would take part in a stage.
type Cohort struct {
	Known    int      `json:"known" doc:"Units in all"`
	Matching int      `json:"matching" doc:"Of which the condition holds, and that have the attribute that ranks"`
	Units    int      `json:"units" doc:"Of these, how many are taken"`
	Lowest   *float64 `json:"lowest,omitempty" doc:"Number of the last that is taken, where they are ranked"`
	Some     []string `json:"some" nullable:"false" doc:"The first twenty"`
}

// CohortAsk says who makes a cohort.
type CohortAsk struct {
	Where string // condition in CEL over unit.<attribute>
	Rank  string // attribute, the highest first
	Take  int    // 0: all
}

// Units lists units by id; where narrows it when not empty.
func (c *Client) Units(ctx context.Context, where string, p Paging) (Page[Unit], error) {
	q := p.query()
	if where != "" {
		q.Set("where", where)
	}
	return call[Page[Unit]](ctx, c, http.MethodGet, path("units"), q, nil)
}

// RecordUnits records units, all or none.
func (c *Client) RecordUnits(ctx context.Context, in RecordUnits) error {
	_, err := call[struct{}](ctx, c, http.MethodPost, path("units"), nil, in)
	return err
}

// ForgetUnits removes what is known of units.
func (c *Client) ForgetUnits(ctx context.Context, in ForgetUnits) (Forgotten, error) {
	return call[Forgotten](ctx, c, http.MethodPost, path("units", "forget"), nil, in)
}

// Cohort says who would take part in a stage now.
func (c *Client) Cohort(ctx context.Context, in CohortAsk) (Cohort, error) {
	q := url.Values{}
	for k, v := range map[string]string{"where": in.Where, "rank": in.Rank} {
		if v != "" {
			q.Set(k, v)
		}
	}
	if in.Take > 0 {
		q.Set("take", strconv.Itoa(in.Take))
	}
	return call[Cohort](ctx, c, http.MethodGet, path("units", "cohort"), q, nil)
}
