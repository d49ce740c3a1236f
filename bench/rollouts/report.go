package main

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
)

// report prints what became of the rollouts, and what was promised; it reports whether all of that was kept.
func report(all []played) bool {
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Printf("## Rollouts through gateway, database and processes\n\nLoad of the machine at the end: %s\n\n", strings.Join(strings.Fields(string(load))[:3], " "))
	fmt.Println("| truth | rollouts | promoted | rolled back | neither | units until the verdict, mean | failing units, mean | Wald | seconds, mean |\n|---|---|---|---|---|---|---|---|---|")
	var groups []string
	by := map[string][]played{}
	for _, o := range all {
		name := o.kind + ": " + o.truth
		if by[name] == nil {
			groups = append(groups, name)
		}
		by[name] = append(by[name], o)
	}
	kinds := []string{harmless, margin, harmful, empty}
	slices.SortStableFunc(groups, func(a, b string) int {
		x, y := by[a][0], by[b][0]
		return cmp.Or(cmp.Compare(slices.Index(kinds, x.kind), slices.Index(kinds, y.kind)), cmp.Compare(x.ratio, y.ratio))
	})
	for _, name := range groups {
		g := by[name]
		promoted, back := count(g, isPromoted), count(g, isRolledBack)
		bound := "-"
		if g[0].ratio > 1 {
			bound = fmt.Sprintf("%.1f", wald(g[0].rollout, g[0].ratio))
		}
		fmt.Printf("| %s | %d | %d | %d | %d | %.0f | %.0f | %s | %.1f |\n", name, len(g), promoted, back, len(g)-promoted-back,
			mean(g, func(o played) float64 { return float64(o.units()) }), mean(g, played.failing), bound, mean(g, played.lasted))
	}
	c := &checks{}
	of := func(kinds ...string) []played {
		return slices.DeleteFunc(slices.Clone(all), func(o played) bool { return !slices.Contains(kinds, o.kind) })
	}
	if g := of(harmless); len(g) > 0 {
		c.atMost("harmless, and rolled back", count(g, isRolledBack), len(g), g[0].rollout.Plan.Alpha)
		c.must("harmless, without a verdict", len(g)-count(g, isRolledBack)-count(g, isPromoted))
	}
	if g := of(margin); len(g) > 0 {
		c.atMost("as bad as the margin, and promoted", count(g, isPromoted), len(g), g[0].rollout.Plan.Beta)
	}
	if g := of(harmful); len(g) > 0 {
		c.atMost("harmful, and promoted", count(g, isPromoted), len(g), g[0].rollout.Plan.Beta)
		c.detection(slices.DeleteFunc(g, func(o played) bool { return !isRolledBack(o) }))
	}
	if g := of(empty); len(g) > 0 {
		c.must("promoted although nothing was told", count(g, isPromoted))
	}
	decided := of(harmless, margin, harmful)
	c.second("from the deciding event to the verdict, longest", most(decided, func(o played) float64 { return seconds(o.rollout.Deciding, o.rollout.Decided) }))
	c.second("from the verdict to traffic, longest", most(decided, func(o played) float64 { return seconds(o.rollout.Decided, o.rollout.Moved) }))
	c.second("from the verdict to the last new request at the version that lost, longest", most(decided, straggler))
	c.must("verdicts that do not replay to the same answer", count(all, func(o played) bool { return !o.replays }))
	requests, unserved, example := 0, 0, ""
	for _, o := range all {
		requests += o.traffic.requests
		unserved += o.traffic.unserved
		if o.traffic.unservedA != "" {
			example = " (" + o.traffic.unservedA + ")"
		}
	}
	c.must(fmt.Sprintf("of %d requests without an answer from a service%s", requests, example), unserved)
	return c.print()
}

func isPromoted(o played) bool   { return o.rollout.Phase == "promoted" }
func isRolledBack(o played) bool { return o.rollout.Phase == "rolled_back" && o.rollout.ByHand == "" }

