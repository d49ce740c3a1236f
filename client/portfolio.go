package client

import (
	"context"
	"net/http"
	"time"
)

// Portfolio is the whole board in one answer: why the company exists, how it
// measures that, and what it bets on.
type Portfolio struct {
	Vision      *Vision      `json:"vision,omitempty" doc:"Absent until the board has set one"`
	Objectives  []Objective  `json:"objectives" nullable:"false" doc:"Oldest first, each with its key results"`
	Initiatives []Initiative `json:"initiatives" nullable:"false" doc:"Ranked: by scoring set, then WSJF, highest first; unscored last"`
}

// Vision is the one sentence everything below serves.
type Vision struct {
	ID      string    `json:"id"`
	Text    string    `json:"text" example:"Grow our share of the drone market"`
	Version int64     `json:"version" doc:"Send it back with an edit"`
	By      string    `json:"by" doc:"Name of who set this text"`
	At      time.Time `json:"at" doc:"When this text was set"`
}

// SetVision replaces the vision's text.
type SetVision struct {
	Text    string `json:"text" minLength:"1" maxLength:"2000" example:"Grow our share of the drone market"`
	Version int64  `json:"version,omitempty" doc:"The version you saw; 0 when there was none"`
}

// Objective is what the company wants to be true; its key results measure it.
type Objective struct {
	ID          string      `json:"id"`
	Title       string      `json:"title" example:"Carry heavy loads"`
	Description string      `json:"description"`
	Owner       string      `json:"owner" example:"Mara Holt"`
	Score       *float64    `json:"score,omitempty" doc:"Mean of the key results' scores, 0..1; absent until one was measured"`
	KeyResults  []KeyResult `json:"keyResults" nullable:"false" doc:"Oldest first"`
	Version     int64       `json:"version"`
	Created     time.Time   `json:"created"`
}

// CreateObjective adds an objective under the vision.
type CreateObjective struct {
	Title       string `json:"title" minLength:"1" maxLength:"200" example:"Carry heavy loads"`
	Description string `json:"description,omitempty" maxLength:"5000"`
	Owner       string `json:"owner,omitempty" maxLength:"200" example:"Mara Holt"`
}

// ChangeObjective replaces an objective's fields.
type ChangeObjective struct {
	Version int64 `json:"version" doc:"The version you saw"`
	CreateObjective
}

// Selector says which outcome events count as success of a key result in an
// experiment: events of this name whose attributes have these values.
type Selector struct {
	Event string            `json:"event" maxLength:"200" example:"mission.finished"`
	Where map[string]string `json:"where,omitempty" example:"{\"load\":\"heavy\"}" doc:"Attribute to value; all must match"`
}

// KeyResult is a measure of an objective. Its value is a query over telemetry,
// never typed.
type KeyResult struct {
	ID        string     `json:"id"`
	Objective string     `json:"objective"`
	Title     string     `json:"title" example:"Share of missions over 10 kg that succeed"`
	Unit      string     `json:"unit" example:"%"`
	Query     string     `json:"query" doc:"PromQL that gives one value in the unit"`
	Baseline  float64    `json:"baseline"`
	Target    float64    `json:"target" example:"60"`
	Outcome   *Selector  `json:"outcome,omitempty" doc:"What rollouts measure as an experiment; absent: none"`
	Value     *float64   `json:"value,omitempty" doc:"Last measured; absent until the query gave one"`
	Score     *float64   `json:"score,omitempty" doc:"Way from baseline to target, 0..1"`
	Measured  *time.Time `json:"measured,omitempty" doc:"When value was measured"`
	Problem   string     `json:"problem,omitempty" doc:"Why the last measurement gave no value; empty when it did"`
	Spark     []Point    `json:"spark" nullable:"false" doc:"At most 60 points of the last 30 days, oldest first"`
	Version   int64      `json:"version"`
	Created   time.Time  `json:"created"`
}

// KeyResultDetail is a key result with its history.
type KeyResultDetail struct {
	KeyResult
	History []Point `json:"history" nullable:"false" doc:"At most 500 points over its whole life, oldest first"`
}

// Point is one measurement.
type Point struct {
	At    time.Time `json:"at"`
	Value float64   `json:"value"`
}

