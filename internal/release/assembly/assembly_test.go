package assembly

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/parts"
	"github.com/digital-factory/factory/internal/release/plan"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// version reads "engine 43 -control ^3".
func version(t *testing.T, id, text string) Version {
	t.Helper()
	f := strings.Fields(text)
	provides, requires := map[string]string{}, map[string]string{}
	for i := 2; i < len(f); i += 2 {
		if f[i][0] == '+' {
			provides[f[i][1:]] = f[i+1]
		} else {
			requires[f[i][1:]] = f[i+1]
		}
	}
	n, faults := parts.Parse(provides, requires)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	c := ref.Component(f[0])
	return Version{Part: Part{Rollout: ref.Rollout(id), Component: c, Artifact: ref.Artifact(f[0] + f[1]), Number: f[1]},
		As: parts.Part{Component: c, Version: parts.Named(f[1]), Needs: n}}
}

func versions(t *testing.T, texts ...string) (list []Version) {
	for i, x := range texts {
		list = append(list, version(t, fmt.Sprint("r", i), x))
	}
	return list
}

// TestConsider: what a queued version can do, given what else there is.
func TestConsider(t *testing.T) {
	t.Parallel()
	live := []string{"engine 42 -control ^2", "flight 17 +control 2.4", "shop 1"}
	for _, c := range []struct {
		title               string
		queued, moving, bad []string
		together, waits     string // of the first queued
		overtaken           bool
	}{
		{"plain", []string{"shop 2", "engine 43 -control ^3"}, []string{"flight 18 +control 3"}, nil, "shop 2", "", false},
		{"by itself", []string{"engine 43 -control >=2.1"}, nil, nil, "engine 43", "", false},
		{"together", []string{"engine 43 -control ^3", "flight 18 +control 3"}, nil, nil, "flight 18 and engine 43", "", false},
		{"not yet", []string{"engine 43 -control ^3"}, nil, nil, "", "flight that provides control ^3; none is live or on its way", false},
		{"bad", []string{"engine 43 -control ^3"}, nil, []string{"flight 18 +control 3"}, "", "flight that provides control ^3; flight 18, which does, is marked bad", false},
		{"a neighbour moves", []string{"engine 43 -control ^2"}, []string{"flight 18 +control 2.5"}, nil, "", "the rollout of flight 18 to end", false},
		{"then together", []string{"engine 43 -control ^3", "flight 19 +control 3"}, []string{"flight 18 +control 2.5"}, nil, "", "the rollout of flight 18 to end, then goes together with flight 19", false},
		{"a newer one fits too", []string{"engine 43 -control ^2", "engine 44 -control ^2"}, nil, nil, "engine 43", "", true},
		{"a newer one does not fit", []string{"engine 43 -control ^2", "engine 44 -control ^3"}, nil, nil, "engine 43", "", false},
		{"an older one fits better", []string{"engine 43 -control ^3", "flight 18 +control 3", "flight 19 +control 4"}, nil, nil, "flight 18 and engine 43", "", false},
	} {
		t.Run(c.title, func(t *testing.T) {
			t.Parallel()
			l := Landscape{Live: versions(t, live...), Queued: versions(t, c.queued...), Moving: versions(t, c.moving...), Bad: versions(t, c.bad...)}
			for i := range l.Moving {
				l.Moving[i].Rollout = "moving"
			}
			var memory Memory
			a := memory.Consider(l, l.Queued[0])
			if Names(a.Together) != c.together || a.Waits != c.waits || l.Overtaken(l.Queued[0]) != c.overtaken {
				t.Fatalf("goes with %q, waits for %q, overtaken %v", Names(a.Together), a.Waits, l.Overtaken(l.Queued[0]))
			}
			if diff := cmp.Diff(fmt.Sprint(a), fmt.Sprint(memory.Consider(l, l.Queued[0]))); diff != "" {
				t.Fatalf("remembered otherwise:\n%s", diff)
			}
		})
	}
}

// TestNextOfParts: whatever the number of parts, they go through staging one
// after another, then are joined, then start one after another, then all go.
func TestNextOfParts(t *testing.T) {
	t.Parallel()
	for n := 2; n < 6; n++ {
		far := make([]Progress, n)
		var told []string
		at := 0
		for step := 0; ; step++ {
			if step == 2*n {
				break
			}
			far[at]++
			a := Next(far, at)
			told = append(told, fmt.Sprintf("%d %d %v %v", a.Stage, a.Start, a.Join, a.Go))
			at = max(a.Stage, a.Start)
			if a.Go && step != 2*n-1 || at < 0 && !a.Go {
				t.Fatalf("%d parts, step %d: %+v", n, step, a)
			}
		}
		var want []string
		for i := 1; i < n; i++ {
			want = append(want, fmt.Sprintf("%d -1 false false", i))
		}
		want = append(want, "-1 0 true false")
		for i := 1; i < n; i++ {
			want = append(want, fmt.Sprintf("-1 %d false false", i))
		}
		if diff := cmp.Diff(append(want, "-1 -1 false true"), told); diff != "" {
			t.Fatalf("%d parts (-want +got):\n%s", n, diff)
		}
	}
}

