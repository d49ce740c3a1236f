package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/digital-factory/factory/internal/evidence/anytime"
)

// pictures writes the pictures of docs/evidence.md, from the same simulations as the tables.
func (b *bench) pictures(dir string) error {
	for name, draw := range map[string]func() string{
		"evidence-peeking.svg": b.drawPeeking, "evidence-path.svg": b.drawPath, "evidence-fleet.svg": b.drawFleet,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(draw()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// style is that of docs/loop.svg: readable on light and on dark.
const style = `  <style>
    .bg { fill: #ffffff; }
    .name { font: 600 16px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #17202b; }
    .text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #4a5563; }
    .grid { stroke: #dfe3e8; stroke-width: 1; }
    .axis { stroke: #7a8694; stroke-width: 1.2; }
    .limit { stroke: #7a8694; stroke-width: 1.4; stroke-dasharray: 6 4; }
    .a { stroke: #2f7d4f; fill: none; stroke-width: 2.4; } .A { fill: #2f7d4f; }
    .b { stroke: #b3372f; fill: none; stroke-width: 2; } .B { fill: #b3372f; }
    .c { stroke: #8a6100; fill: none; stroke-width: 2; stroke-dasharray: 7 3; } .C { fill: #8a6100; }
    .d { stroke: #3d6fb0; fill: none; stroke-width: 2; stroke-dasharray: 2 3; } .D { fill: #3d6fb0; }
    .label { font: 600 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
    @media (prefers-color-scheme: dark) {
      .bg { fill: #0f141a; }
      .name { fill: #eef2f6; }
      .text { fill: #aab5c1; }
      .grid { stroke: #26303b; }
      .axis, .limit { stroke: #8593a3; }
      .a { stroke: #5fbf85; } .A { fill: #5fbf85; }
      .b { stroke: #f08078; } .B { fill: #f08078; }
      .c { stroke: #e0b050; } .C { fill: #e0b050; }
      .d { stroke: #7fb0f0; } .D { fill: #7fb0f0; }
    }
  </style>
`

// curve is a line of a chart; its class gives it colour and pattern, and in capitals those of its label.
type curve struct {
	class, label   string
	x, y           []float64
	labelX, labelY float64 // where the label begins, in data
}

type chart struct {
	title, description string
	xName, yName       string
	xMax, yMin, yMax   float64
	xTicks, yTicks     []float64
	yTick              func(float64) string
	limits             []curve // label and one y each
	curves             []curve
}

func (c chart) draw() string {
	const left, right, top, bottom, width, height = 76.0, 30.0, 70.0, 56.0, 860.0, 420.0
	px := func(x float64) float64 { return left + x/c.xMax*(width-left-right) }
	py := func(y float64) float64 { return height - bottom - (y-c.yMin)/(c.yMax-c.yMin)*(height-top-bottom) }
	var s strings.Builder
	head(&s, width, height, c.title, c.description)
	text(&s, "text", left, 54, "start", c.yName)
	for _, y := range c.yTicks {
		fmt.Fprintf(&s, "  <line class=\"grid\" x1=\"%.0f\" y1=\"%.1f\" x2=\"%.0f\" y2=\"%.1f\"/>\n", left, py(y), width-right, py(y))
		text(&s, "text", left-10, py(y)+4, "end", c.yTick(y))
	}
	for _, x := range c.xTicks {
		text(&s, "text", px(x), height-bottom+20, "middle", fmt.Sprintf("%g", x))
	}
	fmt.Fprintf(&s, "  <line class=\"axis\" x1=\"%.0f\" y1=\"%.1f\" x2=\"%.0f\" y2=\"%.1f\"/>\n", left, height-bottom, width-right, height-bottom)
	text(&s, "text", width-right, height-12, "end", c.xName)
	for _, l := range c.limits {
		fmt.Fprintf(&s, "  <line class=\"limit\" x1=\"%.0f\" y1=\"%.1f\" x2=\"%.0f\" y2=\"%.1f\"/>\n", left, py(l.y[0]), width-right, py(l.y[0]))
		text(&s, "text", px(l.labelX), py(l.y[0])-6, "start", l.label)
	}
	for _, l := range c.curves {
		var points []string
		for i := range l.x {
			points = append(points, fmt.Sprintf("%.1f,%.1f", px(l.x[i]), py(max(l.y[i], c.yMin))))
		}
		fmt.Fprintf(&s, "  <polyline class=%q points=%q/>\n", l.class, strings.Join(points, " "))
		text(&s, "label "+strings.ToUpper(l.class), px(l.labelX), py(l.labelY), "start", l.label)
	}
	s.WriteString("</svg>\n")
	return s.String()
}

func head(s *strings.Builder, width, height float64, title, description string) {
	fmt.Fprintf(s, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-labelledby=\"title desc\">\n  <title id=\"title\">%s</title>\n  <desc id=\"desc\">%s</desc>\n%s  <rect class=\"bg\" width=\"%.0f\" height=\"%.0f\"/>\n", width, height, title, description, style, width, height)
	text(s, "name", 20, 28, "start", title)
}

func text(s *strings.Builder, class string, x, y float64, anchor, what string) {
	fmt.Fprintf(s, "  <text class=%q x=\"%.1f\" y=\"%.1f\" text-anchor=%q>%s</text>\n", class, x, y, anchor, what)
}

// drawPeeking shows how many harmless releases each rule has taken back as the hour goes on.
func (b *bench) drawPeeking() string {
	rules := []named{
		{"check of the error ratio, 3 failures allowed", 0, func(float64) rule { return &threshold{ratio: 0.01, limit: 3} }},
		{"z-test at 5 %, each minute", 0, func(float64) rule { return &peeked{critical: 1.6449} }},
		{"z-test at 1 %, each minute", 0, func(float64) rule { return &peeked{critical: 2.3263} }},
		ours(0.01),
	}
	all := b.hour(b.runs, hours[1], rules)
	classes := []string{"b", "c", "d", "a"}
	at := [][2]float64{{34.6, 84}, {40, 41}, {40, 22}, {43, 3.5}}
	c := chart{
		title:       "A release that changes nothing: how many are rolled back by mistake",
		description: "Share of harmless rollouts that each rule has rolled back after so many minutes. Fixed checks and significance tests looked at every minute climb to between a fifth and nearly all; the test that stays valid under looking stays below one per cent.",
		xName:       "minutes since the rollout began (5, then 25, then 50 % of new customers)", yName: "rolled back by mistake",
		xMax: 60, yMax: 100, xTicks: []float64{0, 10, 20, 30, 40, 50, 60}, yTicks: []float64{0, 20, 40, 60, 80, 100},
		yTick: func(y float64) string { return fmt.Sprintf("%.0f %%", y) },
	}
	for i, r := range rules {
		l := curve{class: classes[i], label: strings.Trim(r.name, "*"), labelX: at[i][0], labelY: at[i][1]}
		if i == 3 {
			l.label = "ours, promised at most 1 %"
		}
		for minute := 0; minute <= 60; minute++ {
			hits := 0
			for _, e := range all {
				if e.when[i] >= 0 && e.when[i] < minute {
					hits++
				}
			}
			l.x = append(l.x, float64(minute))
			l.y = append(l.y, 100*float64(hits)/float64(len(all)))
		}
		c.curves = append(c.curves, l)
	}
	return c.draw()
}

// drawPath shows the evidence of two rollouts as it comes in: one release twice as bad, one harmless.
func (b *bench) drawPath() string {
	const rho, margin = 0.25, 0.5
	play := func(ratio float64, seed uint64, read func(*anytime.Test) float64, until float64) (x, y []float64) {
		rng := rand.New(rand.NewPCG(b.seed, seed))
		test := anytime.NewTest(rho, 0, margin)
		for i := 0.0; i <= 400; i++ {
			x, y = append(x, i), append(y, read(&test))
			if y[len(y)-1] >= until {
				break
			}
			test.Event(rng.Float64() < fromCanary(rho, ratio))
		}
		return x, y
	}
	harm, fine := (*anytime.Test).LogE, (*anytime.Test).LogEPromote
	bad, good := logOdds(0.01), logOdds(0.05)
	badX, badY := play(2, 3, harm, bad)
	goodX, goodY := play(1, 5, fine, good)
	idleX, idleY := play(1, 5, harm, bad)
	idleX, idleY = idleX[:len(goodX)], idleY[:len(goodX)]
	return chart{
		title:       "Evidence as it comes in: two rollouts",
		description: "The weight of evidence after each failing customer. For a release with twice the failures the evidence of harm rises to the line at which it is rolled back. For a harmless one the evidence that it is fine rises to the line at which it is promoted, while the evidence of harm sinks.",
		xName:       "customers that met a failure, in both versions", yName: "evidence E: what a bet of 1 against a hypothesis has become",
		xMax: 460, yMin: -4.7, yMax: 5.6, xTicks: []float64{0, 100, 200, 300, 400},
		yTicks: []float64{-math.Log(100), -math.Log(10), 0, math.Log(10)},
		yTick: func(y float64) string {
			if y < 0 {
				return fmt.Sprintf("1/%.0f", math.Exp(-y))
			}
			return fmt.Sprintf("%.0f", math.Exp(y))
		},
		limits: []curve{
			{label: "100: roll back (alpha 1 %)", y: []float64{bad}, labelX: 210},
			{label: "20: promote (beta 5 %)", y: []float64{good}, labelX: 210},
		},
		curves: []curve{
			{class: "b", label: "twice the failures: evidence of harm", x: badX, y: badY, labelX: badX[len(badX)-1] + 8, labelY: 4.05},
			{class: "a", label: "harmless: evidence that it is fine", x: goodX, y: goodY, labelX: 304, labelY: 2.1},
			{class: "d", label: "harmless: evidence of harm", x: idleX, y: idleY, labelX: 304, labelY: -3.5},
		},
	}.draw()
}

// drawFleet shows what a bad build costs under each rule, on a logarithmic scale.
func (b *bench) drawFleet() string {
	const p = 0.3
	var s strings.Builder
	title := "A build that fails on three devices of ten: failed devices until the rollout stops"
	head(&s, 860, 250, title, "Bars on a logarithmic scale. The anytime-valid test stops after about four failed devices, aborts at a failed share after some more, a threshold on the share of the whole group after a thousand.")
	text(&s, "text", 20, 50, "start", "a group of 10,000 devices, 1 % of failures accepted; logarithmic scale")
	for i, r := range []struct {
		name, class string
		start       func() stops
	}{
		{"ours, alpha 0.1 %", "A", func() stops { return accepted(0.01, 0.001) }},
		{"abort at 5 % failed, after 20 reports", "D", func() stops { return abort(0.05, 20) }},
		{"abort at 2 % failed, after 100 reports", "C", func() stops { return abort(0.02, 100) }},
		{"stop above 10 % of the whole group", "B", func() stops { return groupThreshold(0.1) }},
	} {
		failed := mean(each(b, b.runs/10, func(rng *rand.Rand) float64 {
			stop, n := r.start(), 0
			for reports := 1; reports <= group; reports++ {
				if rng.Float64() < p {
					n++
				}
				if stop(reports, n) {
					break
				}
			}
			return float64(n)
		}))
		y, width := 70+44*float64(i), 480*math.Log10(failed)/3.1
		text(&s, "text", 270, y+19, "end", r.name)
		fmt.Fprintf(&s, "  <rect class=%q x=\"284\" y=\"%.0f\" width=\"%.0f\" height=\"28\" rx=\"3\"/>\n", r.class, y, width)
		text(&s, "label "+r.class, 284+width+10, y+19, "start", strings.TrimSuffix(fmt.Sprintf("%.1f", failed), ".0"))
	}
	s.WriteString("</svg>\n")
	return s.String()
}
