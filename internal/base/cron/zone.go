package cron

import (
	"fmt"
	"regexp"
	"slices"
	"time"
	_ "time/tzdata" // for the machine that has no time zones
)

// zoneForm is how the names of the IANA time zones look. It keeps out what stands
// beside them in a system's folder: its own zone (localtime), and those that count
// leap seconds (right/).
var zoneForm = regexp.MustCompile(`^[A-Z][-+A-Za-z0-9_]*(/[A-Z][-+A-Za-z0-9_]*)*$`)

// zoneOf finds a time zone by its name. A schedule means the same on each machine,
// so it is not the machine's; and Factory is what the time zone database calls none.
func zoneOf(name string) (*time.Location, error) {
	if name == "UTC" {
		return time.UTC, nil
	}
	if zoneForm.MatchString(name) && name != "Local" && name != "Factory" {
		if zone, err := time.LoadLocation(name); err == nil {
			return zone, nil
		}
	}
	return nil, fmt.Errorf("the time zone %.60q is not known: names are as in Europe/Berlin, America/New_York", name)
}

// mostBack is more than any zone's clock was ever put back.
const mostBack = 25 * time.Hour

// Next returns the first time after t, in UTC; zero when there is none within nine
// years. What the package says of clocks that are put forward or back holds.
func (s Schedule) Next(t time.Time) time.Time {
	t = t.In(s.zone)
	seen := clock(t) // what comes is shown after this
	if !s.often {
		seen = highest(t)
	}
	for end := t.Add(horizon); t.Before(end); {
		next := s.shown(seen)
		if next.IsZero() {
			return next
		}
		_, offset := t.Zone()
		change := until(t)
		if at := next.Add(time.Duration(-offset) * time.Second); change.IsZero() || at.Before(change) {
			return at
		}
		before, after := clock(change.Add(-1)), clock(change).Add(-1)
		switch {
		case s.often:
			seen = after
		case !next.After(after): // leapt over
			return change.UTC()
		default:
			seen = latest(seen, before, after)
		}
		t = change
	}
	return time.Time{}
}

// until returns to when the clock of t's zone goes as it does at t, or an earlier
// moment after t; zero when it goes so for ever.
func until(t time.Time) time.Time {
	_, end := t.ZoneBounds()
	if !end.IsZero() && !end.After(t) { // on December 31st of a leap year, as Go takes each for 365 days long (go1.26, time.tzset)
		end = time.Date(t.UTC().Year()+1, 1, 1, 0, 0, 0, 0, time.UTC).In(t.Location())
	}
	return end
}

// clock is what the clock of t's zone shows, written in UTC.
func clock(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// highest is the most that the clock of t's zone has shown until t: more than it shows
// when it was put back a while ago.
func highest(t time.Time) time.Time {
	high := clock(t)
	for start, _ := t.ZoneBounds(); !start.IsZero() && t.Sub(start) < mostBack; start, _ = start.Add(-1).ZoneBounds() {
		high = latest(high, clock(start.Add(-1)))
	}
	return high
}

func latest(list ...time.Time) time.Time { return slices.MaxFunc(list, time.Time.Compare) }
