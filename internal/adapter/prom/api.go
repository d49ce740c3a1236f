package prom

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/digital-factory/factory/internal/base/errs"
)

// maxForm is how many bytes a posted query form may have.
const maxForm = 1 << 20

// Handler serves the Prometheus HTTP API under /api/v1/: query, query_range,
// labels, label/<name>/values, series, metadata, rules, alerts and
// status/buildinfo, in Prometheus' JSON and with its status codes: 400 for a
// request that is wrong, 422 for a query that cannot be carried out, 503 for
// one that took too long. Whether the caller may read is decided before.
// rules tells which alert rules are being evaluated elsewhere and how they
// stand; nil when none are.
func (s *Store) Handler(rules func(context.Context) ([]RuleGroup, error)) http.Handler {
	mux := http.NewServeMux()
	get := func(path string, f func(*http.Request) (reply, error)) { mux.Handle("GET "+path, s.serve(f)) }
	both := func(path string, f func(*http.Request) (reply, error)) {
		get(path, f)
		mux.Handle("POST "+path, s.serve(f))
	}
	both("/api/v1/query", s.query)
	both("/api/v1/query_range", s.queryRange)
	both("/api/v1/labels", s.labelNames)
	both("/api/v1/series", s.series)
	get("/api/v1/label/{name}/values", s.labelValues)
	get("/api/v1/metadata", s.metadata)
	get("/api/v1/rules", func(r *http.Request) (reply, error) { return ruleReply(r, rules) })
	get("/api/v1/alerts", func(r *http.Request) (reply, error) { return alertReply(r, rules) })
	get("/api/v1/status/buildinfo", buildInfo)
	mux.Handle("/api/v1/", s.serve(func(r *http.Request) (reply, error) {
		return reply{}, &failure{http.StatusNotFound, "not_found", fmt.Errorf("%s %s is not served here", r.Method, r.URL.Path)}
	}))
	return mux
}

// reply is what an endpoint answers.
type reply struct {
	data  any
	notes annotations.Annotations
	query string // the query the notes are about
}

// failure is an error with its place in Prometheus' taxonomy.
type failure struct {
	status int
	kind   string
	err    error
}

// Error returns the text shown to the client.
func (f *failure) Error() string { return f.err.Error() }

// Unwrap returns the cause.
func (f *failure) Unwrap() error { return f.err }

func badData(err error) error { return &failure{http.StatusBadRequest, "bad_data", err} }

func badParam(name string, err error) error {
	return badData(fmt.Errorf("invalid parameter %q: %w", name, err))
}

// statusClientGone is nginx's code for a client that did not wait.
const statusClientGone = 499

// execution places an error of the engine or the database.
func execution(err error) error {
	var (
		canceled promql.ErrQueryCanceled
		timeout  promql.ErrQueryTimeout
		stored   promql.ErrStorage
	)
	switch {
	case errors.As(err, &timeout), errors.Is(err, context.DeadlineExceeded):
		return &failure{http.StatusServiceUnavailable, "timeout", err}
	case errors.As(err, &canceled), errors.Is(err, context.Canceled):
		return &failure{statusClientGone, "canceled", err}
	case errors.As(err, &stored):
		return &failure{http.StatusInternalServerError, "internal", err}
	}
	return &failure{http.StatusUnprocessableEntity, "execution", err}
}

// envelope is the outer JSON of every answer.
type envelope struct {
	Status    string   `json:"status"`
	Data      any      `json:"data,omitempty"`
	ErrorType string   `json:"errorType,omitempty"`
	Error     string   `json:"error,omitempty"`
	Warnings  []string `json:"warnings,omitempty"`
	Infos     []string `json:"infos,omitempty"`
}

func (s *Store) serve(f func(*http.Request) (reply, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		status, body := s.answer(r, f)
		var buf bytes.Buffer
		if err := json.NewEncoder(&buf).Encode(body); err != nil {
			status = http.StatusInternalServerError
			buf.Reset()
			_ = json.NewEncoder(&buf).Encode(envelope{Status: "error", ErrorType: "internal", Error: "the answer cannot be written as JSON"})
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = buf.WriteTo(w) // a client that went away cannot be told
	})
}

