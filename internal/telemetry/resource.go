package telemetry

import (
	"fmt"
	"time"

	"github.com/digital-factory/factory/internal/ref"
)

const (
	// RuleResourceDown: the database of a component in production cannot be reached
	// for ten seconds although workloads use it. The factory starts the server
	// again, with growing pauses; meanwhile requests that need it fail.
	RuleResourceDown = "resource-down"
	// RuleResourceFull: a volume of a component in production is nine tenths full.
	// When it holds more than fits in, workloads may only read it.
	RuleResourceFull = "resource-full"
)

// RuleJobFailed: a scheduled job of a component failed when it last ran in
// production. Nothing runs it again before its next time. The alert ends when it
// succeeds, by its schedule or by hand.
const RuleJobFailed = "job-failed"

// jobRule watches the jobs. The metric is the runtime's.
func jobRule() Rule {
	return Rule{
		Name: RuleJobFailed, Title: "A job failed", Severity: Ticket, Above: 0, Clear: 0, Unit: "jobs",
		Query:   `sum by (component, environment) (workload_job_failed{environment="production"})`,
		Meaning: "A scheduled job failed when it last ran: it ended with another exit code than 0, took longer than it may, or could not be started. Nothing runs it again before its next time.",
		Advice:  "Read what it printed (factory job log COMPONENT JOB), and run it again when the cause is gone (factory job run COMPONENT JOB). The alert ends when it succeeds.",
		text: func(c ref.Component, v float64) string {
			if v == 1 {
				return fmt.Sprintf("a job of %s failed when it last ran", c)
			}
			return fmt.Sprintf("%.0f jobs of %s failed when they last ran", v, c)
		},
	}
}

// resourceRules watch what components have beside their own process. The metrics
// are the platform's.
func resourceRules() []Rule {
	const by = `max by (component, environment) (%s)`
	return []Rule{
		{
			Name: RuleResourceDown, Title: "The database cannot be reached", Severity: Page, Above: 0.5, Clear: 0, For: 10 * time.Second, Keep: 30 * time.Second, Unit: "databases",
			Query:   fmt.Sprintf(by, `resource_down{environment="production"}`),
			Meaning: "A database that workloads use does not answer. Its server is started again with growing pauses; requests that need it fail.",
			Advice:  "See why (factory resource list, and the server's log in the factory's data): a full disk, too little memory, PostgreSQL removed from the host.",
			text: func(c ref.Component, _ float64) string {
				return fmt.Sprintf("the database of %s cannot be reached", c)
			},
		},
		{
			Name: RuleResourceFull, Title: "A volume is nearly full", Severity: Ticket, Above: 0.9, Clear: 0.85, For: 30 * time.Second, Keep: time.Minute, Unit: "share",
			Query:   fmt.Sprintf(by, `resource_bytes{environment="production"} / resource_limit_bytes{environment="production"}`),
			Meaning: "A volume holds more than nine tenths of what fits in. When it holds more than all of it, it can be read only.",
			Advice:  "Remove what is not needed, or declare a greater size in .factory/component.yaml and release.",
			text: func(c ref.Component, v float64) string {
				return fmt.Sprintf("a volume of %s is %.0f %% full; the limit is 90 %%", c, 100*v)
			},
		},
	}
}
