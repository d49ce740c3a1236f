// Package errs is the taxonomy of failure. An error is classified once, where
// its cause is known, and turned into an HTTP problem, a CLI exit code or a
// worker's behaviour at one place each. Whatever was never classified is
// internal, and its text is withheld from the outside.
package errs

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what sort of no an error is. The set is closed.
type Kind string

// The kinds. Their order is from the caller's fault to ours.
const (
	Invalid     Kind = "invalid"     // the request can never succeed as it stands
	NotFound    Kind = "not-found"   // the thing named does not exist (or may not be seen)
	Conflict    Kind = "conflict"    // somebody else changed it first; look and try again
	Blocked     Kind = "blocked"     // a rule or a missing fact stands in the way for now
	Denied      Kind = "denied"      // this actor may not do this
	Unavailable Kind = "unavailable" // something outside did not answer; trying again may help
	Internal    Kind = "internal"    // a defect of ours
)

// Field names one part of a request that is wrong, as a JSON path or file
// position, and says why.
type Field struct {
	At   string `json:"at"`
	Text string `json:"text"`
}

// Error is a classified failure. Text, Next and Fields are for the actor;
// Cause is for the log only.
type Error struct {
	Kind   Kind
	Text   string  // why, and on what evidence
	Next   string  // the next thing to do; may be empty
	Fields []Field // parts of the request that are wrong
	Detail any     // evidence for machines, JSON-encodable; for a conflict the current state
	Cause  error
}

// New returns an error of the kind with a text for the actor.
func New(kind Kind, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: kind, Text: err.Error(), Cause: errors.Unwrap(err)}
}

// Because returns an error of the kind with a text for the actor and a cause
// for the log.
func Because(kind Kind, cause error, format string, args ...any) *Error {
	return &Error{Kind: kind, Text: fmt.Sprintf(format, args...), Cause: cause}
}

// Do adds the next thing to do and returns e.
func (e *Error) Do(format string, args ...any) *Error {
	e.Next = fmt.Sprintf(format, args...)
	return e
}

// With adds machine-readable evidence and returns e.
func (e *Error) With(detail any) *Error {
	e.Detail = detail
	return e
}

// In adds a wrong field and returns e.
func (e *Error) In(at, format string, args ...any) *Error {
	e.Fields = append(e.Fields, Field{At: at, Text: fmt.Sprintf(format, args...)})
	return e
}

// Error returns the text, the wrong fields and the cause, for the log.
func (e *Error) Error() string {
	s := e.Text
	for _, f := range e.Fields {
		s += "; " + f.At + ": " + f.Text
	}
	if e.Cause != nil {
		if c := e.Cause.Error(); c != "" && !strings.HasSuffix(e.Text, c) { // it may be wrapped in already
			s += ": " + c
		}
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Wrap puts the operation's name before *err, keeping its kind. It is meant for
// the first line of a function: defer errs.Wrap(&err, "start rollout of %s", c).
func Wrap(err *error, format string, args ...any) {
	if *err != nil {
		*err = fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), *err)
	}
}

// KindOf returns the kind of the first classified error in err's chain,
// Internal for any other error, and "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is of the kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// Of returns the first classified error in err's chain, or an Internal one
// whose text gives nothing away.
func Of(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Kind: Internal, Text: "something went wrong inside the factory", Next: "try again; if it stays, give the identifier of this problem to the platform team", Cause: err}
}