func (s *Store) answer(r *http.Request, f func(*http.Request) (reply, error)) (int, envelope) {
	rep, err := reply{}, error(nil)
	if perr := r.ParseForm(); perr != nil {
		err = badData(fmt.Errorf("error parsing form values: %w", perr))
	} else {
		rep, err = f(r)
	}
	if err != nil {
		fail := &failure{http.StatusInternalServerError, "internal", err}
		errors.As(err, &fail)
		if fail.status == http.StatusInternalServerError {
			s.opt.Logger.Error("metrics API", "path", r.URL.Path, "error", err)
			fail.err = errors.New(errs.Of(err).Text)
		}
		return fail.status, envelope{Status: "error", ErrorType: fail.kind, Error: fail.Error()}
	}
	warnings, infos := rep.notes.AsStrings(rep.query, 10, 10)
	return http.StatusOK, envelope{Status: "success", Data: rep.data, Warnings: warnings, Infos: infos}
}

// metadata answers what is known of metrics.
func (s *Store) metadata(r *http.Request) (reply, error) {
	limit, err := limitParam(r)
	if err != nil {
		return reply{}, err
	}
	return reply{data: s.describe(r.Form.Get("metric"), limit)}, nil
}

// buildInfo answers which Prometheus this is, from which clients conclude what
// it can do.
func buildInfo(*http.Request) (reply, error) {
	version, revision := "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == "github.com/prometheus/prometheus" {
				version = release(d.Version)
			}
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	return reply{data: map[string]string{
		"version": version, "revision": revision, "branch": "", "buildUser": "", "buildDate": "", "goVersion": runtime.Version(),
	}}, nil
}

// release turns the library's module version into the release it is made from:
// v0.316.0 is Prometheus 3.16.0. Before the third release they were the second
// one's: v0.55.1 is 2.55.1.
func release(module string) string {
	var minor, patch int
	if _, err := fmt.Sscanf(module, "v0.%d.%d", &minor, &patch); err != nil {
		return strings.TrimPrefix(module, "v")
	}
	if minor >= 300 {
		return fmt.Sprintf("3.%d.%d", minor-300, patch)
	}
	return fmt.Sprintf("2.%d.%d", minor, patch)
}

// limitParam reads how many results are wanted; 0 is all.
func limitParam(r *http.Request) (int, error) {
	v := r.Form.Get("limit")
	if v == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		return 0, badParam("limit", errors.New("limit must be a non-negative number"))
	}
	return n, nil
}

// The oldest and newest time a query without limits spans; the database counts
// milliseconds in an int64 and computes with them.
const (
	minMillis = math.MinInt64/2 + 1
	maxMillis = math.MaxInt64 / 2
)

// timeParam reads seconds since 1970 or RFC 3339.
func timeParam(r *http.Request, name string, otherwise time.Time) (time.Time, error) {
	v := r.Form.Get(name)
	if v == "" {
		return otherwise, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
		return t, nil
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || math.IsNaN(f) || math.Abs(f) >= maxMillis/1000 {
		return time.Time{}, badParam(name, fmt.Errorf("cannot parse %q to a valid timestamp", v))
	}
	return time.UnixMilli(int64(math.Round(f * 1000))).UTC(), nil
}

// durationParam reads seconds or Prometheus' notation such as 5m.
func durationParam(r *http.Request, name string) (time.Duration, error) {
	v := r.Form.Get(name)
	if f, err := strconv.ParseFloat(v, 64); err == nil {
		if math.IsNaN(f) || math.Abs(f) >= math.MaxInt64/float64(time.Second) {
			return 0, badParam(name, fmt.Errorf("cannot parse %q to a valid duration. It overflows int64", v))
		}
		return time.Duration(f * float64(time.Second)), nil
	}
	d, err := model.ParseDuration(v)
	if err != nil {
		return 0, badParam(name, fmt.Errorf("cannot parse %q to a valid duration", v))
	}
	return time.Duration(d), nil
}

// matchParam reads the selectors of series, each of which must select.
func (s *Store) matchParam(r *http.Request) ([][]*labels.Matcher, error) {
	sets, err := s.parser.ParseMetricSelectors(r.Form["match[]"])
	if err != nil {
		return nil, badParam("match[]", err)
	}
	for _, set := range sets {
		selects := false
		for _, m := range set {
			selects = selects || !m.Matches("")
		}
		if !selects {
			return nil, badParam("match[]", errors.New("match[] must contain at least one non-empty matcher"))
		}
	}
	return sets, nil
}
