package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/pipeline/report"
	"github.com/digital-factory/factory/internal/pipeline/tree"
	"github.com/digital-factory/factory/internal/ref"
)

// Bounds of what is kept of tests.
const (
	mostReports = 100      // files of a step
	mostTests   = 20_000   // of a step
	mostRead    = 64 << 20 // bytes of a step's reports
	mostOutput  = 2 << 20  // bytes of output of a step's tests
	mostRuns    = 100      // of a component, whose single tests are kept
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

// readReports reads what a step's tests said out of its workspace, keeps it and
// writes what failed to the log. A report that cannot be read never fails the
// step: it is told instead. It returns what failed, in a few words.
func (s *Service) readReports(ctx context.Context, r *Run, st *Step, dir string, log *stepLog) (failed string, err error) {
	if len(st.Reports) == 0 {
		return "", nil
	}
	cases, problems := collect(dir, st.Reports)
	for i := range cases {
		c := &cases[i]
		c.Suite, c.Name, c.Output = log.hidden.Text(c.Suite), log.hidden.Text(c.Name), log.hidden.Text(c.Output)
	}
	for i := range problems {
		problems[i] = log.hidden.Text(problems[i])
	}
	log.tests(cases, problems)
	sum := Report{Step: st.Name, Attempt: st.Attempts, Problem: strings.Join(problems, "; ")}
	output := 0
	for i := range cases {
		c := &cases[i]
		switch c.Outcome {
		case report.Passed:
			sum.Passed++
		case report.Failed:
			sum.Failed++
		default:
			sum.Skipped++
		}
		sum.Took += c.Took
		if output += len(c.Output); output > mostOutput {
			c.Output = ""
		}
	}
	return inWords(cases), s.db.Update(ctx, func(tx *store.Tx) error { return s.keepTests(ctx, tx, r, sum, cases) })
}

// inWords names the tests that failed; empty when none did.
func inWords(cases []report.Case) string {
	var names []string
	for _, c := range cases {
		if c.Outcome == report.Failed {
			names = append(names, strings.TrimSpace(c.Suite+" "+c.Name))
		}
	}
	const few = 5
	switch n := len(names); {
	case n == 0:
		return ""
	case n == 1:
		return "one test failed: " + names[0]
	case n <= few:
		return fmt.Sprintf("%d tests failed: %s", n, strings.Join(names, ", "))
	default:
		return fmt.Sprintf("%d tests failed: %s and %d more", n, strings.Join(names[:few], ", "), n-few)
	}
}

// tests writes a report into the log, which otherwise would only have what the
// step printed beside it.
func (s *stepLog) tests(cases []report.Case, problems []string) {
	count := map[report.Outcome]int{}
	for _, c := range cases {
		if count[c.Outcome]++; c.Outcome != report.Failed || count[report.Failed] > 50 {
			continue
		}
		s.say("test failed: " + strings.TrimSpace(c.Suite+" "+c.Name))
		if c.Output != "" {
			_, _ = fmt.Fprintf(s, "%s\n", c.Output)
		}
	}
	for _, p := range problems {
		s.say("of its reports: " + p)
	}
	s.say(fmt.Sprintf("tests: %d passed, %d failed, %d skipped", count[report.Passed], count[report.Failed], count[report.Skipped]))
}

// forgetReports removes the reports of an earlier attempt, which would be taken
// for those of this one.
func forgetReports(dir string, patterns []string) error {
	if len(patterns) == 0 {
		return nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	files, err := tree.Find(root, patterns, mostReports)
	for _, f := range files {
		err = errors.Join(err, root.Remove(f))
	}
	return err
}

// collect reads the reports that patterns mean.
func collect(dir string, patterns []string) (cases []report.Case, problems []string) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, []string{err.Error()}
	}
	defer func() { _ = root.Close() }()
	files, err := tree.Find(root, patterns, mostReports)
	if err != nil {
		problems = append(problems, err.Error())
	}
	if len(files) == 0 && err == nil {
		return nil, []string{fmt.Sprintf("there is no %s in the workspace", strings.Join(patterns, " or "))}
	}
	left := int64(mostRead)
	for _, name := range files[:min(len(files), mostReports)] {
		data, err := tree.Read(root, name, min(left, report.MostBytes))
		left -= int64(len(data))
		var more []report.Case
		if err == nil {
			more, err = report.Parse(data)
		}
		if err == nil && len(cases)+len(more) > mostTests {
			err = fmt.Errorf("with it there would be more than %d tests", mostTests)
		}
		if err != nil {
			if problems = append(problems, name+": "+err.Error()); len(problems) >= 5 {
				break
			}
			continue
		}
		cases = append(cases, more...)
	}
	return cases, problems
}

