package main

import (
	"fmt"
	"math"
)

// check is one promise with what was found.
type check struct {
	what, found, promised string
	kept                  bool
}

// atMost promises a probability: its exact upper 99 % bound after hits in n runs must not exceed limit.
func (b *bench) atMost(what string, hits, n int, limit float64) {
	bound := upper99(hits, n)
	b.checks = append(b.checks, check{what, fmt.Sprintf("%d of %d, at most %s", hits, n, percent(bound)), "at most " + percent(limit), bound <= limit})
}

// below promises that a mean is at most limit.
func (b *bench) below(what string, found, limit float64) {
	b.checks = append(b.checks, check{what, fmt.Sprintf("%.2f", found), fmt.Sprintf("at most %.2f", limit), found <= limit})
}

// breaks promises that a known trap is still one: if it no longer springs, the promise beside it proves nothing.
func (b *bench) breaks(what string, hits, n int, least float64) {
	part := float64(hits) / float64(n)
	b.checks = append(b.checks, check{what, percent(part), "at least " + percent(least) + ", or the check beside it is void", part >= least})
}

func (b *bench) report() int {
	if len(b.checks) == 0 {
		return 0
	}
	fmt.Print("\n## Promises\n\nA probability is given with its exact upper 99 % bound.\n\n| promise | found | promised | |\n|---|---|---|---|\n")
	code := 0
	for _, c := range b.checks {
		word := "kept"
		if !c.kept {
			word, code = "**BROKEN**", 1
		}
		fmt.Printf("| %s | %s | %s | %s |\n", c.what, c.found, c.promised, word)
	}
	return code
}

// upper99 is the exact (Clopper-Pearson) upper 99 % bound of a probability after hits in n runs.
func upper99(hits, n int) float64 {
	low, high := float64(hits)/float64(n), 1.0
	for range 60 {
		p := (low + high) / 2
		term := float64(n) * math.Log1p(-p)
		tail := math.Exp(term)
		for k := 1; k <= hits; k++ {
			term += math.Log(float64(n-k+1)/float64(k)) + math.Log(p/(1-p))
			tail += math.Exp(term)
		}
		if tail > 0.01 {
			low = p
		} else {
			high = p
		}
	}
	return high
}
