package upgrade

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/platform/path"
	"github.com/digital-factory/factory/internal/ref"
)

func TestSizes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cohorts string
		total   int
		want    []int
	}{
		{"", 100, []int{1, 9, 90}}, {"", 1, []int{1}}, {"", 5, []int{1, 4}}, {"", 0, nil}, {"2 50% 100%", 9, []int{2, 3, 4}}, {"10%", 100, []int{10}}, {"3 2 100%", 4, []int{3, 1}}, {"500", 4, []int{4}},
	} {
		got, err := sizes(strings.Fields(c.cohorts), c.total)
		if d := cmp.Diff(c.want, got); err != nil || d != "" {
			t.Errorf("%q of %d: %v %s", c.cohorts, c.total, err, d)
		}
	}
	for _, bad := range []string{"0", "-1", "101%", "x", "1.5", "NaN", "%", "1e9"} {
		if got, err := sizes([]string{bad}, 10); err == nil {
			t.Errorf("%q: %v", bad, got)
		}
	}
}

// TestNext: when the next cohort's turn comes, and when not.
func TestNext(t *testing.T) {
	t.Parallel()
	of := func(cohort int, stages ...Stage) (list []Component) {
		for i, st := range stages {
			list = append(list, Component{Component: ref.Component(fmt.Sprint(cohort, "-", i)), Cohort: cohort, Stage: st, Reason: "red"})
		}
		return list
	}
	ten := func(st ...Stage) []Component {
		all := of(2, st...)
		for len(all) < 10 {
			all = append(all, Component{Cohort: 2, Stage: Merged})
		}
		return all
	}
	green := of(1, Approval)
	green[0].Check = Green
	for name, c := range map[string]struct {
		u    Upgrade
		want act
	}{
		"before the first":   {Upgrade{Components: of(1, Waiting)}, begin},
		"on the way":         {Upgrade{Cohort: 1, Components: of(1, Open)}, rest},
		"merged":             {Upgrade{Cohort: 1, Components: of(1, Merged)}, begin},
		"current":            {Upgrade{Cohort: 1, Components: of(1, Current)}, begin},
		"green, for people":  {Upgrade{Cohort: 1, Components: green}, begin},
		"for people":         {Upgrade{Cohort: 1, Components: of(1, Approval)}, rest},
		"canary red":         {Upgrade{Cohort: 1, Components: of(1, Failed)}, pause},
		"canary in conflict": {Upgrade{Cohort: 1, Components: of(1, Conflict)}, pause},
		"accepted":           {Upgrade{Cohort: 1, Accepted: 1, Components: of(1, Failed)}, begin},
		"one of ten red":     {Upgrade{Cohort: 2, Components: ten(Failed)}, finish},
		"two of ten red":     {Upgrade{Cohort: 2, Components: ten(Failed, Failed)}, pause},
		"red before the end": {Upgrade{Cohort: 2, Components: ten(Failed, Failed, Open)}, pause},
		"many in conflict":   {Upgrade{Cohort: 2, Components: ten(Conflict, Conflict, Conflict, Declined)}, finish},
		"late of the first":  {Upgrade{Cohort: 2, Components: append(ten(), of(1, Open)...)}, rest},
		"paused":             {Upgrade{State: Paused, Cohort: 1, Components: of(1, Merged)}, rest},
		"stopped":            {Upgrade{State: Stopped, Cohort: 1, Components: of(1, Merged)}, rest},
	} {
		u := c.u
		u.Cohorts, u.Failures = []int{1, 10}, usualFailures
		if u.State == "" {
			u.State = Running
		}
		got, why := next(u)
		if got != c.want || (why != "") != (got == pause) {
			t.Errorf("%s: %s %q", name, got, why)
		}
	}
}

// TestOrder: everybody has a turn, those first who were named, and nobody is
// always among the first.
func TestOrder(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	canaries := map[ref.Component]int{}
	for round := range 200 {
		var list []path.Instance
		for i := range 20 {
			list = append(list, path.Instance{Component: ref.Component(fmt.Sprint("c", i))})
		}
		rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		order(ref.Upgrade(fmt.Sprint(round)), list, nil)
		canaries[list[0].Component]++
		order("x", list, []ref.Component{"c7", "c3"})
		if list[0].Component != "c7" || list[1].Component != "c3" {
			t.Fatalf("%v", list[:2])
		}
		names := map[ref.Component]bool{}
		for _, i := range list {
			names[i.Component] = true
		}
		if len(names) != 20 {
			t.Fatalf("%d of 20 left", len(names))
		}
	}
	most := 0
	for _, n := range canaries {
		most = max(most, n)
	}
	if len(canaries) < 18 || most > 40 {
		t.Errorf("the first are always the same: %v", slices.Sorted(maps.Values(canaries)))
	}
}