func (s *Service) keepTests(ctx context.Context, tx *store.Tx, r *Run, sum Report, cases []report.Case) error {
	if _, err := tx.Exec(ctx, `delete from pipeline_test where run = $1 and step = $2 and attempt = $3`, string(r.ID), sum.Step, sum.Attempt); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `insert into pipeline_report (run, step, attempt, component, passed, failed, skipped, micros, problem, ended) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		on conflict (run, step, attempt) do update set passed = excluded.passed, failed = excluded.failed, skipped = excluded.skipped, micros = excluded.micros,
			problem = excluded.problem, ended = excluded.ended`,
		string(r.ID), sum.Step, sum.Attempt, string(r.Change.Component), sum.Passed, sum.Failed, sum.Skipped, sum.Took.Microseconds(), sum.Problem, store.Micros(s.now()))
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
			args = append(args, string(r.ID), sum.Step, sum.Attempt, from+i, string(r.Change.Component), r.Tree, c.Suite, c.Name, string(c.Outcome), c.Took.Microseconds(), c.Output)
		}
		if _, err := tx.Exec(ctx, text.String(), args...); err != nil {
			return err
		}
	}
	// The single tests of runs long ago are of no use, and are many.
	oldest, err := store.List(ctx, tx, store.Scan1[ref.Run], `select distinct run from pipeline_report where component = $1 order by run desc limit $2`, string(r.Change.Component), mostRuns)
	if err != nil || len(oldest) < mostRuns {
		return err
	}
	_, err = tx.Exec(ctx, `delete from pipeline_test where component = $1 and run < $2`, string(r.Change.Component), string(oldest[mostRuns-1]))
	return err
}

const testColumns = `step, attempt, suite, name, outcome, micros, output`

func scanTest(s store.Scanner) (Test, error) {
	var t Test
	var micros int64
	err := s.Scan(&t.Step, &t.Attempt, &t.Suite, &t.Name, &t.Outcome, &micros, &t.Output)
	t.Took = time.Duration(micros) * time.Microsecond
	return t, err
}

// How many tests of a run are shown one by one.
const (
	mostFailed  = 200
	mostSlowest = 20
)

// Tests returns what a run's tests said: failures first, as they were reported,
// then the slowest.
func (s *Service) Tests(ctx context.Context, who access.Actor, id ref.Run) (t Tests, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return t, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		r, err := getRun(ctx, tx, id)
		if err != nil {
			return err
		}
		if t.Reports, err = reports(ctx, tx, id); err != nil {
			return err
		}
		t.Failed, err = store.List(ctx, tx, scanTest, `select `+testColumns+` from pipeline_test where run = $1 and outcome = 'failed' order by step, attempt, place limit $2`, string(id), mostFailed)
		if err != nil {
			return err
		}
		t.Slowest, err = store.List(ctx, tx, scanTest, `select `+testColumns+` from pipeline_test where run = $1 and micros > 0 order by micros desc, place limit $2`, string(id), mostSlowest)
		if err != nil {
			return err
		}
		kept, err := store.One(ctx, tx, store.Scan1[int64], `select count(*) from pipeline_test where run = $1`, string(id))
		if err != nil {
			return err
		}
		t.Kept = kept > 0
		for _, st := range r.Steps {
			if err := t.restored(ctx, tx, st); err != nil {
				return err
			}
		}
		slices.SortStableFunc(t.Slowest, func(a, b Test) int { return cmp.Compare(b.Took, a.Took) })
		t.Slowest = t.Slowest[:min(len(t.Slowest), mostSlowest)]
		known, err := flaky(ctx, tx, r.Change.Component)
		if err != nil {
			return err
		}
		for _, list := range [][]Test{t.Failed, t.Slowest} {
			for i := range list {
				l := &list[i]
				l.Flaky = slices.ContainsFunc(known, func(f Flaky) bool { return f.Step == l.Step && f.Suite == l.Suite && f.Name == l.Name })
			}
		}
		return nil
	})
	for _, p := range t.Reports {
		t.Total += p.Passed + p.Failed + p.Skipped
	}
	return t, err
}

