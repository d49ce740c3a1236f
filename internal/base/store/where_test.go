package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhere(t *testing.T) {
	t.Parallel()
	var w Where
	if w.String() != " " || w.Args() != nil {
		t.Fatalf("%q %v", w.String(), w.Args())
	}
	w.And("(opened < $1 or opened = $1 and id < $2)", 7, "x")
	w.Is("team", "")
	w.Is("component", "shop")
	w.And("state in ('open', 'queued')")
	w.And("checks = $1", 1)
	limit := w.Value(51)
	if got := w.String() + limit; got != " where (opened < $1 or opened = $1 and id < $2) and component = $3 and state in ('open', 'queued') and checks = $4 $5" {
		t.Fatal(got)
	}
	if diff := cmp.Diff([]any{7, "x", "shop", 1, 51}, w.Args()); diff != "" {
		t.Fatal(diff)
	}
}
