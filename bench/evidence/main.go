// Evidence measures how rollouts are decided, on simulated traffic with known truth: the rules of
// internal/evidence beside those that are common elsewhere, on the very same streams. It prints its tables in
// Markdown and asserts what is promised; it ends with exit code 1 when a promise is not kept. One core, seeded:
// the same flags print the same tables.
//
// The other rules are written here from their descriptions, not taken from their code: a check of an error ratio
// against a limit with a number of failures allowed (Argo Rollouts, Flagger), a rank test judged once (Kayenta),
// an abort at a failed share after a minimum of reports (AWS IoT jobs), a threshold on a share of the whole group
// (hawkBit), and a significance test that is looked at again and again.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
)

func main() {
	runs := flag.Int("runs", 10_000, "simulated rollouts per figure that is asserted; slow tables of other rules use a tenth")
	seed := flag.Uint64("seed", 1, "seed of all random numbers")
	only := flag.String("only", "", "run one section: services, fleet, latency, bounds, judge, promises")
	pictures := flag.String("pictures", "", "write the pictures of docs/evidence.md into this directory instead")
	flag.Parse()
	if flag.NArg() > 0 || *runs < 100 {
		fmt.Fprintln(os.Stderr, "usage: evidence [-runs N] [-seed N] [-only SECTION] [-pictures DIR]    N of runs at least 100")
		os.Exit(2)
	}
	b := &bench{runs: *runs, seed: *seed}
	if *pictures != "" {
		if err := b.pictures(*pictures); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	known := *only == ""
	for _, section := range []struct {
		name string
		run  func()
	}{
		{"services", b.services}, {"fleet", b.fleet}, {"latency", b.latency},
		{"bounds", b.bounds}, {"judge", b.judge}, {"promises", b.promises},
	} {
		if *only == "" || *only == section.name {
			known = true
			section.run()
		}
	}
	if !known {
		fmt.Fprintf(os.Stderr, "there is no section %q\n", *only)
		os.Exit(2)
	}
	os.Exit(b.report())
}

type bench struct {
	runs   int
	seed   uint64
	checks []check
}

// each plays n seeded runs, each with random numbers of its own, and returns what they returned.
func each[T any](b *bench, n int, run func(rng *rand.Rand) T) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = run(rand.New(rand.NewPCG(b.seed, uint64(i))))
	}
	return out
}

// share is the part of the runs that said yes.
func share(hits []bool) (n int, part float64) {
	for _, h := range hits {
		if h {
			n++
		}
	}
	return n, float64(n) / float64(len(hits))
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(max(len(values), 1))
}

func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(q*float64(len(sorted)-1))]
}

func percent(x float64) string {
	switch {
	case x > 0 && x < 0.0995:
		return fmt.Sprintf("%.2f %%", 100*x)
	case x > 0.9995 && x < 1:
		return "> 99.9 %"
	}
	return fmt.Sprintf("%.1f %%", 100*x)
}
