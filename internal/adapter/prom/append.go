package prom

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Append records the factory's own samples. If any has no metric name or a
// label name that is not one, nothing is stored and the error is invalid.
// A sample the store cannot take (older than the out-of-order window, or a
// second value for the same time) is left out, the others stay, and the error
// is a conflict that says how many and why.
func (s *Store) Append(ctx context.Context, samples []Sample) error {
	sets := make([]labels.Labels, len(samples))
	for i, x := range samples {
		if !model.LegacyValidation.IsValidMetricName(x.Labels[model.MetricNameLabel]) {
			return errs.New(errs.Invalid, "sample %d has the metric name %q, which is not one", i, x.Labels[model.MetricNameLabel]).
				Do("set the label %s to letters, digits and underscores", model.MetricNameLabel)
		}
		for name, value := range x.Labels {
			if !model.LegacyValidation.IsValidLabelName(name) || !model.LabelValue(value).IsValid() {
				return errs.New(errs.Invalid, "sample %d of %s has the label %q=%q, which is not one", i, x.Labels[model.MetricNameLabel], name, value)
			}
		}
		sets[i] = labels.FromMap(x.Labels)
	}
	app := s.db.AppenderV2(ctx)
	tally := tally{}
	for i, x := range samples {
		if _, err := app.Append(0, sets[i], 0, x.At.UnixMilli(), x.Value, nil, nil, storage.AOptions{}); err != nil {
			tally.add(refusal(err), 1)
		}
	}
	if err := app.Commit(); err != nil {
		return errs.Because(errs.Unavailable, err, "%d samples could not be written", len(samples))
	}
	if n := tally.total(); n > 0 {
		return errs.New(errs.Conflict, "%d of %d samples refused: %s", n, len(samples), tally)
	}
	return nil
}

// Window returns the oldest and newest time an OTLP data point may carry when
// it arrives at now: what is older would not be kept, and what lies in the
// future would push the out-of-order window past everybody else's clock.
func (s *Store) window(now time.Time) (oldest, newest time.Time) {
	return now.Add(-s.opt.Retention), now.Add(maxAhead)
}

// maxAhead is how far a sender's clock may run ahead of ours.
const maxAhead = 10 * time.Minute

// refusal puts into words why the database does not take a sample.
func refusal(err error) string {
	switch {
	case isAny(err, storage.ErrTooOldSample, storage.ErrOutOfBounds, storage.ErrOutOfOrderSample):
		return "older than the out-of-order window"
	case isAny(err, storage.ErrDuplicateSampleForTimestamp):
		return "a different value for a time already recorded"
	}
	return fmt.Sprint(err)
}
