package client

import (
	"context"
	"io"
	"net/http"
	"time"
)

// Rollout is one version's way to the customers.
type Rollout struct {
	ID         string     `json:"id"`
	Component  string     `json:"component" example:"engine-controller"`
	Team       string     `json:"team" example:"engine"`
	Artifact   string     `json:"artifact" doc:"Digest of the image"`
	Release    string     `json:"release" doc:"The artifact's version" example:"12"`
	Baseline   string     `json:"baseline,omitempty" doc:"The version it is compared with; absent for a first version" example:"11"`
	Run        string     `json:"run" doc:"Pipeline run that made the artifact"`
	Commit     string     `json:"commit"`
	Title      string     `json:"title" doc:"Title of the commit"`
	Items      []string   `json:"items" nullable:"false" example:"[\"ENG-1\"]"`
	Lane       string     `json:"lane" enum:"normal,hotfix"`
	First      bool       `json:"first" doc:"There is no baseline"`
	Worker     bool       `json:"worker" doc:"It serves nothing, so that no requests are split: both versions run and are watched; shares say nothing"`
	Phase      string     `json:"phase" enum:"queued,staging,starting,running,promoting,rolling_back,promoted,rolled_back,failed,superseded"`
	Stage      int        `json:"stage" doc:"Index into shares"`
	Share      float64    `json:"share" doc:"Of units to the new version now, 0..1"`
	Shares     []float64  `json:"shares" nullable:"false" doc:"Of the stages; empty before the plan is frozen"`
	Held       string     `json:"held,omitempty" doc:"Why a person holds it"`
	Waiting    string     `json:"waiting,omitempty" doc:"What it waits for"`
	Reason     string     `json:"reason,omitempty" doc:"Why it ended as it did"`
	BackTo     string     `json:"backTo,omitempty" doc:"The version that a promoted one was taken back to" example:"11"`
	ByHand     string     `json:"byHand,omitempty" doc:"Who rolled it back by hand"`
	ReleaseID  string     `json:"releaseId,omitempty" doc:"The release whose part it is; absent when it goes by itself"`
	Cause      string     `json:"cause,omitempty" doc:"Rollout of the part that took this one back with it: nothing was found against this version"`
	Requests   int64      `json:"requests" doc:"That both arms got"`
	Unanswered int64      `json:"unanswered" doc:"Requests that got no answer from a service"`
	PlanHash   string     `json:"planHash,omitempty"`
	Created    time.Time  `json:"created"`
	Staged     *time.Time `json:"staged,omitempty" doc:"When staging had proved it"`
	Started    *time.Time `json:"started,omitempty" doc:"First production traffic"`
	Deciding   *time.Time `json:"deciding,omitempty" doc:"The event that decided"`
	Decided    *time.Time `json:"decided,omitempty"`
	Moved      *time.Time `json:"moved,omitempty" doc:"Traffic was where the verdict wants it"`
	Finished   *time.Time `json:"finished,omitempty"`
	StageBegan *time.Time `json:"stageBegan,omitempty"`
}

// RolloutDetail is a rollout with everything that its verdict rests on. While
// it runs, the verdict is that of this moment.
type RolloutDetail struct {
	Rollout
	Plan     *RolloutPlan      `json:"plan,omitempty" doc:"Frozen before the first unit was exposed"`
	Verdict  *Verdict          `json:"verdict,omitempty"`
	Arms     []Arm             `json:"arms" nullable:"false" doc:"Baseline and canary, side by side"`
	Stages   []StageCount      `json:"stages" nullable:"false" doc:"First exposures by stage"`
	Trace    []TracePoint      `json:"trace" nullable:"false" doc:"The evidence over time"`
	Measured []MeasuredOutcome `json:"measured" nullable:"false" doc:"What it did to key results"`
	Watch    *Watch            `json:"watch,omitempty" doc:"What decides of a worker; absent for a service"`
	Awaits   *int              `json:"awaits,omitempty" doc:"The stage for which only a person's approval is missing"`
	Backs    []EarlierVersion  `json:"backs" nullable:"false" doc:"Where a person can take it back to at once, the newest first; empty unless production runs it"`
	Bad      bool              `json:"bad" doc:"Nothing applies this artifact again until a person clears it"`
}

