package insight

import (
	"math"
	"slices"
)

// level is the confidence of every interval, z its two-sided normal quantile.
const (
	level = 0.95
	z     = 1.959963984540054
)

// interval is a lower and an upper end; an infinite end is open.
type interval struct{ low, high float64 }

// quantile is the type-7 quantile (Hyndman and Fan, Sample quantiles in
// statistical packages, 1996) of a sorted sample that is not empty.
func quantile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	low := int(math.Floor(at))
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

// medianInterval is the interval of the median between two order statistics,
// whose ranks are such that fewer than 2.5 % of samples miss the median on
// either side (David and Nagaraja, Order Statistics, 7.1). It assumes nothing
// of the distribution. ok is false for fewer than 6 observations: not even the
// extremes reach the level.
func medianInterval(sorted []float64) (in interval, ok bool) {
	n := len(sorted)
	k := rankBelow(n)
	if k == 0 {
		return interval{}, false
	}
	return interval{sorted[k-1], sorted[n-k]}, true
}

// rankBelow is the largest k with P(Bin(n, 1/2) < k) <= 2.5 %, 0 when there is
// none.
func rankBelow(n int) int {
	if n > 2000 { // the normal approximation is then exact to a rank or two
		return int(math.Floor(float64(n)/2 - z*math.Sqrt(float64(n))/2))
	}
	var below float64
	ln, _ := math.Lgamma(float64(n) + 1)
	for k := 0; k < n; k++ {
		lk, _ := math.Lgamma(float64(k) + 1)
		lnk, _ := math.Lgamma(float64(n-k) + 1)
		below += math.Exp(ln - lk - lnk - float64(n)*math.Ln2)
		if below > (1-level)/2 {
			return k
		}
	}
	return 0
}

// wilson is Wilson's score interval of a rate of k in n > 0 (Journal of the
// American Statistical Association 22, 1927).
func wilson(k, n int) interval {
	p, m := float64(k)/float64(n), float64(n)
	middle := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return interval{max(0, middle-half), min(1, middle+half)}
}

// poisson is Garwood's exact interval of the mean of a Poisson count
// (Biometrika 28, 1936); above 1000 by Byar's approximation, which is then
// exact to four digits.
func poisson(k int) interval {
	x := float64(k)
	if k > 1000 {
		byar := func(x, z float64) float64 { return x * math.Pow(1-1/(9*x)+z/(3*math.Sqrt(x)), 3) }
		return interval{byar(x, -z), byar(x+1, z)}
	}
	in := interval{0, solve(x, x+10*math.Sqrt(x+1)+10, func(mean float64) bool { return poissonBelow(k, mean) > (1-level)/2 })}
	if k > 0 {
		in.low = solve(0, x, func(mean float64) bool { return 1-poissonBelow(k-1, mean) < (1-level)/2 })
	}
	return in
}

// solve finds where below turns from true to false.
func solve(low, high float64, below func(float64) bool) float64 {
	for range 100 {
		if middle := (low + high) / 2; below(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return (low + high) / 2
}

// poissonBelow is P(X <= k) for a Poisson X.
func poissonBelow(k int, mean float64) float64 {
	if mean == 0 {
		return 1
	}
	var sum float64
	for i := 0; i <= k; i++ {
		li, _ := math.Lgamma(float64(i) + 1)
		sum += math.Exp(float64(i)*math.Log(mean) - mean - li)
	}
	return min(1, sum)
}

// life is how long something lasted, or has lasted so far.
type life struct {
	time float64
	open bool // not over: right-censored
}

// kaplanMeier is the product-limit estimate of the median of lives of which
// some are not over (Kaplan and Meier 1958), with the interval of Brookmeyer
// and Crowley on the log-log scale. reached is false when fewer than half are
// estimated to be over.
func kaplanMeier(lives []life) (median float64, in interval, reached bool) {
	lives = slices.Clone(lives)
	slices.SortFunc(lives, func(a, b life) int {
		switch {
		case a.time < b.time:
			return -1
		case a.time > b.time:
			return 1
		case a.open != b.open && b.open:
			return -1 // what ended at a time was at risk until then
		case a.open != b.open:
			return 1
		}
		return 0
	})
	median, in = math.Inf(1), interval{math.Inf(1), math.Inf(1)}
	survival, greenwood, upper := 1.0, 0.0, 1.0
	for i := 0; i < len(lives); {
		t, risk, ended := lives[i].time, float64(len(lives)-i), 0.0
		for ; i < len(lives) && lives[i].time == t; i++ {
			if !lives[i].open {
				ended++
			}
		}
		if ended == 0 {
			continue
		}
		survival *= 1 - ended/risk
		lower := 0.0
		if risk > ended { // after the last one the variance is not defined: the upper end stays
			greenwood += ended / (risk * (risk - ended))
			spread := z * math.Sqrt(greenwood) / math.Abs(math.Log(survival))
			lower = math.Pow(survival, math.Exp(spread))
			upper = math.Pow(survival, math.Exp(-spread))
		}
		const half = 0.5 + 1e-12 // products of fractions do not hit 1/2 exactly
		if survival <= half {
			median = min(median, t)
		}
		if lower <= half {
			in.low = min(in.low, t)
		}
		if upper <= half {
			in.high = min(in.high, t)
		}
	}
	return median, in, !math.IsInf(median, 1)
}
