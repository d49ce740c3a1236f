package dossier

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/evidence"
)

// picture is the evidence over the time of the rollout, in the units of the
// drawing: width by height, y downwards.
type picture struct {
	Width, Height float64
	Harm, Fine    string // points of the two lines; empty when there is nothing to draw
	HarmAt        float64
	FineAt        float64
	HarmLine      float64 // where the thresholds are
	FineLine      float64
	Ramp          []band
	Span          string // the time that the drawing covers
	Zero          float64
}

// band is a stretch of time with one share of the units.
type band struct {
	X, Width float64
	Share    float64
}

const width, height = 720.0, 220.0

// draw makes the picture of a trace against the thresholds of the verdict's
// first metric.
func draw(trace []Point, v evidence.Verdict) picture {
	p := picture{Width: width, Height: height}
	if len(trace) < 2 || len(v.Metrics) == 0 {
		return p
	}
	m := v.Metrics[0]
	p.HarmAt, p.FineAt = m.Threshold, m.PromoteThreshold
	low, high := 0.0, max(m.Threshold, m.PromoteThreshold)
	for _, t := range trace {
		low, high = min(low, t.Harm, t.Fine), max(high, t.Harm, t.Fine)
	}
	low, high = max(low, -high), min(high, 2*max(m.Threshold, m.PromoteThreshold)) // a far point must not flatten the rest
	first, last := trace[0].At, trace[len(trace)-1].At
	total := max(last.Sub(first), time.Millisecond)
	x := func(t time.Time) float64 { return round(width * float64(t.Sub(first)) / float64(total)) }
	y := func(e float64) float64 {
		return round(height - 8 - (height-16)*(min(max(e, low), high)-low)/(high-low))
	}
	var harm, fine []string
	for i, t := range trace {
		harm = append(harm, fmt.Sprintf("%g,%g", x(t.At), y(t.Harm)))
		fine = append(fine, fmt.Sprintf("%g,%g", x(t.At), y(t.Fine)))
		if i == 0 || t.Share != trace[i-1].Share {
			p.Ramp = append(p.Ramp, band{X: x(t.At), Share: t.Share})
		}
	}
	for i := range p.Ramp {
		end := width
		if i+1 < len(p.Ramp) {
			end = p.Ramp[i+1].X
		}
		p.Ramp[i].Width = round(end - p.Ramp[i].X)
	}
	p.Harm, p.Fine = strings.Join(harm, " "), strings.Join(fine, " ")
	p.HarmLine, p.FineLine, p.Zero = y(m.Threshold), y(m.PromoteThreshold), y(0)
	p.Span = total.Round(100 * time.Millisecond).String()
	return p
}

func round(v float64) float64 { return math.Round(v*10) / 10 }