// Watch is how a worker is watched, and what was seen so far.
type Watch struct {
	Seconds  float64    `json:"seconds" doc:"That it must run without ending by itself" example:"300"`
	Crashes  int64      `json:"crashes" doc:"So many, and more than the version before had, take it back" example:"3"`
	Steady   *time.Time `json:"steady,omitempty" doc:"Since when it has run; absent while it does not"`
	Crashed  int64      `json:"crashed" doc:"How often it ended by itself since it is watched"`
	Baseline int64      `json:"baseline" doc:"How often the version before did in the same time"`
}

// RolloutPlan is the frozen plan.
type RolloutPlan struct {
	Alpha           float64           `json:"alpha" doc:"Highest acceptable probability of a false rollback, over the whole rollout"`
	Beta            float64           `json:"beta" doc:"Highest acceptable probability of a wrong promotion"`
	Margin          float64           `json:"margin" doc:"Increase of the failure rate, as a fraction of the baseline's, that must be ruled out"`
	AcceptedRate    float64           `json:"acceptedRate" doc:"Share of units that may fail without blocking"`
	MinimumUnits    int64             `json:"minimumUnits" doc:"Units the canary must serve in a stage before it widens"`
	ExperimentUnits int64             `json:"experimentUnits" doc:"Units with an outcome that each arm must have to measure a key result"`
	Shares          []float64         `json:"shares" nullable:"false"`
	Stages          []PlannedStage    `json:"stages" nullable:"false"`
	Preview         *Preview          `json:"preview,omitempty" doc:"Requests with this header get the new version in every stage, and are not counted"`
	Metrics         []PlannedMetric   `json:"metrics" nullable:"false"`
	Unwatched       []UnwatchedMetric `json:"unwatched" nullable:"false" doc:"Metrics that this rollout cannot watch"`
	Hash            string            `json:"hash"`
}

// PlannedStage is a stage of a plan and what must be before it begins and ends.
type PlannedStage struct {
	Share    float64        `json:"share" doc:"Of those who take part, to the new version, 0..1"`
	Units    int64          `json:"units" doc:"That the new version must serve in it before the next begins"`
	Soak     string         `json:"soak,omitempty" doc:"How long it lasts at the least" example:"24h0m0s"`
	Cohort   *PlannedCohort `json:"cohort,omitempty" doc:"Who takes part; absent: everybody"`
	Approval bool           `json:"approval" doc:"A person must approve it before it begins"`
	Approved *Approval      `json:"approved,omitempty"`
}

// PlannedCohort is who takes part in a stage, found before the first unit was
// exposed.
type PlannedCohort struct {
	Who    string   `json:"who" doc:"In words" example:"the first 1000 units by safety_score"`
	Units  int      `json:"units"`
	Lowest *float64 `json:"lowest,omitempty" doc:"Number of the last that was taken, where they are ranked"`
	Digest string   `json:"digest" doc:"SHA-256 over the members' names under the split"`
}