// CreateKeyResult adds a measure to an objective.
type CreateKeyResult struct {
	Objective string `json:"objective" minLength:"1" doc:"Identifier of the objective"`
	KeyResultFields
}

// ChangeKeyResult replaces a key result's fields.
type ChangeKeyResult struct {
	Version int64 `json:"version" doc:"The version you saw"`
	KeyResultFields
}

// KeyResultFields is what a person says about a key result.
type KeyResultFields struct {
	Title    string    `json:"title" minLength:"1" maxLength:"200" example:"Share of missions over 10 kg that succeed"`
	Unit     string    `json:"unit" required:"false" maxLength:"40" example:"%"`
	Query    string    `json:"query" minLength:"1" maxLength:"4000" example:"100 * sum(rate(missions_total{load=\"heavy\",outcome=\"success\"}[5m])) / sum(rate(missions_total{load=\"heavy\"}[5m]))"`
	Baseline float64   `json:"baseline" required:"false" example:"0"`
	Target   float64   `json:"target" example:"60" doc:"May lie below the baseline when less is better; not equal to it"`
	Outcome  *Selector `json:"outcome,omitempty"`
}

// Hypothesis is the epic hypothesis statement: For <for> who <who> the <the>
// is a <isA> that <that>, unlike <unlike>, our solution <ourSolution>.
type Hypothesis struct {
	For         string `json:"for" required:"false" maxLength:"1000" example:"logistics companies"`
	Who         string `json:"who" required:"false" maxLength:"1000" example:"deliver heavy goods to places without roads"`
	The         string `json:"the" required:"false" maxLength:"1000" example:"heavy-lift drone"`
	IsA         string `json:"isA" required:"false" maxLength:"1000" example:"delivery drone"`
	That        string `json:"that" required:"false" maxLength:"1000" example:"carries more than 10 kg"`
	Unlike      string `json:"unlike" required:"false" maxLength:"1000" example:"helicopters"`
	OurSolution string `json:"ourSolution" required:"false" maxLength:"1000" example:"needs no pilot and a tenth of the cost"`
}

// Scores are the four relative scores of weighted shortest job first. They
// compare only within one scoring set.
type Scores struct {
	Set               string `json:"set" maxLength:"80" example:"2026-Q4" doc:"Initiatives scored side by side share a set"`
	UserBusinessValue int    `json:"userBusinessValue" enum:"1,2,3,5,8,13,20" example:"13"`
	TimeCriticality   int    `json:"timeCriticality" enum:"1,2,3,5,8,13,20" example:"8"`
	RiskReduction     int    `json:"riskReduction" enum:"1,2,3,5,8,13,20" example:"5" doc:"Risk reduction or opportunity enablement"`
	JobSize           int    `json:"jobSize" enum:"1,2,3,5,8,13,20" example:"8"`
}

// WSJF is a ranked score with its parts.
type WSJF struct {
	Scores
	CostOfDelay int       `json:"costOfDelay" doc:"Sum of the three value scores"`
	WSJF        float64   `json:"wsjf" doc:"Cost of delay / job size"`
	Rank        int       `json:"rank" doc:"1 is first; among the open initiatives of the set; 0 when done"`
	Of          int       `json:"of" doc:"Open initiatives in the set"`
	By          string    `json:"by" doc:"Who scored"`
	At          time.Time `json:"at"`
}

// Money is an amount in whole units of a currency.
type Money struct {
	Amount   int64  `json:"amount" minimum:"0" example:"750000"`
	Currency string `json:"currency" pattern:"^[A-Z]{3}$" patternDescription:"three capital letters, as EUR" example:"EUR" doc:"ISO 4217"`
}

// Spend is what an initiative has cost so far, as far as it can be computed:
// days its items were in work, at the declared rate.
type Spend struct {
	Days  float64 `json:"days" doc:"Sum over items of the days from start to done, or to now"`
	Items int     `json:"items" doc:"Items started"`
	Cost  *Money  `json:"cost,omitempty" doc:"Days x day rate; absent while no day rate is declared"`
}

