package pipeline

import (
	"context"
	"strings"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/pipeline/output"
	"github.com/digital-factory/factory/internal/pipeline/report"
	"github.com/digital-factory/factory/internal/pipeline/result"
	"github.com/digital-factory/factory/internal/ref"
)

// readReports reads what a step's tests said out of its workspace, keeps it and
// writes what failed to the log. A report that cannot be read never fails the
// step: it is told instead. It returns what failed, in a few words.
func (s *Service) readReports(ctx context.Context, r *Run, st *Step, dir string, log *output.Log) (failed string, err error) {
	if len(st.Reports) == 0 {
		return "", nil
	}
	cases, problems := report.Collect(dir, st.Reports)
	for i := range cases {
		c := &cases[i]
		c.Suite, c.Name, c.Output = log.Shown(c.Suite), log.Shown(c.Name), log.Shown(c.Output)
	}
	for i := range problems {
		problems[i] = log.Shown(problems[i])
	}
	report.Tell(log, cases, problems)
	sum := result.Report{Step: st.Name, Attempt: st.Attempts, Problem: strings.Join(problems, "; ")}
	sum.Sum(cases)
	return report.InWords(cases), s.db.Update(ctx, func(tx *store.Tx) error { return result.Keep(ctx, tx, r.tested(), sum, cases, s.now()) })
}

// tested is a run as its tests know it.
func (r *Run) tested() result.Run {
	return result.Run{ID: r.ID, Component: r.Change.Component, Tree: r.Tree}
}

// Tests returns what a run's tests said: failures first, as they were reported,
// then the slowest.
func (s *Service) Tests(ctx context.Context, who access.Actor, id ref.Run) (t result.Tests, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return t, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		r, err := getRun(ctx, tx, id)
		if err != nil {
			return err
		}
		var restored []result.Restored
		for _, st := range r.Steps {
			if st.CachedRun != "" && len(st.Reports) > 0 {
				restored = append(restored, result.Restored{Step: st.Name, Run: st.CachedRun, Number: st.CachedNumber, From: st.CachedStep})
			}
		}
		t, err = result.Of(ctx, tx, r.tested(), restored)
		return err
	})
	return t, err
}

// FlakyTests returns a component's flaky tests, those that failed most first.
func (s *Service) FlakyTests(ctx context.Context, who access.Actor, c ref.Component) (list []result.Flaky, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = result.FlakyOf(ctx, tx, c)
		return err
	})
	return list, err
}