func TestTogether(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		steps   string
		over    []float64
		step    string
		culprit int
	}{
		{"widen widen", nil, "widen", -1}, {"promote widen", nil, "widen", -1}, {"promote promote", nil, "promote", -1},
		{"promote stay", nil, "stay", -1}, {"widen stay", nil, "stay", -1}, {"stay roll_back", nil, "roll_back", 1},
		{"roll_back roll_back", []float64{1, 2}, "roll_back", 1}, {"roll_back roll_back", []float64{2, 1}, "roll_back", 0}, {"roll_back promote", nil, "roll_back", 0},
	} {
		var list []Standing
		for i, s := range strings.Fields(c.steps) {
			p := Standing{Name: fmt.Sprint("part-", i), Step: s, Waiting: "more units"}
			if c.over != nil {
				p.Over = c.over[i]
			}
			list = append(list, p)
		}
		step, culprit, waiting := Together(list)
		if step != c.step || culprit != c.culprit || culprit < 0 && len(waiting) != 2 {
			t.Errorf("%s: %s by %d, %q", c.steps, step, culprit, waiting)
		}
	}
	of := func(shares ...float64) (list []plan.Stage) {
		for _, s := range shares {
			list = append(list, plan.Stage{Share: s})
		}
		return list
	}
	got, err := Stages([][]plan.Stage{of(0.25, 1), of(1), of(0.05, 0.5, 1), of(0.05, 0.1, 0.5, 1)})
	if err != nil || !slices.Equal((plan.Plan{Stages: got}).Shares(), []float64{0.05, 0.1, 0.5, 1}) {
		t.Errorf("shares %v", got)
	}
}

// TestAlphaOfARelease: with alpha divided among the parts, releases of which no
// part harms are rolled back with at most alpha in all.
func TestAlphaOfARelease(t *testing.T) {
	t.Parallel()
	const releases, looks, size, alpha = 150, 12, 150, 0.1
	for _, n := range []int{3} {
		back := 0
		for seed := range uint64(releases) {
			rng := rand.New(rand.NewPCG(seed, uint64(n)))
			sits := make([]rollout.Situation, n)
			for i := range sits {
				p := plan.Default("normal", false)
				p.Evidence.Alpha = alpha / float64(n)
				sits[i] = rollout.Situate(rollout.Rollout{Plan: p}, nil)
			}
			if fate(rng, sits, looks, size) == "roll_back" {
				back++
			}
		}
		if limit := alpha*releases + 2.6*3.7; float64(back) > limit { // 99.5 % of the binomial
			t.Errorf("%d parts: %d of %d harmless releases were rolled back; at most %.0f", n, back, releases, limit)
		}
		t.Logf("%d parts: %d of %d harmless releases were rolled back", n, back, releases)
	}
}

// fate plays a release of which each part fails one unit in ten in both arms.
func fate(rng *rand.Rand, sits []rollout.Situation, looks, size int) string {
	for range looks {
		stands := make([]Standing, len(sits))
		for i := range sits {
			s := &sits[i]
			k := s.Stage
			for range size {
				arm := &s.Inputs.Exposures[k].Baseline
				failed := &s.Inputs.Metrics[0].Stages[k].Baseline
				if rng.Float64() < s.Plan.Stages[k].Share {
					arm, failed = &s.Inputs.Exposures[k].Canary, &s.Inputs.Metrics[0].Stages[k].Canary
					s.Inputs.Exposures[k].Served++
					s.Inputs.Metrics[0].Arm.Units++
				}
				*arm++
				if rng.Float64() < 0.1 {
					*failed++
					if failed == &s.Inputs.Metrics[0].Stages[k].Canary {
						s.Inputs.Metrics[0].Arm.Failures++
					}
				}
			}
			step, v, waiting := rollout.Next(*s)
			stands[i] = Standing{Name: "part", Step: string(step), Over: rollout.Over(v), Waiting: waiting}
		}
		step, _, _ := Together(stands)
		switch step {
		case "widen":
			for i := range sits {
				sits[i].Stage++
			}
		case "stay":
		default:
			return step
		}
	}
	return "stay"
}

// TestAnswersOfAPerson: what a person names is accepted or refused with what to
// add; nothing that the person did not name is changed.
func TestAnswersOfAPerson(t *testing.T) {
	t.Parallel()
	l := Landscape{Live: versions(t, "engine 42 -control ^2", "flight 17 +control 2.4"), Queued: versions(t, "engine 43 -control ^3", "flight 18 +control 3")}
	if a, err := l.Chosen(l.Queued); err != nil || Names(a.Together) != "engine 43 and flight 18" || len(a.Links) != 1 {
		t.Fatalf("%+v, %v", a, err)
	}
	_, err := l.Chosen(l.Queued[:1])
	if err == nil || !strings.Contains(err.Error(), "engine 43 requires control ^3, but flight 17 provides 2.4") {
		t.Fatal(err)
	}
	if next := errs.Of(err).Next; next != "add what is missing: --part flight@18" {
		t.Fatal(next)
	}
	if a := l.Solve(l.Queued[:1]); Names(a.Together) != "flight 18 and engine 43" || a.Conflict != nil {
		t.Fatalf("%+v", a)
	}
	l.Bad = l.Queued[1:]
	if _, err := l.Chosen(l.Queued); err == nil || !strings.Contains(err.Error(), "flight 18 is asked for, but it is marked bad") {
		t.Fatal(err)
	}
}
