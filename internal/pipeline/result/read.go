package result

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

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

// Of returns what a run's tests said: failures first, as they were reported, then
// the slowest.
func Of(ctx context.Context, tx *store.Tx, r Run, restored []Restored) (t Tests, err error) {
	id := r.ID
	if t.Reports, err = reports(ctx, tx, id); err != nil {
		return t, err
	}
	t.Failed, err = store.List(ctx, tx, scanTest, `select `+testColumns+` from pipeline_test where run = $1 and outcome = 'failed' order by step, attempt, place limit $2`, string(id), mostFailed)
	if err != nil {
		return t, err
	}
	t.Slowest, err = store.List(ctx, tx, scanTest, `select `+testColumns+` from pipeline_test where run = $1 and micros > 0 order by micros desc, place limit $2`, string(id), mostSlowest)
	if err != nil {
		return t, err
	}
	kept, err := store.One(ctx, tx, store.Scan1[int64], `select count(*) from pipeline_test where run = $1`, string(id))
	if err != nil {
		return t, err
	}
	t.Kept = kept > 0
	for _, st := range restored {
		if err := t.restored(ctx, tx, st); err != nil {
			return t, err
		}
	}
	slices.SortStableFunc(t.Slowest, func(a, b Test) int { return cmp.Compare(b.Took, a.Took) })
	t.Slowest = t.Slowest[:min(len(t.Slowest), mostSlowest)]
	known, err := FlakyOf(ctx, tx, r.Component)
	if err != nil {
		return t, err
	}
	for _, list := range [][]Test{t.Failed, t.Slowest} {
		for i := range list {
			l := &list[i]
			l.Flaky = slices.ContainsFunc(known, func(f Flaky) bool { return f.Step == l.Step && f.Suite == l.Suite && f.Name == l.Name })
		}
	}
	for _, p := range t.Reports {
		t.Total += p.Passed + p.Failed + p.Skipped
	}
	return t, nil
}

// Restored is a step that was restored instead of run, and what made it.
type Restored struct {
	Step   string
	Run    ref.Run
	Number int64
	From   string // the step there
}

// restored adds what the tests of a step said in the run that made what was
// restored: in the attempt that succeeded.
func (t *Tests) restored(ctx context.Context, tx *store.Tx, st Restored) error {
	all, err := reports(ctx, tx, st.Run)
	if err != nil {
		return err
	}
	var last *Report
	for i := range all {
		if all[i].Step == st.From {
			last = &all[i]
		}
	}
	if last == nil {
		return nil
	}
	list, err := store.List(ctx, tx, scanTest, `select `+testColumns+` from pipeline_test where run = $1 and step = $2 and attempt = $3 and micros > 0 order by micros desc, place limit $4`,
		string(st.Run), last.Step, last.Attempt, mostSlowest)
	if err != nil {
		return err
	}
	for i := range list {
		list[i].Step, list[i].Attempt = st.Step, 1
	}
	kept, err := store.One(ctx, tx, store.Scan1[int64], `select count(*) from pipeline_test where run = $1 and step = $2`, string(st.Run), last.Step)
	if err != nil {
		return err
	}
	last.Step, last.Attempt, last.From, last.Number = st.Step, 1, st.Run, st.Number
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

// FlakyOf returns a component's flaky tests, those that failed most first.
func FlakyOf(ctx context.Context, tx *store.Tx, c ref.Component) ([]Flaky, error) {
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
