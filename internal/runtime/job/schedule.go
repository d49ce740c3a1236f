package job

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/cron"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/runtime"
)

// scheduled is where schedules hold: what a job does it does to what is there, and
// nobody wants the night's mails from staging too.
const scheduled ref.Environment = "production"

// next is the first time of a schedule after a moment; zero when it cannot be read,
// which it was when the image was made.
func next(schedule string, after time.Time) time.Time {
	s, err := cron.Parse(schedule)
	if err != nil {
		return time.Time{}
	}
	return s.Next(after)
}

// mostMissed bounds how many missed times are walked through for the last of them:
// more than all minutes of a month.
const mostMissed = 50_000

// due returns the last time of a schedule in (last, now]; zero when there is none.
func due(schedule string, last, now time.Time) (at time.Time) {
	s, err := cron.Parse(schedule)
	if err != nil {
		return at
	}
	for range mostMissed {
		n := s.Next(last)
		if n.IsZero() || n.After(now) {
			return at
		}
		at, last = n, n
	}
	return at
}

// schedule begins what is due. What is wrong with one component does not hold up
// the others.
func (s *Service) schedule(ctx context.Context) error {
	lives, err := s.asks.Live.Live(ctx, "")
	if err != nil {
		return err
	}
	var failed error
	for _, v := range lives {
		if v.Environment != scheduled {
			continue
		}
		jobs, err := s.jobs(ctx, v)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("the jobs of %s: %w", v.Component, err))
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(jobs)) {
			if jobs[name].Schedule == "" {
				continue
			}
			if err := s.look(ctx, v, name, jobs[name]); err != nil {
				failed = errors.Join(failed, fmt.Errorf("the job %s of %s: %w", name, v.Component, err))
			}
		}
	}
	return failed
}

// look begins a job when it is due.
func (s *Service) look(ctx context.Context, v Version, name string, d Declared) error {
	now := s.now()
	var last time.Time
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		last, err = lookedAt(ctx, tx, v.Component, name)
		return err
	})
	if err != nil {
		return err
	}
	var at time.Time
	if !last.IsZero() {
		if at = due(d.Schedule, last, now); at.IsZero() {
			return nil
		}
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		first, err := looked(ctx, tx, v.Component, name, last, now)
		if err != nil || !first || last.IsZero() { // another replica looks too; a new job begins with its next time
			return err
		}
		r := Run{ID: ref.New(), Job: name, Version: v, Due: at, Started: now, State: Running}
		busy, err := running(ctx, tx, v, name)
		if err != nil {
			return err
		}
		if len(busy) == 0 {
			return s.begin(ctx, tx, journal.By{ID: "system/runtime", Name: "runtime"}, begun{r, d})
		}
		r.Started, r.Finished, r.State, r.ExitCode = time.Time{}, now, Skipped, -1
		r.Reason = fmt.Sprintf("the run that began at %s had not ended", busy[0].Started.UTC().Format(time.DateTime))
		if err := insert(ctx, tx, r); err != nil {
			return err
		}
		return s.told(ctx, tx, r)
	})
}

// metricFailed is 1 for a job whose last run failed, by component, environment and
// job; 0 for one that succeeded.
const metricFailed = "workload_job_failed"

// record tells which jobs failed when they last ran.
func (s *Service) record(ctx context.Context) error {
	list, err := s.List(ctx, access.System("runtime"), "")
	if err != nil {
		return err
	}
	now := s.now()
	var out []runtime.Sample
	err = s.db.View(ctx, func(tx *store.Tx) error {
		for _, st := range list {
			if st.Environment != scheduled {
				continue
			}
			last, err := latest(ctx, tx, st.Version, st.Job, true)
			if err != nil {
				return err
			}
			if last == nil {
				continue
			}
			value := 0.0
			if last.State == Failed {
				value = 1
			}
			out = append(out, runtime.Sample{Name: metricFailed, At: now, Value: value,
				Labels: map[string]string{"component": string(st.Component), "environment": string(st.Environment), "job": st.Job}})
		}
		return nil
	})
	if err != nil || len(out) == 0 {
		return err
	}
	return s.asks.Meter.Record(ctx, out)
}
