package assembly

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/release/plan"
)

// Standing is how a part that takes traffic, or awaits it, stands by itself.
type Standing struct {
	Name    string
	Step    string  // stay, widen, promote or roll_back, by its own evidence
	Over    float64 // evidence of harm beyond what rolls back
	Waiting string
}

// Together decides for all parts at once: one that harms takes all back; they
// widen, and are promoted, when each may. culprit is the index of the part that
// harms the most, -1 when none does. waiting is what each part waits for.
//
// Each part is judged by an equal part of alpha, so a release of which no part
// harms is rolled back with probability at most alpha.
func Together(list []Standing) (step string, culprit int, waiting []string) {
	step, culprit = "promote", -1
	last := ""
	for i, p := range list {
		switch p.Step {
		case "roll_back":
			if culprit < 0 || p.Over > list[culprit].Over {
				culprit = i
			}
		case "stay":
			step, last = "stay", fmt.Sprintf("%s, which waits: %s", p.Name, p.Waiting)
		case "widen":
			if step == "promote" {
				step = "widen"
			}
		}
	}
	if culprit >= 0 {
		return "roll_back", culprit, nil
	}
	waiting = make([]string, len(list))
	for i, p := range list {
		if waiting[i] = p.Waiting; p.Step != "stay" {
			waiting[i] = last
		}
	}
	return step, -1, waiting
}

// Stages are those of the most careful of several plans: the one with cohorts,
// then the one that begins with the fewest units, then that with the most
// stages. What any of them has approved is approved. Plans of first versions,
// which have one stage, are passed over. All parts widen by it, so that a unit
// meets all new versions or none; two plans that name different cohorts cannot.
func Stages(plans [][]plan.Stage) (stages []plan.Stage, err error) {
	for _, p := range plans {
		switch {
		case len(p) < 2:
		case stages == nil || careful(p, stages) < 0:
			stages = p
		}
	}
	for _, p := range plans {
		if len(p) < 2 {
			continue
		}
		if cohorts(p) > 0 && !same(p, stages) {
			return nil, errs.New(errs.Blocked, "the parts name different cohorts for their stages, and all must go to the same units")
		}
		stages = plan.Approve(stages, p)
	}
	return stages, nil
}

// careful compares two plans, the more careful first.
func careful(a, b []plan.Stage) int {
	return cmp.Or(cmp.Compare(cohorts(b), cohorts(a)), cmp.Compare(a[0].Share, b[0].Share), cmp.Compare(len(b), len(a)))
}

func cohorts(p []plan.Stage) (n int) {
	for _, s := range p {
		if s.Cohort != nil {
			n++
		}
	}
	return n
}

// same reports whether two plans have the same stages for the same units.
func same(a, b []plan.Stage) bool {
	return slices.EqualFunc(a, b, func(a, b plan.Stage) bool {
		if a.Share != b.Share || (a.Cohort == nil) != (b.Cohort == nil) {
			return false
		}
		return a.Cohort == nil || a.Cohort.String() == b.Cohort.String()
	})
}

// Progress is how far a part is on its way to traffic.
type Progress int

// A part is in staging, proved there, or ready: its workload in production has
// proved itself.
const (
	Staging Progress = iota
	Staged
	Ready
)

// Act is what a part's progress makes possible.
type Act struct {
	Stage int  // begin staging of this part; -1 for none
	Start int  // begin this part's workload in production; -1 for none
	Join  bool // before that: fix the plans of all parts as one
	Go    bool // all parts are ready: traffic
}

// Next decides what to do when part at has just made progress. Parts go one
// after another, in order: a part finds those that it requires there.
func Next(list []Progress, at int) Act {
	a := Act{Stage: -1, Start: -1}
	least := Ready
	for _, p := range list {
		least = min(least, p)
	}
	switch {
	case least == Ready:
		a.Go = true
	case list[at] == Ready && at+1 < len(list):
		a.Start = at + 1
	case list[at] == Staged && at+1 < len(list):
		a.Stage = at + 1
	case list[at] == Staged && least == Staged:
		a.Join, a.Start = true, 0
	}
	return a
}
