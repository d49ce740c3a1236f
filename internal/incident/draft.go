package incident

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/ref"
)

const (
	mostLines  = 60  // of the timeline in a draft
	mostLetter = 240 // of a line
)

// drafted is what facts know of an incident, as text that people go on from.
// What went well and what to learn stay empty: no fact knows that.
func drafted(d Detail, n Numbers) Sections {
	return Sections{Happened: happened(d), Impact: impact(d, n), Changed: whatChanged(d)}
}

// verdictIn finds where the paragraph of a verdict begins in a line.
var verdictIn = regexp.MustCompile(`[:,] (Roll back|Promote|Hold): `)

// happened is the timeline from the beginning of the impact on.
func happened(d Detail) string {
	var lines []string
	for _, e := range d.Timeline {
		if e.At.Before(d.Began) {
			continue
		}
		line, _, _ := strings.Cut(e.Text, "\n")
		if at := verdictIn.FindStringIndex(line); at != nil { // its paragraph stands beside, with the deciding numbers
			line = line[:at[0]]
		}
		lines = append(lines, fmt.Sprintf("- %s %s", e.At.UTC().Format(time.TimeOnly), cut(line, mostLetter)))
	}
	if more := len(lines) - mostLines; more > 0 {
		lines = append(lines[:mostLines/2], append([]string{fmt.Sprintf("- … (%s left out: see the timeline)", count(more, "entry"))}, lines[len(lines)-mostLines/2:]...)...)
	}
	head := fmt.Sprintf("On %s (times are UTC):", d.Began.UTC().Format("2 January 2006"))
	return strings.Join(append([]string{head}, lines...), "\n")
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// impact is how long and how much, in sentences.
func impact(d Detail, n Numbers) string {
	first := fmt.Sprintf("%s in %s hurt for %s. It was noticed %s after it began", d.Component, d.Environment, spoken(n.Lasted), spoken(n.Detected))
	if d.State == Resolved {
		first += fmt.Sprintf(" and over %s later", spoken(n.Recovered))
	} else {
		first += " and is not over yet"
	}
	lines := []string{first + "."}
	switch {
	case n.RequestsKnown && n.Requests > 0:
		lines = append(lines, fmt.Sprintf("%.0f of %.0f %s failed in that time (%.3g %%).", n.Failed, n.Requests, things(n.Event), 100*n.Failed/n.Requests))
	case n.RequestsKnown:
		lines = append(lines, none(n.Event))
	default:
		lines = append(lines, fmt.Sprintf("How many %s failed is not known.", things(n.Event)))
	}
	if n.UnitsKnown {
		lines = append(lines, fmt.Sprintf("%d of %d units that version %s served failed at least once.", n.UnitsFailed, n.Units, d.Change.Release))
	}
	if b := d.Burn; b != (Burn{}) {
		lines = append(lines, fmt.Sprintf("When it was noticed, %.3g %% of the error budget of %.0f days had gone in %s, %.3g times faster than %s of %.5g %% allows; %.3g %% was left.",
			100*b.Spent, b.Period.Hours()/24, spoken(b.Window), b.Rate, promised(b.Event), 100*b.Objective, 100*b.Left))
	}
	if d.Regression != (Regression{}) {
		lines = append(lines, "When it was noticed, "+d.Regression.text())
	}
	return strings.Join(lines, "\n")
}

func none(event string) string {
	if event == "" {
		return "No request came in that time."
	}
	return fmt.Sprintf("No %s was told in that time.", strings.Replace(things(event), "events", "event", 1))
}

// whatChanged is what changed last before, and what ended it.
func whatChanged(d Detail) string {
	var lines []string
	if l := d.Last; l.At.IsZero() {
		lines = append(lines, "Nothing is known to have changed before it began.")
	} else {
		lines = append(lines, fmt.Sprintf("Last before it began, at %s: %s%s.", l.At.UTC().Format("2 January 15:04:05"), l.Text, behind(l.Commit, l.CommitTitle, l.Items)))
	}
	if c := d.Change; c.Rollout != "" && d.Last.Subject != ref.Of("rollout", c.Rollout) {
		lines = append(lines, fmt.Sprintf("On its way to customers: version %s%s.", c.Release, behind(c.Commit, c.CommitTitle, c.Items)))
	}
	if d.State == Resolved {
		lines = append(lines, fmt.Sprintf("What ended it: %s.", strings.TrimSuffix(d.ResolvedBecause, ".")))
	}
	return strings.Join(lines, "\n")
}

// behind names the commit and the items of a change.
func behind(c ref.Commit, title string, items []ref.Item) string {
	var parts []string
	if c != "" {
		parts = append(parts, fmt.Sprintf("commit %s “%s”", c[:min(7, len(c))], title))
	}
	for _, i := range items {
		parts = append(parts, string(i))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// spoken says a time in at most two units, and in one when it is exact.
func spoken(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < 2*time.Minute:
		return count(int(d/time.Second), "second")
	case d < 2*time.Hour && d%time.Minute == 0:
		return count(int(d/time.Minute), "minute")
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min %02d s", d/time.Minute, d%time.Minute/time.Second)
	case d < 48*time.Hour && d%time.Hour == 0:
		return count(int(d/time.Hour), "hour")
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %02d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return count(int(d/(24*time.Hour)), "day")
}