// Initiative is a bet of the portfolio: an epic with its hypothesis, its price
// and its place on the portfolio board.
type Initiative struct {
	ID string `json:"id"`
	InitiativeFields
	Objective string        `json:"objective"`
	State     string        `json:"state" enum:"funnel,reviewing,analysing,ready,implementing,done"`
	Since     time.Time     `json:"since" doc:"In this state since"`
	Approved  bool          `json:"approved" doc:"A go decision stands"`
	WSJF      *WSJF         `json:"wsjf,omitempty" doc:"Absent while not scored"`
	Features  FeatureCounts `json:"features"`
	Spend     Spend         `json:"spend"`
	Result    Result        `json:"result" doc:"Predicted against measured"`
	Gate      Gate          `json:"gate" doc:"What the next step on the board needs"`
	Version   int64         `json:"version"`
	Created   time.Time     `json:"created"`
	By        string        `json:"by" doc:"Who proposed it"`
}

// FeatureCounts counts the features of an initiative by state.
type FeatureCounts struct {
	Planned  int `json:"planned"`
	Building int `json:"building"`
	Released int `json:"released"`
}

// InitiativeFields is what a person says about an initiative.
type InitiativeFields struct {
	Title             string     `json:"title" minLength:"1" maxLength:"200" example:"Heavy-lift drone"`
	Owner             string     `json:"owner,omitempty" maxLength:"200" example:"Mara Holt" doc:"Epic owner"`
	KeyResult         string     `json:"keyResult,omitempty" doc:"Identifier of the key result it should move"`
	Hypothesis        Hypothesis `json:"hypothesis,omitempty"`
	BusinessOutcome   string     `json:"businessOutcome,omitempty" maxLength:"2000" example:"60 % of missions over 10 kg succeed within two quarters" doc:"Business outcome hypothesis"`
	LeadingIndicators []string   `json:"leadingIndicators,omitempty" nullable:"false" maxItems:"20" example:"[\"heavy missions flown per week\"]"`
	NonFunctional     []string   `json:"nonFunctional,omitempty" nullable:"false" maxItems:"20" example:"[\"flies in 12 m/s wind\"]" doc:"Non-functional requirements"`
	MVP               string     `json:"mvp,omitempty" maxLength:"2000" example:"one engine controller that holds 10 kg in hover" doc:"Smallest thing that tests the hypothesis"`
	Scores            *Scores    `json:"scores,omitempty"`
	Cost              *Money     `json:"cost,omitempty" doc:"Estimate"`
	Budget            *Money     `json:"budget,omitempty" doc:"In the estimate's currency"`
	DayRate           *Money     `json:"dayRate,omitempty" doc:"Cost of one item in work for one day, in the estimate's currency"`
	Predicted         *float64   `json:"predicted,omitempty" example:"40" doc:"Change of the key result it should cause, in the key result's unit"`
}

// CreateInitiative proposes an initiative; it begins in the funnel.
type CreateInitiative struct {
	Objective string `json:"objective" minLength:"1" doc:"Identifier of the objective"`
	InitiativeFields
}

// ChangeInitiative replaces an initiative's fields.
type ChangeInitiative struct {
	Version int64 `json:"version" doc:"The version you saw"`
	InitiativeFields
}

// MoveInitiative moves an initiative on the portfolio board; the gate of the
// step must hold.
type MoveInitiative struct {
	Version int64  `json:"version" doc:"The version you saw"`
	To      string `json:"to" enum:"funnel,reviewing,analysing,ready,implementing,done"`
}

// DecideInitiative records a decision and freezes what was known.
type DecideInitiative struct {
	Version int64  `json:"version" doc:"The version you saw"`
	Verdict string `json:"verdict" enum:"go,no-go,persevere,pivot,stop"`
	Reason  string `json:"reason" minLength:"1" maxLength:"5000" example:"The market leaves in two years; the engine is the riskiest part and is cheap to test."`
}

// Gate is the exit gate of an initiative's state.
type Gate struct {
	To     string  `json:"to" doc:"The next state; empty when done"`
	Open   bool    `json:"open" doc:"Every check holds"`
	Checks []Check `json:"checks" nullable:"false"`
}

// Check is one clause of a gate.
type Check struct {
	Name string `json:"name" example:"hypothesis.who" doc:"The field or fact that is checked"`
	Text string `json:"text" example:"the hypothesis says who the customer is"`
	OK   bool   `json:"ok"`
}

