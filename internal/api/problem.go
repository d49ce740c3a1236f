package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/ref"
)

// statuses is the one table from kinds of failure to HTTP.
var statuses = map[errs.Kind]int{
	errs.Invalid:     http.StatusUnprocessableEntity,
	errs.NotFound:    http.StatusNotFound,
	errs.Conflict:    http.StatusConflict,
	errs.Blocked:     http.StatusLocked,
	errs.Denied:      http.StatusForbidden,
	errs.Unavailable: http.StatusServiceUnavailable,
	errs.Internal:    http.StatusInternalServerError,
}

// problem is client.Problem as huma wants an error.
type problem struct{ client.Problem }

// GetStatus returns the HTTP status.
func (p *problem) GetStatus() int { return p.Status }

// Error returns the detail.
func (p *problem) Error() string { return p.Problem.Error() }

// ContentType is RFC 9457's.
func (p *problem) ContentType(string) string { return "application/problem+json" }

// problemOf turns any failure into a problem and logs what the outside does
// not get to see.
func problemOf(err error, operation string) *problem {
	e := errs.Of(err)
	p := &problem{client.Problem{
		Type: "/docs/problems#" + string(e.Kind), Title: string(e.Kind), Kind: string(e.Kind), Status: statuses[e.Kind],
		Detail: e.Text, Next: e.Next, Current: e.Detail, ID: ref.New(),
	}}
	for _, f := range e.Fields {
		p.Errors = append(p.Errors, client.ProblemField{At: f.At, Text: f.Text})
	}
	log := slog.Debug
	if (e.Kind == errs.Internal || e.Kind == errs.Unavailable) && !errors.Is(err, context.Canceled) { // then the client is gone
		log = slog.Error
	}
	log("refused", "operation", operation, "problem", p.ID, "kind", e.Kind, "error", err)
	return p
}

// unauthenticated is the answer to an actor that is not signed in.
func unauthenticated(err error, operation string) *problem {
	p := problemOf(err, operation)
	p.Status = http.StatusUnauthorized
	return p
}

// newError is how huma reports what it finds itself: bodies that are not JSON,
// fields that break the schema. The offending values are left out: they may be
// secrets.
func newError(status int, msg string, wrong ...error) huma.StatusError {
	kind := errs.Invalid
	for k, s := range statuses {
		if s == status {
			kind = k
		}
	}
	p := &problem{client.Problem{Type: "/docs/problems#" + string(kind), Title: string(kind), Kind: string(kind), Status: status, Detail: msg, ID: ref.New()}}
	if status == http.StatusBadRequest || status == http.StatusUnprocessableEntity {
		p.Next = "correct the parts named and send it again"
	}
	for _, err := range wrong {
		if d, ok := errors.AsType[*huma.ErrorDetail](err); ok {
			p.Errors = append(p.Errors, client.ProblemField{At: d.Location, Text: d.Message})
		} else if err != nil {
			p.Errors = append(p.Errors, client.ProblemField{Text: err.Error()})
		}
	}
	return p
}
