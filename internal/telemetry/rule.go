package telemetry

import (
	"fmt"
	"time"

	"github.com/digital-factory/factory/internal/ref"
)

// The names of the built-in rules. Each rule watches every component in
// production.
const (
	// RuleErrors: more than one in twenty requests of the last minute were
	// answered with a server error (5xx, by the service or by the gateway in its
	// stead), of at least twenty. Customers are hurt now. Look at the
	// dashboard's markers: what changed last is the first suspect, and rolling
	// it back is quicker than understanding it. Versions under a rollout do not
	// count: their rollout takes them back by itself.
	RuleErrors = "errors"
	// RuleLatency: of the last minute's requests, at least twenty, the slowest
	// hundredth took longer than a second. The service still answers, so it is a
	// ticket. Compare the versions on the dashboard, then look at processor time
	// and memory: a slow dependency leaves both low, an overload does not.
	RuleLatency = "latency"
	// RuleCrashLoop: workloads of the component ended by themselves three times
	// or more within five minutes. The factory starts them again, with growing
	// pauses, and requests fail in between. The end of the workload's log says
	// why; roll back when it began with a release.
	RuleCrashLoop = "crash-loop"
	// RuleUnhealthy: a process of the component that was ready has answered its
	// health check badly or late three times in a row. It gets no requests while
	// another is healthy. The alert ends when it answers well again, or is gone.
	RuleUnhealthy = "unhealthy"
	// RuleSilence: there were at least twenty requests in the five minutes up to
	// ten minutes ago, and none in the last five. Either customers left, which
	// is news, or something in front of the gateway keeps them away. Ask the
	// component for an answer yourself; when it gives one, look outside. The
	// alert ends with the first request, or when the silence has become the
	// normal state.
	RuleSilence = "silence"
)

// Severity says how soon somebody must look.
type Severity string

// The severities.
const (
	Page   Severity = "page"   // now; an incident is opened
	Ticket Severity = "ticket" // this week
)

// Rule is a condition on a component that somebody should know of.
type Rule struct {
	Name     string
	Title    string
	Severity Severity
	Query    string        // PromQL: a value for each component and environment
	Above    float64       // the condition holds when the value is above
	Clear    float64       // it has passed when the value is this or less, or there is none
	For      time.Duration // it must hold before the alert fires
	Keep     time.Duration // it must have passed before the alert is resolved
	Every    time.Duration // how often it is evaluated; 0: each time
	Unit     string        // of the value: share, s, crashes, requests, events, times
	Cause    string        // CauseBurn, CauseSilence, CauseRegression, or empty
	Meaning  string
	Advice   string
	text     func(c ref.Component, value float64) string
	over     func(c ref.Component, lasted time.Duration) string // what ended it; may be nil
	window   time.Duration                                      // of CauseBurn: the long one
}

// Expression is the query with its threshold, as alerting rules have it.
func (r Rule) Expression() string { return fmt.Sprintf("(%s) > %g", r.Query, r.Above) }

// Text says what was seen, for people.
func (r Rule) Text(c ref.Component, value float64) string { return r.text(c, value) }

