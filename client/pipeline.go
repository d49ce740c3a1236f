package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Run is one walk of a commit through the pipeline.
type Run struct {
	ID          string            `json:"id"`
	Number      int64             `json:"number" doc:"Counts the component's runs; the artifact's version" example:"12"`
	Component   string            `json:"component" example:"engine-controller"`
	Team        string            `json:"team" example:"engine"`
	Commit      string            `json:"commit"`
	Title       string            `json:"title" doc:"Title of the commit"`
	Items       []string          `json:"items" nullable:"false" example:"[\"ENG-1\"]"`
	Lane        string            `json:"lane" enum:"normal,hotfix"`
	Branch      string            `json:"branch" example:"main"`
	Check       bool              `json:"check" doc:"Nothing is published: of a branch that is not the trunk, scheduled, or started by hand"`
	Event       string            `json:"event" enum:"push,check,schedule,manual" doc:"What it came of: a push to the trunk, one to another branch, a schedule, or a person"`
	StartedBy   string            `json:"startedBy,omitempty" doc:"Who started it by hand, or which schedule" example:"schedule 0 3 * * *"`
	Inputs      map[string]string `json:"inputs,omitempty" doc:"What its steps see as INPUT_NAME, by the inputs' names; of a push once it has begun. They are no secrets" example:"{\"region\": \"eu\"}"`
	State       string            `json:"state" enum:"waiting,running,succeeded,failed,cancelled"`
	Step        string            `json:"step,omitempty" doc:"The step that failed"`
	Reason      string            `json:"reason,omitempty" doc:"Why it did not succeed"`
	Artifact    string            `json:"artifact,omitempty" doc:"Digest of the image it made"`
	Definition  string            `json:"definition,omitempty" doc:"Digest of the pipeline file"`
	CancelledBy string            `json:"cancelledBy,omitempty"`
	Agent       string            `json:"agent,omitempty" doc:"The agent that it runs on, or ran on; absent: the factory itself" example:"build-1"`
	Lost        string            `json:"lost,omitempty" doc:"Why it began again on another machine" example:"agent build-2 was lost at 2026-11-23 20:14:05 UTC"`
	Pushed      time.Time         `json:"pushed" doc:"When the push arrived"`
	Queued      time.Time         `json:"queued"`
	Started     *time.Time        `json:"started,omitempty"`
	Finished    *time.Time        `json:"finished,omitempty"`
}

// RunDetail is a run with its steps. Steps is empty before the pipeline file
// was read.
type RunDetail struct {
	Run
	Steps []RunStep `json:"steps" nullable:"false" doc:"In the order of the pipeline file, then the platform's"`
}

// RunStep is one step of a run.
type RunStep struct {
	Name     string     `json:"name" example:"test" doc:"Of a matrix with the values: test[amd64,fast]"`
	Script   string     `json:"script,omitempty" doc:"What it runs; absent for a step of the platform"`
	Platform bool       `json:"platform" doc:"Added by the platform"`
	Needs    []string   `json:"needs" nullable:"false"`
	If       string     `json:"if,omitempty" doc:"Its condition; a step whose condition does not hold is left out" example:"run.trunk"`
	Retry    int        `json:"retry,omitempty" doc:"How often it is tried again after it failed"`
	Timeout  float64    `json:"timeout" doc:"Seconds"`
	Memory   int64      `json:"memory" doc:"Bytes it may use"`
	State    string     `json:"state" enum:"waiting,running,succeeded,failed,cancelled,skipped"`
	Reason   string     `json:"reason,omitempty"`
	ExitCode int        `json:"exitCode"`
	Attempts int        `json:"attempts" doc:"More than one when it failed and may be tried again, or when the factory was restarted meanwhile"`
	CPU      float64    `json:"cpu" doc:"Seconds of processor time it used"`
	Peak     int64      `json:"peak" doc:"Bytes of memory it used at the most"`
	Started  *time.Time `json:"started,omitempty"`
	Finished *time.Time `json:"finished,omitempty"`
	Network  []string   `json:"network,omitempty" doc:"Hosts that it may reach" example:"[\"registry.npmjs.org\"]"`
	Secrets  []string   `json:"secrets,omitempty" doc:"Keys of secrets that it is given, on the trunk only" example:"[\"REGISTRY_TOKEN\"]"`
	Services []string   `json:"services,omitempty" doc:"Names of the servers that run beside it" example:"[\"postgres\"]"`
	Inputs   []string   `json:"inputs,omitempty" doc:"Paths of the commit's files that it sees, of a step with outputs; none: all"`
	Outputs  []string   `json:"outputs,omitempty" doc:"Paths of what it makes"`
	Key      string     `json:"key,omitempty" doc:"Of a step with outputs: the digest of all that decides what it makes"`
	Cached   *CachedRun `json:"cached,omitempty" doc:"The run that made what was restored, when the step was not run"`
}

