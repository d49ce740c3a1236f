// Package result keeps what the tests of runs said, and finds among them those
// that are flaky. Its tables, pipeline_report and pipeline_test, are the room's.
package result

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/pipeline/report"
	"github.com/digital-factory/factory/internal/ref"
)

// Bounds of what is kept of tests.
const (
	mostOutput = 2 << 20 // bytes of output of a step's tests
	MostRuns   = 100     // of a component, whose single tests are kept
)

// Report is what a step's tests said, in sum. Of a step that was tried again
// there is one for each attempt.
type Report struct {
	Step    string
	Attempt int
	Passed  int
	Failed  int
	Skipped int
	Took    time.Duration // the tests' own times added up
	Problem string        // what could not be read, and why
	// The run that they ran in, where the step was restored instead of run.
	From   ref.Run
	Number int64
}

// Test is one test of a run.
type Test struct {
	report.Case
	Step    string
	Attempt int
	Flaky   bool // see Flaky
}

// Tests is what a run's tests said: in sum, and those worth looking at.
type Tests struct {
	Reports []Report
	Failed  []Test // with their output
	Slowest []Test
	Total   int
	Kept    bool // whether single tests are still kept; the sums always are
}

// Flaky is a test that both passed and failed on the same files: in the step of
// the same name, on commits with the same tree, within the component's last 100
// runs that had tests. A test that failed and then passed on other files is not
// taken for flaky: the change may have broken or mended it.
type Flaky struct {
	Step   string
	Suite  string
	Name   string
	Trees  int // on which it did both
	Passed int // times, on these
	Failed int
	Run    ref.Run // the last in which it failed
	Number int64
}

// Sum adds cases up, and drops the output of those that are beyond what is kept.
func (p *Report) Sum(cases []report.Case) {
	output := 0
	for i := range cases {
		c := &cases[i]
		switch c.Outcome {
		case report.Passed:
			p.Passed++
		case report.Failed:
			p.Failed++
		default:
			p.Skipped++
		}
		p.Took += c.Took
		if output += len(c.Output); output > mostOutput {
			c.Output = ""
		}
	}
}

// Run is whose tests they are.
type Run struct {
	ID        ref.Run
	Component ref.Component
	Tree      string // digest of the commit's files
}

// Keep keeps what the tests of a step's attempt said, in place of what was kept
// of it. The single tests of the component's runs long ago are forgotten.
func Keep(ctx context.Context, tx *store.Tx, r Run, sum Report, cases []report.Case, now time.Time) error {
	if _, err := tx.Exec(ctx, `delete from pipeline_test where run = $1 and step = $2 and attempt = $3`, string(r.ID), sum.Step, sum.Attempt); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `insert into pipeline_report (run, step, attempt, component, passed, failed, skipped, micros, problem, ended) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		on conflict (run, step, attempt) do update set passed = excluded.passed, failed = excluded.failed, skipped = excluded.skipped, micros = excluded.micros,
			problem = excluded.problem, ended = excluded.ended`,
		string(r.ID), sum.Step, sum.Attempt, string(r.Component), sum.Passed, sum.Failed, sum.Skipped, sum.Took.Microseconds(), sum.Problem, store.Micros(now))
	if err != nil {
		return err
	}
	const columns, rows = 11, 50 // a statement takes up to 999 parameters
	for from := 0; from < len(cases); from += rows {
		part := cases[from:min(len(cases), from+rows)]
		var text strings.Builder
		text.WriteString(`insert into pipeline_test (run, step, attempt, place, component, tree, suite, name, outcome, micros, output) values `)
		args := make([]any, 0, len(part)*columns)
		for i, c := range part {
			if i > 0 {
				text.WriteString(", ")
			}
			text.WriteString("(")
			for j := range columns {
				if j > 0 {
					text.WriteString(", ")
				}
				fmt.Fprintf(&text, "$%d", i*columns+j+1)
			}
			text.WriteString(")")
			args = append(args, string(r.ID), sum.Step, sum.Attempt, from+i, string(r.Component), r.Tree, c.Suite, c.Name, string(c.Outcome), c.Took.Microseconds(), c.Output)
		}
		if _, err := tx.Exec(ctx, text.String(), args...); err != nil {
			return err
		}
	}
	// The single tests of runs long ago are of no use, and are many.
	oldest, err := store.List(ctx, tx, store.Scan1[ref.Run], `select distinct run from pipeline_report where component = $1 order by run desc limit $2`, string(r.Component), MostRuns)
	if err != nil || len(oldest) < MostRuns {
		return err
	}
	_, err = tx.Exec(ctx, `delete from pipeline_test where component = $1 and run < $2`, string(r.Component), string(oldest[MostRuns-1]))
	return err
}

// Said returns what Keep kept of a step's attempt; store.ErrNone when nothing is.
func Said(ctx context.Context, tx *store.Tx, id ref.Run, step string, attempt int) (*Report, []report.Case, error) {
	sum, err := store.One(ctx, tx, func(s store.Scanner) (Report, error) {
		p := Report{Step: step, Attempt: attempt}
		var micros int64
		err := s.Scan(&p.Passed, &p.Failed, &p.Skipped, &micros, &p.Problem)
		p.Took = time.Duration(micros) * time.Microsecond
		return p, err
	}, `select passed, failed, skipped, micros, problem from pipeline_report where run = $1 and step = $2 and attempt = $3`, string(id), step, attempt)
	if err != nil {
		return nil, nil, err
	}
	cases, err := store.List(ctx, tx, func(s store.Scanner) (report.Case, error) {
		t, err := scanTest(s)
		return t.Case, err
	}, `select `+testColumns+` from pipeline_test where run = $1 and step = $2 and attempt = $3 order by place`, string(id), step, attempt)
	return &sum, cases, err
}