// Approval is a person's word that a stage may begin.
type Approval struct {
	By     string    `json:"by" example:"Eva Keller"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// Preview lets requests that carry a header see the new version.
type Preview struct {
	Header string `json:"header" example:"X-Preview"`
	Value  string `json:"value" example:"yes"`
}

// PlannedMetric is something that is counted once for each unit, and what would
// be harm.
type PlannedMetric struct {
	Name      string            `json:"name" example:"server-errors"`
	Kind      string            `json:"kind" enum:"server-errors,latency,count,proportion,mean" doc:"The gateway sees the first two; a service tells the others as outcome events"`
	Role      string            `json:"role" enum:"primary,guardrail" doc:"A primary must be shown fine; a guardrail must have been watched, and rolls back when it is harmed"`
	Better    string            `json:"better" enum:"more,less"`
	Event     string            `json:"event,omitempty" example:"checkout.finished"`
	Where     map[string]string `json:"where,omitempty" doc:"Attributes that the event must have"`
	Value     string            `json:"value,omitempty" doc:"Attribute with the number of a mean" example:"amount"`
	Unit      string            `json:"unit,omitempty" example:"EUR"`
	Weight    float64           `json:"weight" doc:"Its part of alpha"`
	Margin    float64           `json:"margin" doc:"Change for the worse that must be ruled out, as a fraction of the baseline's"`
	Tolerance float64           `json:"tolerance" doc:"Change for the worse that is no reason to roll back"`
	Usual     float64           `json:"usual,omitempty" doc:"Share or mean so far"`
	Edges     []float64         `json:"edges,omitempty" nullable:"false" doc:"Above which units count as slow, in seconds; frozen from the baseline"`
}

// UnwatchedMetric is a metric that a rollout cannot watch, and why.
type UnwatchedMetric struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

// Verdict is what the evidence says.
type Verdict struct {
	Decision        string          `json:"decision" enum:"promote,hold,roll_back"`
	Reason          string          `json:"reason" doc:"The decision with its numbers, in a paragraph"`
	Waiting         string          `json:"waiting,omitempty" doc:"On hold: what would end it"`
	Metrics         []MetricVerdict `json:"metrics" nullable:"false"`
	SplitLogE       float64         `json:"splitLogE" doc:"Evidence that the split is broken"`
	SplitThreshold  float64         `json:"splitThreshold"`
	SplitBroken     bool            `json:"splitBroken"`
	Control         *ControlCheck   `json:"control,omitempty" doc:"Whether the baseline is something to compare with; absent where that is not looked at"`
	HarmNotRuledOut float64         `json:"harmNotRuledOut" doc:"Largest share of units that may be failing for all that is known"`
}

// ControlCheck says whether the baseline fails itself: then nothing rests on a
// comparison with it.
type ControlCheck struct {
	Metric    string  `json:"metric" doc:"That it fails by" example:"server-errors"`
	Units     int64   `json:"units" doc:"That met the baseline" example:"3000"`
	Failed    int64   `json:"failed" example:"2900"`
	LogE      float64 `json:"logE" doc:"Evidence that too many of them fail"`
	Threshold float64 `json:"threshold"`
	Broken    bool    `json:"broken"`
}

// MetricVerdict is what was found for one metric.
type MetricVerdict struct {
	Name             string        `json:"name" example:"server-errors"`
	Kind             string        `json:"kind" enum:"server-errors,latency,count,proportion,mean"`
	Decision         string        `json:"decision" enum:"promote,hold,roll_back"`
	LogE             float64       `json:"logE" doc:"Evidence of harm (natural logarithm)"`
	Threshold        float64       `json:"threshold" doc:"Evidence that rolls back"`
	LogEPromote      float64       `json:"logEPromote" doc:"Evidence of not being worse than the baseline by the margin"`
	LogEAccepted     float64       `json:"logEAccepted" doc:"Evidence of being below the accepted rate"`
	PromoteThreshold float64       `json:"promoteThreshold" doc:"Evidence that shows the metric fine"`
	Basis            string        `json:"basis,omitempty" doc:"How it was shown fine: not_worse, below_accepted_rate, harm_bounded, watched (a guardrail), or aside (a guardrail, and the baseline fails itself)"`
	Canary           int64         `json:"canary" doc:"Units by first event, in the canary: failures; of a latency those above the edge that speaks loudest; of a proportion successes; of a mean all"`
	Baseline         int64         `json:"baseline"`
	Expected         float64       `json:"expected" doc:"How many of them the shares alone would have put into the canary"`
	RatioLow         float64       `json:"ratioLow" doc:"Of the rates of the event, canary to baseline; confidence sequence"`
	RatioHigh        float64       `json:"ratioHigh"`
	Units            int64         `json:"units" doc:"That the canary served"`
	Failures         int64         `json:"failures" doc:"Of these, that ever failed there"`
	RateUpper        float64       `json:"rateUpper" doc:"Share of its units that may be failing for all that is known"`
	Watched          *ArmUnits     `json:"watched,omitempty" doc:"Units that the metric was looked at on, for latency, proportion and mean"`
	Effect           *Difference   `json:"effect,omitempty" doc:"Canary minus baseline, of a proportion or a mean, once there are 100 units in each"`
	Edges            []EdgeVerdict `json:"edges,omitempty" nullable:"false" doc:"Of a latency"`
}

// ArmUnits are numbers of units by arm.
type ArmUnits struct {
	Canary   int64 `json:"canary"`
	Baseline int64 `json:"baseline"`
}

// Difference of shares or means with its confidence sequence.
type Difference struct {
	Estimate float64 `json:"estimate"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Level    float64 `json:"level" example:"0.95"`
}