// CachedRun is the run that made what a step was restored from.
type CachedRun struct {
	Run    string `json:"run"`
	Number int64  `json:"number" example:"12"`
}

// RunTests is what a run's tests said, as far as its steps name reports.
type RunTests struct {
	Reports []TestReport `json:"reports" nullable:"false" doc:"One for each step, and for each of its attempts"`
	Total   int          `json:"total" doc:"Tests"`
	Failed  []TestCase   `json:"failed" nullable:"false" doc:"At most 200"`
	Slowest []TestCase   `json:"slowest" nullable:"false" doc:"At most 20"`
	Kept    bool         `json:"kept" doc:"Whether single tests are still kept: those of a component's last 100 runs with tests are; the sums stay"`
}

// TestReport is what a step's tests said in sum.
type TestReport struct {
	Step    string     `json:"step" example:"test"`
	Attempt int        `json:"attempt" example:"1"`
	Passed  int        `json:"passed"`
	Failed  int        `json:"failed"`
	Skipped int        `json:"skipped"`
	Took    float64    `json:"took" doc:"Seconds; the tests' own times added up"`
	Problem string     `json:"problem,omitempty" doc:"What of the reports could not be read"`
	From    *CachedRun `json:"from,omitempty" doc:"The run that they ran in, when the step was restored"`
}

// TestCase is one test.
type TestCase struct {
	Step    string  `json:"step"`
	Attempt int     `json:"attempt"`
	Suite   string  `json:"suite,omitempty" doc:"Go package, class or suite"`
	Name    string  `json:"name" example:"TestPay/card"`
	Outcome string  `json:"outcome" enum:"passed,failed,skipped"`
	Took    float64 `json:"took" doc:"Seconds"`
	Output  string  `json:"output,omitempty" doc:"What it printed; the end, when it is long"`
	Flaky   bool    `json:"flaky" doc:"It both passed and failed on the same files, see the component's flaky tests"`
}

// FlakyTest is a test that both passed and failed on the same files.
type FlakyTest struct {
	Step   string `json:"step"`
	Suite  string `json:"suite,omitempty"`
	Name   string `json:"name"`
	Trees  int    `json:"trees" doc:"How many versions of the files it did both on"`
	Passed int    `json:"passed" doc:"Times, on these"`
	Failed int    `json:"failed" doc:"Times, on these"`
	Run    string `json:"run" doc:"The last run in which it failed"`
	Number int64  `json:"number" doc:"Its number"`
}

// RunTests returns what a run's tests said.
func (c *Client) RunTests(ctx context.Context, id string) (RunTests, error) {
	return call[RunTests](ctx, c, http.MethodGet, path("runs", id, "tests"), nil, nil)
}

// FlakyTests returns a component's flaky tests, those that failed most first.
func (c *Client) FlakyTests(ctx context.Context, component string) (Page[FlakyTest], error) {
	return call[Page[FlakyTest]](ctx, c, http.MethodGet, path("components", component, "flaky-tests"), nil, nil)
}

// RunFilter narrows a list of runs; empty fields do not.
type RunFilter struct {
	Component, State, Branch string
	Checks                   string // "only" those of branches, or "none" of them
}