// Rules returns the built-in rules. The queries are global: the metric store
// answers for all components at once, whatever their number.
func Rules() []Rule {
	const (
		by       = `sum by (component, environment) (%s)`
		all      = `increase(gateway_requests_total{environment="production"}[1m])`
		failed   = `increase(gateway_requests_total{environment="production",code="5xx"}[1m])`
		buckets  = `increase(gateway_request_duration_seconds_bucket{environment="production"}[1m])`
		released = ` unless on (component, environment, version) (gateway_canary == 1)`
		same     = ` and on (component, environment) `
		now      = `increase(gateway_requests_total{environment="production"}[5m])`
		before   = `increase(gateway_requests_total{environment="production"}[5m] offset 10m)`
	)
	total := fmt.Sprintf(by, all+released)
	enough := same + `(` + total + ` >= 20)`
	return append([]Rule{
		{
			Name: RuleErrors, Title: "Requests fail", Severity: Page, Above: 0.05, Clear: 0.025, For: 10 * time.Second, Keep: 30 * time.Second, Unit: "share",
			Query:   fmt.Sprintf(by, failed+released) + ` / ` + total + enough,
			Meaning: "More than one in twenty of the last minute's requests were answered with a server error, of at least twenty. Customers are hurt now. Versions under a rollout do not count: their rollout takes them back by itself.",
			Advice:  "Look at the dashboard's markers: what changed last is the first suspect. Roll it back; that is quicker than understanding it.",
			text: func(c ref.Component, v float64) string {
				return fmt.Sprintf("%.0f %% of the requests to %s failed in the last minute; the limit is 5 %%", 100*v, c)
			},
		},
		{
			Name: RuleLatency, Title: "Answers are slow", Severity: Ticket, Above: 1, Clear: 0.75, For: 30 * time.Second, Keep: time.Minute, Unit: "s",
			Query:   `histogram_quantile(0.99, sum by (component, environment, le) (` + buckets + released + `))` + enough,
			Meaning: "The slowest hundredth of the last minute's requests, of at least twenty, took longer than a second. The service still answers.",
			Advice:  "Compare the versions on the dashboard, then look at processor time and memory: a slow dependency leaves both low, an overload does not.",
			text: func(c ref.Component, v float64) string {
				return fmt.Sprintf("one in a hundred requests to %s took %.2g s or longer in the last minute; the limit is 1 s", c, v)
			},
		},
		{
			Name: RuleCrashLoop, Title: "Workloads crash again and again", Severity: Page, Above: 2, Clear: 0, Unit: "crashes",
			Query:   `sum by (component, environment) (workload_crashes{environment="production"})`,
			Meaning: "Workloads of the component ended by themselves three times or more within five minutes. They are started again with growing pauses, and requests fail in between.",
			Advice:  "Read the end of the workload's log (factory workload log). Roll back when it began with a release.",
			text: func(c ref.Component, v float64) string {
				return fmt.Sprintf("workloads of %s crashed %.0f times within five minutes", c, v)
			},
		},
		{
			Name: RuleUnhealthy, Title: "Health checks fail", Severity: Page, Above: 0, Clear: 0, Unit: "replicas",
			Query:   `sum by (component, environment) (workload_unhealthy{environment="production"})`,
			Meaning: "A process that was ready has answered its health check badly or late three times in a row. It gets no requests while another of its workload is healthy, but is not restarted: what is wrong may lie elsewhere, as with a database that is away. One that gives no answer at all for 30 s is replaced.",
			Advice:  "See what it answers (factory workload list) and read the end of its log (factory workload log). Roll back when it began with a release; restart it when it alone is wrong (factory workload restart).",
			text: func(c ref.Component, v float64) string {
				if v == 1 {
					return fmt.Sprintf("a process of %s does not answer its health check well", c)
				}
				return fmt.Sprintf("%.0f processes of %s do not answer their health check well", v, c)
			},
		},
		{
			Name: RuleSilence, Title: "Traffic has stopped", Severity: Ticket, Above: 19, Clear: 0, Unit: "requests",
			Query:   fmt.Sprintf(by, before) + ` unless on (component, environment) (` + fmt.Sprintf(by, now) + ` > 0)`,
			Meaning: "There were at least twenty requests in the five minutes up to ten minutes ago and none in the last five. Either customers left, or something in front of the gateway keeps them away.",
			Advice:  "Ask the component for an answer yourself. When it gives one, look at what is in front of the gateway. The alert ends with the first request, or when the silence has become the normal state.",
			text: func(c ref.Component, v float64) string {
				return fmt.Sprintf("%s had about %.0f requests in the five minutes up to ten minutes ago and none in the last five", c, v)
			},
		},
		unheardRule(),
		standstillRule(),
		regressionRule(),
		jobRule(),
	}, append(resourceRules(), burnRules()...)...)
}
