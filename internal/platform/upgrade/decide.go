package upgrade

import (
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/platform/path"
	"github.com/digital-factory/factory/internal/ref"
)

// act is what is next for an upgrade as a whole.
type act string

const (
	rest   act = "rest"   // wait for a fact
	begin  act = "begin"  // the next cohort's turn
	pause  act = "pause"  // too much failed
	finish act = "finish" // all cohorts are through
)

// next decides what is next, and why.
func next(u Upgrade) (act, string) {
	if u.State != Running {
		return rest, ""
	}
	if u.Cohort == 0 {
		return begin, ""
	}
	size, failed, good, settled := 0, 0, 0, true
	var example *Component
	for i, c := range u.Components {
		if c.Cohort > u.Cohort {
			continue
		}
		settled = settled && c.settled()
		if c.Cohort < u.Cohort {
			continue
		}
		size++
		switch {
		case c.Stage == Failed:
			failed++
			example = &u.Components[i]
		case c.Stage == Merged || c.Stage == Current || c.Stage == Approval && c.Check == Green:
			good++
		}
	}
	if u.Accepted < u.Cohort && failed*100 > u.Failures*size {
		return pause, fmt.Sprintf("%d of the %d components of cohort %d failed, more than %d %%; the last of them is %s: %s", failed, size, u.Cohort, u.Failures, example.Component, example.Reason)
	}
	switch {
	case !settled:
		return rest, ""
	case u.Cohort == len(u.Cohorts):
		return finish, ""
	case u.Accepted < u.Cohort && size > 0 && good == 0:
		return pause, fmt.Sprintf("none of the %d components of cohort %d took it, so nothing shows that it is good: %s", size, u.Cohort, summary(u, u.Cohort))
	}
	return begin, ""
}

// settled reports whether waiting brings nothing more.
func (c Component) settled() bool {
	switch c.Stage {
	case Waiting, Preparing, Open:
		return false
	case Approval:
		return c.Check != Unknown
	}
	return true
}

// summary counts the components of a cohort by stage.
func summary(u Upgrade, cohort int) string {
	counts := map[Stage]int{}
	for _, c := range u.Components {
		if c.Cohort == cohort {
			counts[c.Stage]++
		}
	}
	var parts []string
	for _, st := range []Stage{Merged, Current, Approval, Conflict, Failed, Declined, Left, Open, Preparing, Waiting} {
		if n := counts[st]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, st))
		}
	}
	return strings.Join(parts, ", ")
}

// usual are the cohorts when nothing else is asked for: one, a tenth, all.
var usual = []string{"1", "10%", "100%"}

const mostCohorts = 20

// sizes returns how many components each cohort has. A cohort is written as how
// many have had their turn when it is through: a number, or percent.
func sizes(cohorts []string, total int) ([]int, error) {
	if len(cohorts) == 0 {
		cohorts = usual
	}
	bad := errs.New(errs.Invalid, "these are no cohorts").Do("name how many components have the version after each, such as 1, 10%%, 100%%")
	if len(cohorts) > mostCohorts {
		return nil, bad.In("cohorts", "at most %d", mostCohorts)
	}
	var out []int
	through := 0
	for i, text := range cohorts {
		number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
		n, err := strconv.ParseFloat(number, 64)
		if err != nil || !(n > 0) || percent && n > 100 || !percent && n != math.Trunc(n) || n > 1e6 {
			return nil, bad.In(fmt.Sprintf("cohorts[%d]", i), "%q is neither a number of components nor percent", text)
		}
		if percent {
			n = math.Ceil(n * float64(total) / 100)
		}
		upto := min(int(n), total)
		if upto > through {
			out = append(out, upto-through)
			through = upto
		}
	}
	return out, nil
}

// order puts those first that were asked for, and the others in an order that
// is another for each upgrade, so that nobody is always the first.
func order(id ref.Upgrade, list []path.Instance, first []ref.Component) {
	rank := func(i path.Instance) string {
		if at := slices.Index(first, i.Component); at >= 0 {
			return fmt.Sprintf("0 %06d", at)
		}
		sum := sha256.Sum256([]byte(string(id) + "/" + string(i.Component)))
		return fmt.Sprintf("1 %x", sum[:8])
	}
	slices.SortFunc(list, func(a, b path.Instance) int { return strings.Compare(rank(a), rank(b)) })
}