// EdgeVerdict is what was found at one edge of a latency.
type EdgeVerdict struct {
	At       float64 `json:"at" doc:"Seconds"`
	Canary   int64   `json:"canary" doc:"Units above it"`
	Baseline int64   `json:"baseline"`
	LogE     float64 `json:"logE"`
}

// Arm is one side of the comparison.
type Arm struct {
	Name     string `json:"name" enum:"baseline,canary"`
	Release  string `json:"release"`
	Units    int64  `json:"units" doc:"First exposed to this arm"`
	Failures int64  `json:"failures" doc:"Units whose first failure was here"`
}

// StageCount is a stage of the ramp and whom it reached.
type StageCount struct {
	Share    float64 `json:"share"`
	Canary   int64   `json:"canary"`
	Baseline int64   `json:"baseline"`
	Served   int64   `json:"served" doc:"Distinct units that the canary served in it"`
}

// TracePoint is one point of the evidence over time.
type TracePoint struct {
	At          time.Time `json:"at"`
	Stage       int       `json:"stage"`
	Share       float64   `json:"share"`
	LogE        float64   `json:"logE"`
	LogEPromote float64   `json:"logEPromote"`
	Canary      int64     `json:"canary"`
	Baseline    int64     `json:"baseline"`
}

// MeasuredOutcome is what a rollout did to a key result.
type MeasuredOutcome struct {
	KeyResult string  `json:"keyResult"`
	Feature   string  `json:"feature"`
	Event     string  `json:"event" example:"missions"`
	Known     bool    `json:"known" doc:"Enough units for an interval"`
	Estimate  float64 `json:"estimate" doc:"New minus old version, share of units with success, -1..1"`
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	Level     float64 `json:"level" example:"0.95"`
	Canary    int64   `json:"canary" doc:"Units with an outcome"`
	Baseline  int64   `json:"baseline"`
	Grade     string  `json:"grade" enum:"A,B,C,D"`
}

// Reason is why a person pulls a lever; it is kept for ever.
type Reason struct {
	Reason string `json:"reason" minLength:"1" maxLength:"2000" example:"The support line reports odd engine sounds"`
}

// RollBack takes a rollout back at once.
type RollBack struct {
	Reason
	To string `json:"to,omitempty" maxLength:"200" doc:"For a promoted version: the earlier one to go back to, by its number or artifact; without it, the one before" example:"11"`
}

// EarlierVersion is one that production ran before and can run again at once.
type EarlierVersion struct {
	Release  string    `json:"release" example:"11"`
	Artifact string    `json:"artifact"`
	Commit   string    `json:"commit"`
	Promoted time.Time `json:"promoted"`
}

// StartRollout rolls out an artifact that was published before.
type StartRollout struct {
	Artifact string `json:"artifact" minLength:"1" maxLength:"200" example:"sha256:..."`
	Lane     string `json:"lane,omitempty" enum:"normal,hotfix" default:"normal"`
	Reason   string `json:"reason" minLength:"1" maxLength:"2000"`
}

