package page_test

import (
	"slices"
	"testing"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
)

// TestPaging: whatever the size, pages give every row once, in order.
func TestPaging(t *testing.T) {
	t.Parallel()
	for rows := range 12 {
		for limit := 1; limit < 14; limit++ {
			var got []int
			ask := page.Ask{Limit: limit}
			for pages := 0; ; pages++ {
				after := -1
				if _, err := ask.Key(&after); err != nil {
					t.Fatal(err)
				}
				var list []int
				for r := after + 1; r < rows && len(list) < ask.Size()+1; r++ {
					list = append(list, r)
				}
				part, next := page.Of(ask, list, func(r int) any { return r })
				got = append(got, part...)
				if next == "" {
					break
				}
				if len(part) != limit || pages > rows {
					t.Fatalf("%d rows by %d: a page of %d that is not the last", rows, limit, len(part))
				}
				ask.After = next
			}
			if len(got) != rows || !slices.IsSorted(got) || len(slices.Compact(got)) != rows {
				t.Fatalf("%d rows by %d: %v", rows, limit, got)
			}
		}
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	for limit, want := range map[int]int{-5: page.Default, 0: page.Default, 1: 1, 500: 500, 501: 500, 1 << 40: 500} {
		if got := (page.Ask{Limit: limit}).Size(); got != want {
			t.Errorf("%d gives %d, want %d", limit, got, want)
		}
	}
}

func FuzzCursor(f *testing.F) {
	f.Add(page.Cursor("a key"))
	f.Add(page.Cursor(map[string]int{"a": 1}))
	f.Add("%%%")
	f.Fuzz(func(t *testing.T, after string) {
		key := "~"
		had, err := page.Ask{After: after}.Key(&key)
		if err != nil && !errs.Is(err, errs.Invalid) || had != (err == nil && after != "") {
			t.Fatalf("%q: %v, %v", after, had, err)
		}
	})
}
