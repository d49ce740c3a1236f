package prom

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/annotations"
)

// queryData is the data of an answer to a query.
type queryData struct {
	ResultType parser.ValueType `json:"resultType"`
	Result     parser.Value     `json:"result"`
}

func (s *Store) query(r *http.Request) (reply, error) {
	at, err := timeParam(r, "time", s.opt.Now())
	if err != nil {
		return reply{}, err
	}
	return s.run(r, func(ctx context.Context, opt promql.QueryOpts, query string) (promql.Query, error) {
		return s.engine.NewInstantQuery(ctx, s.db, opt, query, at)
	})
}

func (s *Store) queryRange(r *http.Request) (reply, error) {
	for _, name := range []string{"start", "end"} {
		if r.Form.Get(name) == "" {
			return reply{}, badParam(name, errors.New(`cannot parse "" to a valid timestamp`))
		}
	}
	from, err := timeParam(r, "start", time.Time{})
	if err != nil {
		return reply{}, err
	}
	to, err := timeParam(r, "end", time.Time{})
	if err != nil {
		return reply{}, err
	}
	step, err := durationParam(r, "step")
	if err != nil {
		return reply{}, err
	}
	if err := checkRange(from, to, step); err != nil {
		return reply{}, badData(err)
	}
	return s.run(r, func(ctx context.Context, opt promql.QueryOpts, query string) (promql.Query, error) {
		return s.engine.NewRangeQuery(ctx, s.db, opt, query, from, to, step)
	})
}

// run carries out a query under the parameters limit, timeout and
// lookback_delta that all queries have.
func (s *Store) run(r *http.Request, build func(context.Context, promql.QueryOpts, string) (promql.Query, error)) (reply, error) {
	limit, err := limitParam(r)
	if err != nil {
		return reply{}, err
	}
	ctx := r.Context()
	if r.Form.Get("timeout") != "" {
		d, err := durationParam(r, "timeout")
		if err != nil {
			return reply{}, err
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	var back time.Duration
	if r.Form.Get("lookback_delta") != "" {
		if back, err = durationParam(r, "lookback_delta"); err != nil {
			return reply{}, err
		}
	}
	query := r.Form.Get("query")
	q, err := build(ctx, promql.NewPrometheusQueryOpts(false, back, nil), query)
	switch {
	case err != nil && ctx.Err() != nil: // not the query's fault
		return reply{}, execution(ctx.Err())
	case err != nil:
		return reply{}, badParam("query", err)
	}
	defer q.Close()
	res := q.Exec(ctx)
	if res.Err != nil {
		return reply{}, execution(res.Err)
	}
	rep := reply{data: queryData{res.Value.Type(), detach(res.Value, limit)}, notes: res.Warnings, query: query}
	rep.notes = noteCut(rep.notes, limit > 0 && size(res.Value) > limit)
	return rep, nil
}

// detach copies a result out of the memory the engine takes back when the
// query is closed, at most limit series of it, and never nil: JSON must say [].
func detach(v parser.Value, limit int) parser.Value {
	switch v := v.(type) {
	case promql.Vector:
		return append(promql.Vector{}, v[:bounded(len(v), limit)]...)
	case promql.Matrix:
		out := make(promql.Matrix, bounded(len(v), limit))
		for i := range out {
			out[i] = promql.Series{
				Metric:     v[i].Metric,
				Floats:     append([]promql.FPoint(nil), v[i].Floats...),
				Histograms: append([]promql.HPoint(nil), v[i].Histograms...),
			}
			for j, h := range out[i].Histograms {
				out[i].Histograms[j].H = h.H.Copy()
			}
		}
		return out
	}
	return v
}

func size(v parser.Value) int {
	switch v := v.(type) {
	case promql.Vector:
		return len(v)
	case promql.Matrix:
		return len(v)
	}
	return 0
}

func bounded(n, limit int) int {
	if limit > 0 {
		return min(n, limit)
	}
	return n
}

func noteCut(notes annotations.Annotations, cut bool) annotations.Annotations {
	if cut {
		notes.Add(errors.New("results truncated due to limit"))
	}
	return notes
}