// Replay is a verdict made again from what was stored with it.
type Replay struct {
	Identical bool    `json:"identical"`
	Stored    Verdict `json:"stored"`
	Again     Verdict `json:"again"`
}

// RolloutFilter narrows a list of rollouts; empty fields do not.
type RolloutFilter struct{ Component, Phase string }

// Environment says which version of a component runs where.
type Environment struct {
	Component   string    `json:"component"`
	Environment string    `json:"environment" enum:"staging,production"`
	Release     string    `json:"release" example:"12"`
	Artifact    string    `json:"artifact"`
	Commit      string    `json:"commit"`
	Workload    string    `json:"workload"`
	Since       time.Time `json:"since"`
}

// Rollouts lists rollouts, newest first.
func (c *Client) Rollouts(ctx context.Context, f RolloutFilter, p Paging) (Page[Rollout], error) {
	q := p.query()
	if f.Component != "" {
		q.Set("component", f.Component)
	}
	if f.Phase != "" {
		q.Set("phase", f.Phase)
	}
	return call[Page[Rollout]](ctx, c, http.MethodGet, path("rollouts"), q, nil)
}

// Rollout returns one rollout.
func (c *Client) Rollout(ctx context.Context, id string) (RolloutDetail, error) {
	return call[RolloutDetail](ctx, c, http.MethodGet, path("rollouts", id), nil, nil)
}

// StartRollout rolls out an artifact that was published before.
func (c *Client) StartRollout(ctx context.Context, in StartRollout) (Rollout, error) {
	return call[Rollout](ctx, c, http.MethodPost, path("rollouts"), nil, in)
}

// HoldRollout stops a rollout from widening and from being promoted.
func (c *Client) HoldRollout(ctx context.Context, id string, in Reason) (Rollout, error) {
	return call[Rollout](ctx, c, http.MethodPost, path("rollouts", id, "hold"), nil, in)
}

// ApproveRollout lets the stage begin that waits for a person's approval.
func (c *Client) ApproveRollout(ctx context.Context, id string, in Reason) (Rollout, error) {
	return call[Rollout](ctx, c, http.MethodPost, path("rollouts", id, "approve"), nil, in)
}

// ResumeRollout ends a hold.
func (c *Client) ResumeRollout(ctx context.Context, id string, in Reason) (Rollout, error) {
	return call[Rollout](ctx, c, http.MethodPost, path("rollouts", id, "resume"), nil, in)
}

// RollBack takes a rollout back at once, also one that was promoted.
func (c *Client) RollBack(ctx context.Context, id string, in RollBack) (Rollout, error) {
	return call[Rollout](ctx, c, http.MethodPost, path("rollouts", id, "roll-back"), nil, in)
}

// ReplayRollout decides again from the stored plan and counts.
func (c *Client) ReplayRollout(ctx context.Context, id string) (Replay, error) {
	return call[Replay](ctx, c, http.MethodGet, path("rollouts", id, "replay"), nil, nil)
}

// Dossier returns the signed page with all that a rollout rests on.
func (c *Client) Dossier(ctx context.Context, id string) ([]byte, error) {
	body, err := c.open(ctx, http.MethodGet, path("rollouts", id, "dossier"), nil, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	return io.ReadAll(body)
}

// ClearArtifact lifts the mark from an artifact that was rolled back.
func (c *Client) ClearArtifact(ctx context.Context, digest string, in Reason) error {
	_, err := call[struct{}](ctx, c, http.MethodPost, path("artifacts", digest, "clear"), nil, in)
	return err
}

// Environments says what runs where; component may be empty.
func (c *Client) Environments(ctx context.Context, component string) (Page[Environment], error) {
	q := Paging{}.query()
	if component != "" {
		q.Set("component", component)
	}
	return call[Page[Environment]](ctx, c, http.MethodGet, path("environments"), q, nil)
}