// Result holds what was predicted for an initiative's key result against what
// was measured.
type Result struct {
	Unit       string   `json:"unit" example:"%" doc:"Of all numbers here: the key result's unit, or \"share of units\" when not comparable"`
	Predicted  *float64 `json:"predicted,omitempty" doc:"Change the owner predicted, in the key result's unit"`
	Measured   *float64 `json:"measured,omitempty" doc:"Change measured; absent when nothing was"`
	Low        *float64 `json:"low,omitempty"`
	High       *float64 `json:"high,omitempty"`
	Level      float64  `json:"level,omitempty" doc:"Confidence that the interval covers, at least"`
	Grade      string   `json:"grade" enum:"A,B,C,D" doc:"A randomised, B quasi-experimental, C before/after, D stated only"`
	Basis      string   `json:"basis" doc:"In a sentence: what the measured number rests on"`
	Comparable bool     `json:"comparable" doc:"Predicted and measured have the same unit"`
}

// MeasuredEffect is what one rollout did to a key result.
type MeasuredEffect struct {
	Rollout   string    `json:"rollout"`
	Component string    `json:"component"`
	Feature   string    `json:"feature"`
	KeyResult string    `json:"keyResult"`
	Event     string    `json:"event" doc:"The outcome event that was counted"`
	Estimate  float64   `json:"estimate" doc:"New minus old version, share of units with success, -1..1"`
	Low       float64   `json:"low"`
	High      float64   `json:"high"`
	Level     float64   `json:"level" example:"0.95"`
	Units     int64     `json:"units"`
	Grade     string    `json:"grade" enum:"A,B,C,D"`
	Kept      string    `json:"kept" enum:"running,promoted,rolled_back" doc:"What became of the rollout; only promoted ones count"`
	At        time.Time `json:"at"`
}

// InitiativeDetail is an initiative with all that is known about it.
type InitiativeDetail struct {
	Initiative
	Effects   []MeasuredEffect `json:"effects" nullable:"false" doc:"Newest first"`
	Decisions []Decision       `json:"decisions" nullable:"false" doc:"Newest first, each with what was known then"`
	Work      []Feature        `json:"work" nullable:"false" doc:"Its features, in order"`
}

