package prom

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/digital-factory/factory/internal/base/errs"
)

// maxPoints is how many points per series a range query may ask for: 60 s
// steps for a week, 1 h steps for a year. Prometheus has the same limit.
const maxPoints = 11_000

// Sample is one value of one series at one time. The metric's name is the
// label __name__.
type Sample struct {
	Labels map[string]string
	At     time.Time
	Value  float64
}

// Point is a value at a time.
type Point struct {
	At    time.Time
	Value float64
}

// Series is what one series did over a time.
type Series struct {
	Labels map[string]string
	Points []Point
}

// Instant evaluates a PromQL query at a time and returns one sample per
// series; a scalar is one sample without labels. A query that does not parse
// is invalid and the error's field names line and column; so is one that
// yields strings, ranges or native histograms, or that needs more samples than
// the store allows. One that outlives the timeout is unavailable.
func (s *Store) Instant(ctx context.Context, query string, at time.Time) ([]Sample, error) {
	q, err := s.engine.NewInstantQuery(ctx, s.db, nil, query, at)
	if err != nil {
		return nil, queryError(err)
	}
	defer q.Close()
	res := q.Exec(ctx)
	if res.Err != nil {
		return nil, queryError(res.Err)
	}
	switch v := res.Value.(type) {
	case promql.Vector:
		out := make([]Sample, 0, len(v))
		for _, x := range v {
			if x.H != nil {
				return nil, noHistogram()
			}
			out = append(out, Sample{x.Metric.Map(), ms(x.T), x.F})
		}
		return out, nil
	case promql.Scalar:
		return []Sample{{map[string]string{}, ms(v.T), v.V}}, nil
	}
	return nil, errs.New(errs.Invalid, "the query yields a %s, where one number per series is needed", parser.DocumentedType(res.Value.Type())).
		Do("wrap the range in a function such as rate() or avg_over_time()")
}

// Range evaluates a PromQL query at from, from+step, ... up to to. It fails as
// Instant does, and is invalid when it asks for more than 11,000 points per
// series.
func (s *Store) Range(ctx context.Context, query string, from, to time.Time, step time.Duration) ([]Series, error) {
	if err := checkRange(from, to, step); err != nil {
		return nil, errs.New(errs.Invalid, "%w", err)
	}
	q, err := s.engine.NewRangeQuery(ctx, s.db, nil, query, from, to, step)
	if err != nil {
		return nil, queryError(err)
	}
	defer q.Close()
	res := q.Exec(ctx)
	if res.Err != nil {
		return nil, queryError(res.Err)
	}
	m, err := res.Matrix()
	if err != nil {
		return nil, queryError(err)
	}
	out := make([]Series, 0, len(m))
	for _, x := range m {
		if len(x.Histograms) > 0 {
			return nil, noHistogram()
		}
		pts := make([]Point, len(x.Floats))
		for i, p := range x.Floats {
			pts[i] = Point{ms(p.T), p.F}
		}
		out = append(out, Series{x.Metric.Map(), pts})
	}
	return out, nil
}

func ms(t int64) time.Time { return time.UnixMilli(t).UTC() }

func checkRange(from, to time.Time, step time.Duration) error {
	switch {
	case to.Before(from):
		return errors.New("end timestamp must not be before start time")
	case step <= 0:
		return errors.New("zero or negative query resolution step widths are not accepted. Try a positive integer")
	case step < time.Millisecond:
		return errors.New("the store counts milliseconds: the step must be one or more")
	case (to.UnixMilli()-from.UnixMilli())/step.Milliseconds() > maxPoints:
		return errors.New("exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)")
	}
	return nil
}

func noHistogram() error {
	return errs.New(errs.Invalid, "the query yields native histograms, where one number per series is needed").
		Do("wrap it in histogram_quantile(), histogram_count() or histogram_avg()")
}

// queryError classifies what the engine says. An error it has no type for
// lies in the query: the engine types all that lie in the store or the time.
func queryError(err error) error {
	var (
		list     parser.ParseErrors
		one      *parser.ParseErr
		canceled promql.ErrQueryCanceled
		timeout  promql.ErrQueryTimeout
		samples  promql.ErrTooManySamples
		stored   promql.ErrStorage
	)
	switch {
	case errors.As(err, &list) && len(list) > 0:
		return parseError(&list[0])
	case errors.As(err, &one):
		return parseError(one)
	case errors.As(err, &timeout), errors.Is(err, context.DeadlineExceeded):
		return errs.Because(errs.Unavailable, err, "the query took longer than it may").
			Do("ask for less time, fewer series or a larger step, or try again when the store is less busy")
	case errors.As(err, &canceled), errors.Is(err, context.Canceled):
		return errs.Because(errs.Unavailable, err, "the query was cancelled")
	case errors.As(err, &samples):
		return errs.Because(errs.Invalid, err, "the query would load more samples into memory than one query may").
			Do("ask for less time, fewer series or a larger step")
	case errors.As(err, &stored):
		return fmt.Errorf("read the metric store: %w", err)
	}
	return errs.New(errs.Invalid, "%w", err)
}

func parseError(e *parser.ParseErr) error {
	at := e.PositionRange.StartPosInput(e.Query, e.LineOffset)
	if e.Query == "" { // for which the parser knows no position
		at = "1:1"
	}
	return errs.New(errs.Invalid, "the query is not PromQL").In(at, "%s", e.Err).
		Do("correct the query at line:column %s", at)
}