// restored adds what the tests of a step said in the run that made what was
// restored: in the attempt that succeeded.
func (t *Tests) restored(ctx context.Context, tx *store.Tx, st Step) error {
	if st.CachedRun == "" || len(st.Reports) == 0 {
		return nil
	}
	all, err := reports(ctx, tx, st.CachedRun)
	if err != nil {
		return err
	}
	var last *Report
	for i := range all {
		if all[i].Step == st.CachedStep {
			last = &all[i]
		}
	}
	if last == nil {
		return nil
	}
	list, err := store.List(ctx, tx, scanTest, `select `+testColumns+` from pipeline_test where run = $1 and step = $2 and attempt = $3 and micros > 0 order by micros desc, place limit $4`,
		string(st.CachedRun), last.Step, last.Attempt, mostSlowest)
	if err != nil {
		return err
	}
	for i := range list {
		list[i].Step, list[i].Attempt = st.Name, 1
	}
	kept, err := store.One(ctx, tx, store.Scan1[int64], `select count(*) from pipeline_test where run = $1 and step = $2`, string(st.CachedRun), last.Step)
	if err != nil {
		return err
	}
	last.Step, last.Attempt, last.From, last.Number = st.Name, 1, st.CachedRun, st.CachedNumber
	t.Reports, t.Slowest, t.Kept = append(t.Reports, *last), append(t.Slowest, list...), t.Kept || kept > 0
	return nil
}

func reports(ctx context.Context, tx *store.Tx, id ref.Run) ([]Report, error) {
	return store.List(ctx, tx, func(s store.Scanner) (Report, error) {
		var p Report
		var micros int64
		err := s.Scan(&p.Step, &p.Attempt, &p.Passed, &p.Failed, &p.Skipped, &micros, &p.Problem)
		p.Took = time.Duration(micros) * time.Microsecond
		return p, err
	}, `select step, attempt, passed, failed, skipped, micros, problem from pipeline_report where run = $1 order by step, attempt`, string(id))
}

// FlakyTests returns a component's flaky tests, those that failed most first.
func (s *Service) FlakyTests(ctx context.Context, who access.Actor, c ref.Component) (list []Flaky, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = flaky(ctx, tx, c)
		return err
	})
	return list, err
}

func flaky(ctx context.Context, tx *store.Tx, c ref.Component) ([]Flaky, error) {
	list, err := store.List(ctx, tx, func(s store.Scanner) (Flaky, error) {
		var f Flaky
		err := s.Scan(&f.Step, &f.Suite, &f.Name, &f.Trees, &f.Passed, &f.Failed, &f.Run)
		return f, err
	}, `select step, suite, name, count(*), sum(passed), sum(failed), max(last) from (
			select step, suite, name, tree, sum(case when outcome = 'passed' then 1 else 0 end) as passed, sum(case when outcome = 'failed' then 1 else 0 end) as failed,
				max(case when outcome = 'failed' then run else '' end) as last
			from pipeline_test where component = $1 and tree <> '' group by step, suite, name, tree
		) as t where passed > 0 and failed > 0 group by step, suite, name order by sum(failed) desc, suite, name, step limit 100`, string(c))
	if err != nil {
		return nil, err
	}
	for i := range list {
		n, err := store.One(ctx, tx, store.Scan1[int64], `select number from pipeline_run where id = $1`, string(list[i].Run))
		if err != nil && !errors.Is(err, store.ErrNone) {
			return nil, err
		}
		list[i].Number = n
	}
	return list, nil
}
