package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// CostRates are what a unit costs.
type CostRates struct {
	CPUHour        float64    `json:"cpuHour" doc:"An hour of a processor, of workloads and git; that of builds is priced with their minutes" example:"0.04"`
	MemoryGBHour   float64    `json:"memoryGbHour" doc:"10^9 bytes of a workload for an hour" example:"0.005"`
	StorageGBMonth float64    `json:"storageGbMonth" doc:"10^9 bytes for 730 hours" example:"0.1"`
	BuildMinute    float64    `json:"buildMinute" doc:"A minute of a pipeline step, with all that it uses" example:"0.008"`
	Currency       string     `json:"currency" doc:"ISO 4217" example:"EUR"`
	Version        int64      `json:"version" doc:"1: the defaults, which nobody changed"`
	By             string     `json:"by,omitempty" doc:"Who changed them last"`
	Changed        *time.Time `json:"changed,omitempty"`
}

// SetCostRates replaces the rates.
type SetCostRates struct {
	Version        int64   `json:"version" doc:"The version that the edit is based on"`
	CPUHour        float64 `json:"cpuHour" minimum:"0" maximum:"1000000"`
	MemoryGBHour   float64 `json:"memoryGbHour" minimum:"0" maximum:"1000000"`
	StorageGBMonth float64 `json:"storageGbMonth" minimum:"0" maximum:"1000000"`
	BuildMinute    float64 `json:"buildMinute" minimum:"0" maximum:"1000000"`
	Currency       string  `json:"currency" minLength:"3" maxLength:"3" example:"EUR"`
}

// CostSum is what was used and what that costs by the rates in force.
type CostSum struct {
	CPUSeconds     float64 `json:"cpuSeconds" doc:"Processor time, of builds too"`
	MemoryGBHours  float64 `json:"memoryGbHours" doc:"Of workloads"`
	StorageGBHours float64 `json:"storageGbHours" doc:"Of repositories, artifacts and metrics"`
	BuildMinutes   float64 `json:"buildMinutes" doc:"Of pipeline steps"`
	CPU            float64 `json:"cpu" doc:"Price of the processor time"`
	Memory         float64 `json:"memory" doc:"Price of the memory"`
	Storage        float64 `json:"storage" doc:"Price of the storage"`
	Build          float64 `json:"build" doc:"Price of the build minutes"`
	Total          float64 `json:"total" doc:"Price of all"`
}

// CostTeam is what a team's components used.
type CostTeam struct {
	Team string `json:"team" example:"engine"`
	CostSum
}

// CostPlace is what a component used at a place.
type CostPlace struct {
	Place string `json:"place" enum:"production,staging,previews,builds,source,repository,artifacts,telemetry,resources" doc:"builds: steps of pipelines; source: git; repository, artifacts, telemetry, resources: what is stored"`
	CostSum
}

// CostComponent is what a component used, and where.
type CostComponent struct {
	Component string      `json:"component" example:"engine-controller"`
	Team      string      `json:"team" example:"engine"`
	Places    []CostPlace `json:"places" nullable:"false"`
	CostSum
}

// CostDay is what was used on a day.
type CostDay struct {
	Day time.Time `json:"day" doc:"Midnight, UTC"`
	CostSum
}

// Cost is what components used and what that costs.
type Cost struct {
	From             time.Time       `json:"from"`
	To               time.Time       `json:"to"`
	Rates            CostRates       `json:"rates"`
	Total            CostSum         `json:"total" doc:"Of the components"`
	Teams            []CostTeam      `json:"teams" nullable:"false" doc:"Dearest first"`
	Components       []CostComponent `json:"components" nullable:"false" doc:"Dearest first"`
	Days             []CostDay       `json:"days" nullable:"false" doc:"Every day of the range"`
	ChildrenSeconds  float64         `json:"childrenSeconds" doc:"Processor time of all processes that the factory started, whatever is asked for"`
	Unattributed     float64         `json:"unattributedSeconds" doc:"What of that no component has"`
	UnattributedCost float64         `json:"unattributedCost"`
}

// CostFilter narrows what is asked for; empty fields do not.
type CostFilter struct {
	Team, Component string
	Days            int // with today; 0: 30
}

// Cost returns what was used and what that costs.
func (c *Client) Cost(ctx context.Context, f CostFilter) (Cost, error) {
	q := url.Values{}
	for k, v := range map[string]string{"team": f.Team, "component": f.Component} {
		if v != "" {
			q.Set(k, v)
		}
	}
	if f.Days > 0 {
		q.Set("days", strconv.Itoa(f.Days))
	}
	return call[Cost](ctx, c, http.MethodGet, path("cost"), q, nil)
}

// CostRates returns what a unit costs.
func (c *Client) CostRates(ctx context.Context) (CostRates, error) {
	return call[CostRates](ctx, c, http.MethodGet, path("cost", "rates"), nil, nil)
}

// SetCostRates replaces what a unit costs.
func (c *Client) SetCostRates(ctx context.Context, in SetCostRates) (CostRates, error) {
	return call[CostRates](ctx, c, http.MethodPut, path("cost", "rates"), nil, in)
}