// straggler is how long after the verdict a request was sent that the version that lost answered.
func straggler(o played) float64 {
	last := o.traffic.lastOld
	if !isPromoted(o) {
		last = o.traffic.lastNew
	}
	if o.rollout.Decided == nil || last.IsZero() {
		return 0
	}
	return last.Sub(*o.rollout.Decided).Seconds()
}

func count(list []played, is func(played) bool) (n int) {
	for _, o := range list {
		if is(o) {
			n++
		}
	}
	return n
}

func mean(list []played, of func(played) float64) float64 {
	sum := 0.0
	for _, o := range list {
		sum += of(o)
	}
	return sum / float64(len(list))
}

func most(list []played, of func(played) float64) (out float64) {
	for _, o := range list {
		out = max(out, of(o))
	}
	return out
}

// checks are promises with what was found.
type checks struct {
	rows []string
	bad  bool
}

func (c *checks) add(what, found, promised string, kept bool) {
	word := "kept"
	if !kept {
		word, c.bad = "**BROKEN**", true
	}
	c.rows = append(c.rows, fmt.Sprintf("| %s | %s | %s | %s |", what, found, promised, word))
}

// atMost promises a probability. It is broken when no probability up to the limit explains so many hits.
func (c *checks) atMost(what string, hits, n int, limit float64) {
	c.add(what, fmt.Sprintf("%d of %d: %.2g to %.2g %%", hits, n, 100*lower99(hits, n), 100*upper99(hits, n)), fmt.Sprintf("at most %g %%", 100*limit), lower99(hits, n) <= limit)
}

func (c *checks) must(what string, n int) { c.add(what, fmt.Sprint(n), "0", n == 0) }

func (c *checks) second(what string, found float64) {
	c.add(what, fmt.Sprintf("%.3f s", found), "at most 1 s", found <= 1)
}

// detection promises failing units until detection as a multiple of Wald's bound, on average; it is broken when
// the lower 99 % bound of the mean is above it.
func (c *checks) detection(g []played) {
	if len(g) == 0 {
		return
	}
	times := func(o played) float64 { return o.failing() / wald(o.rollout, o.ratio) }
	m := mean(g, times)
	spread := 0.0
	if len(g) > 1 {
		spread = 2.33 * math.Sqrt(mean(g, func(o played) float64 { return (times(o) - m) * (times(o) - m) })/float64(len(g)-1))
	}
	c.add("harmful: failing units until detection, times Wald's bound, mean", fmt.Sprintf("%.2f: %.2f to %.2f", m, m-spread, m+spread), "at most 1.5", m-spread <= 1.5)
}

func (c *checks) print() bool {
	fmt.Print("\nA probability, and a mean, is given with its lower and upper 99 % bound.\n\n| promise | found | promised | |\n|---|---|---|---|\n")
	for _, row := range c.rows {
		fmt.Println(row)
	}
	return !c.bad
}

// upper99 and lower99 are the exact (Clopper-Pearson) bounds, each at 99 %, of a probability after hits in n runs.
func upper99(hits, n int) float64 {
	return bisect(float64(hits)/float64(n), 1, func(p float64) bool { return upTo(hits, n, p) > 0.01 })
}

func lower99(hits, n int) float64 {
	if hits == 0 {
		return 0
	}
	return bisect(0, float64(hits)/float64(n), func(p float64) bool { return 1-upTo(hits-1, n, p) < 0.01 })
}

func bisect(low, high float64, below func(float64) bool) float64 {
	for range 60 {
		if p := (low + high) / 2; below(p) {
			low = p
		} else {
			high = p
		}
	}
	return high
}

// upTo is the probability of at most k hits in n runs with probability p.
func upTo(k, n int, p float64) float64 {
	if k >= n {
		return 1
	}
	term := float64(n) * math.Log1p(-p)
	sum := math.Exp(term)
	for i := 1; i <= k; i++ {
		term += math.Log(float64(n-i+1)/float64(i)) + math.Log(p/(1-p))
		sum += math.Exp(term)
	}
	return sum
}
