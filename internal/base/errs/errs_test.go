package errs_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/errs"
)

func TestKinds(t *testing.T) {
	t.Parallel()
	cause := errors.New("disk on fire")
	wrapped := errs.New(errs.Unavailable, "cannot write: %w", cause)
	var op error = wrapped
	errs.Wrap(&op, "save %s", "it")
	for _, c := range []struct {
		err  error
		kind errs.Kind
		text string
	}{
		{nil, "", ""},
		{cause, errs.Internal, "disk on fire"},
		{context.Canceled, errs.Internal, "context canceled"},
		{wrapped, errs.Unavailable, "cannot write: disk on fire"},
		{op, errs.Unavailable, "save it: cannot write: disk on fire"},
		{fmt.Errorf("more: %w", op), errs.Unavailable, "more: save it: cannot write: disk on fire"},
		{errs.Because(errs.Blocked, cause, "not now"), errs.Blocked, "not now: disk on fire"},
		{errs.New(errs.Invalid, "bad").In("a", "must be %d", 1).In("b", "too").Do("mend"), errs.Invalid, "bad; a: must be 1; b: too"},
		{errors.Join(cause, errs.New(errs.NotFound, "none")), errs.NotFound, "disk on fire\nnone"},
	} {
		if got := errs.KindOf(c.err); got != c.kind {
			t.Errorf("%v is %q, want %q", c.err, got, c.kind)
		}
		if c.err == nil {
			continue
		}
		if !errs.Is(c.err, c.kind) || errs.Is(nil, c.kind) {
			t.Errorf("%v: Is disagrees", c.err)
		}
		if got := c.err.Error(); got != c.text {
			t.Errorf("%q, want %q", got, c.text)
		}
	}
	if !errors.Is(op, cause) {
		t.Error("the cause is lost")
	}
	none := error(nil)
	if errs.Wrap(&none, "x"); none != nil {
		t.Error("a success was wrapped")
	}
}

// TestOf: what was never classified gives nothing away.
func TestOf(t *testing.T) {
	t.Parallel()
	e := errs.Of(errors.New("password hunter2 at 10.0.0.1"))
	if e.Kind != errs.Internal || e.Text != "something went wrong inside the factory" || e.Next == "" || e.Cause == nil {
		t.Fatalf("%+v", e)
	}
	known := errs.New(errs.Conflict, "changed").With(3).Do("look at %s", "it").In("at", "x")
	if diff := cmp.Diff(known, errs.Of(fmt.Errorf("op: %w", known))); diff != "" || known.Next != "look at it" {
		t.Fatal(diff)
	}
}