// Runs lists runs, newest first.
func (c *Client) Runs(ctx context.Context, f RunFilter, p Paging) (Page[Run], error) {
	q := p.query()
	for name, value := range map[string]string{"component": f.Component, "state": f.State, "branch": f.Branch, "checks": f.Checks} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return call[Page[Run]](ctx, c, http.MethodGet, path("runs"), q, nil)
}

// Run returns a run with its steps.
func (c *Client) Run(ctx context.Context, id string) (RunDetail, error) {
	return call[RunDetail](ctx, c, http.MethodGet, path("runs", id), nil, nil)
}

// RunLog returns what a step printed. With follow the reader goes on until the
// step ends. The caller closes it.
func (c *Client) RunLog(ctx context.Context, id, step string, follow bool) (io.ReadCloser, error) {
	q := url.Values{}
	if follow {
		q.Set("follow", "1")
	}
	return c.open(ctx, http.MethodGet, path("runs", id, "steps", step, "log"), q, nil)
}

// PipelineSchema returns the JSON Schema of the pipeline file, for editors.
func (c *Client) PipelineSchema(ctx context.Context) ([]byte, error) {
	body, err := c.open(ctx, http.MethodGet, path("schemas", "pipeline.json"), nil, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	return io.ReadAll(body)
}

// CancelRun ends a run.
func (c *Client) CancelRun(ctx context.Context, id string) (RunDetail, error) {
	return call[RunDetail](ctx, c, http.MethodPost, path("runs", id, "cancel"), nil, nil)
}

// StartRun says which steps of the trunk's head are run, and with what.
type StartRun struct {
	Steps []string `json:"steps,omitempty" maxItems:"50" doc:"With those that they need; none: all. Of a matrix the step's name means all of its values" example:"[\"smoke\"]"`
	// Inputs are texts, or values of the inputs' own types.
	Inputs map[string]any `json:"inputs,omitempty" doc:"What the pipeline file asks for, by the inputs' names: each a text, or a JSON value of the input's type. Those that are left out have their defaults. They are no secrets" example:"{\"region\": \"eu\", \"dry\": true}"`
}

// RunInput is one thing that a run that is started by hand asks for.
type RunInput struct {
	Name     string   `json:"name" example:"region"`
	Type     string   `json:"type" enum:"text,choice,boolean,number"`
	Text     string   `json:"text,omitempty" doc:"What it is for"`
	Required bool     `json:"required" doc:"It has no default, so a start must give it"`
	Default  *string  `json:"default,omitempty" doc:"As text" example:"eu"`
	Choices  []string `json:"choices,omitempty" doc:"Of the type choice" example:"[\"eu\", \"us\"]"`
	Variable string   `json:"variable" doc:"The variable that steps see it as" example:"INPUT_REGION"`
}

// Schedule is when a component's trunk is run again.
type Schedule struct {
	Cron  string    `json:"cron" example:"0 3 * * *" doc:"Minute, hour, day of the month, month and day of the week, and after them the name of a time zone if it is not UTC"`
	Steps []string  `json:"steps" nullable:"false" doc:"None: all"`
	Next  time.Time `json:"next"`
}

// StartRun runs the head of a component's trunk by hand, and publishes nothing.
func (c *Client) StartRun(ctx context.Context, component string, in StartRun) (RunDetail, error) {
	return call[RunDetail](ctx, c, http.MethodPost, path("components", component, "runs"), nil, in)
}

// RunInputs lists what StartRun asks for, in the order of the pipeline file.
func (c *Client) RunInputs(ctx context.Context, component string) (Page[RunInput], error) {
	return call[Page[RunInput]](ctx, c, http.MethodGet, path("components", component, "inputs"), nil, nil)
}

// Schedules lists when a component's trunk is run again, the next first.
func (c *Client) Schedules(ctx context.Context, component string) (Page[Schedule], error) {
	return call[Page[Schedule]](ctx, c, http.MethodGet, path("components", component, "schedules"), nil, nil)
}

// RetryRun queues a new run of the same commit and returns it.
func (c *Client) RetryRun(ctx context.Context, id string) (RunDetail, error) {
	return call[RunDetail](ctx, c, http.MethodPost, path("runs", id, "retry"), nil, nil)
}