// Decision is what the board decided and on what evidence. It never changes.
type Decision struct {
	ID       string    `json:"id"`
	Verdict  string    `json:"verdict" enum:"go,no-go,persevere,pivot,stop"`
	Reason   string    `json:"reason"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
	From     string    `json:"from" doc:"State before"`
	To       string    `json:"to" doc:"State after"`
	Evidence Evidence  `json:"evidence"`
	Frozen   string    `json:"frozen" doc:"The exact JSON text that was frozen; its SHA-256 is the hash"`
	Hash     string    `json:"hash" doc:"SHA-256 of frozen, hex; also in the journal's fact"`
	Intact   bool      `json:"intact" doc:"Frozen still has this hash"`
}

// Evidence is what was known when a decision was made.
type Evidence struct {
	At         time.Time           `json:"at"`
	Vision     string              `json:"vision"`
	Objective  string              `json:"objective" doc:"Title"`
	Initiative EvidenceInitiative  `json:"initiative"`
	Competing  []EvidenceCompeting `json:"competing" nullable:"false" doc:"The open initiatives of the scoring set, ranked, this one included"`
	KeyResults []EvidenceKeyResult `json:"keyResults" nullable:"false" doc:"Of the objective"`
	Effects    []MeasuredEffect    `json:"effects" nullable:"false"`
	Result     Result              `json:"result"`
	Spend      Spend               `json:"spend"`
	Features   FeatureCounts       `json:"features"`
}

// EvidenceInitiative is the initiative's text as it stood.
type EvidenceInitiative struct {
	ID      string `json:"id"`
	Version int64  `json:"version"`
	State   string `json:"state"`
	InitiativeFields
}

// EvidenceCompeting is an initiative beside which this one was ranked.
type EvidenceCompeting struct {
	ID          string  `json:"id"`
	Title       string  `json:"title"`
	State       string  `json:"state"`
	Scores      Scores  `json:"scores"`
	CostOfDelay int     `json:"costOfDelay"`
	WSJF        float64 `json:"wsjf"`
	Rank        int     `json:"rank"`
}

// EvidenceKeyResult is a key result's value as it stood.
type EvidenceKeyResult struct {
	ID       string     `json:"id"`
	Title    string     `json:"title"`
	Unit     string     `json:"unit"`
	Query    string     `json:"query"`
	Baseline float64    `json:"baseline"`
	Target   float64    `json:"target"`
	Value    *float64   `json:"value,omitempty"`
	Score    *float64   `json:"score,omitempty"`
	Measured *time.Time `json:"measured,omitempty"`
}

// InitiativeFilter narrows a list of initiatives; empty fields do not.
type InitiativeFilter struct{ Objective, State string }

// Portfolio returns the whole board.
func (c *Client) Portfolio(ctx context.Context) (Portfolio, error) {
	return call[Portfolio](ctx, c, http.MethodGet, path("portfolio"), nil, nil)
}

// SetVision sets the vision.
func (c *Client) SetVision(ctx context.Context, in SetVision) (Vision, error) {
	return call[Vision](ctx, c, http.MethodPut, path("vision"), nil, in)
}

// CreateObjective adds an objective.
func (c *Client) CreateObjective(ctx context.Context, in CreateObjective) (Objective, error) {
	return call[Objective](ctx, c, http.MethodPost, path("objectives"), nil, in)
}

// ChangeObjective changes an objective.
func (c *Client) ChangeObjective(ctx context.Context, id string, in ChangeObjective) (Objective, error) {
	return call[Objective](ctx, c, http.MethodPut, path("objectives", id), nil, in)
}

// KeyResult returns a key result with its history.
func (c *Client) KeyResult(ctx context.Context, id string) (KeyResultDetail, error) {
	return call[KeyResultDetail](ctx, c, http.MethodGet, path("key-results", id), nil, nil)
}

// CreateKeyResult adds a key result.
func (c *Client) CreateKeyResult(ctx context.Context, in CreateKeyResult) (KeyResult, error) {
	return call[KeyResult](ctx, c, http.MethodPost, path("key-results"), nil, in)
}

// ChangeKeyResult changes a key result.
func (c *Client) ChangeKeyResult(ctx context.Context, id string, in ChangeKeyResult) (KeyResult, error) {
	return call[KeyResult](ctx, c, http.MethodPut, path("key-results", id), nil, in)
}

// Initiatives lists initiatives, ranked.
func (c *Client) Initiatives(ctx context.Context, f InitiativeFilter, p Paging) (Page[Initiative], error) {
	q := p.query()
	narrow(q, "objective", f.Objective)
	narrow(q, "state", f.State)
	return call[Page[Initiative]](ctx, c, http.MethodGet, path("initiatives"), q, nil)
}

// Initiative returns an initiative with all that is known about it.
func (c *Client) Initiative(ctx context.Context, id string) (InitiativeDetail, error) {
	return call[InitiativeDetail](ctx, c, http.MethodGet, path("initiatives", id), nil, nil)
}

// CreateInitiative proposes an initiative.
func (c *Client) CreateInitiative(ctx context.Context, in CreateInitiative) (Initiative, error) {
	return call[Initiative](ctx, c, http.MethodPost, path("initiatives"), nil, in)
}

// ChangeInitiative changes an initiative.
func (c *Client) ChangeInitiative(ctx context.Context, id string, in ChangeInitiative) (Initiative, error) {
	return call[Initiative](ctx, c, http.MethodPut, path("initiatives", id), nil, in)
}

// MoveInitiative moves an initiative on the portfolio board.
func (c *Client) MoveInitiative(ctx context.Context, id string, in MoveInitiative) (Initiative, error) {
	return call[Initiative](ctx, c, http.MethodPost, path("initiatives", id, "move"), nil, in)
}

// DecideInitiative records a decision about an initiative.
func (c *Client) DecideInitiative(ctx context.Context, id string, in DecideInitiative) (Initiative, error) {
	return call[Initiative](ctx, c, http.MethodPost, path("initiatives", id, "decide"), nil, in)
}
