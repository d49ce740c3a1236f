// Package cron reads when something is to happen again and again, as cron(5)
// writes it: minute, hour, day of the month, month, day of the week. A time zone
// may follow, as in systemd's OnCalendar; without one the clock is UTC's.
//
// # When the clock is put forward or back
//
// The rule is that of cron(8), of Vixie's cron and of cronie. A time that the clock
// leaps over comes at the first moment after the leap; one that it shows twice comes
// the first time only. That is of schedules which come at certain times, or less
// often than each hour. What comes more often, with * in the minute (also as */5) or
// in every hour, follows the clock as it stands: what is leapt over is left out, what
// is shown twice comes twice, and so it keeps its beat.
//
// Two things differ from cron's code. That takes */2 for every hour; cron(8) speaks
// of what comes more often than each hour, and that decides here. And cron takes a
// change of three hours or more for a correction of the clock; here every change is
// one of the time zone's.
package cron

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// Schedule is a set of minutes.
type Schedule struct {
	text                          string
	minute, hour, day, month, dow uint64 // a bit for each number
	anyDay, anyDow                bool   // begins with *: then the other day alone decides
	often                         bool   // comes in every hour, or has * in the minute
	zone                          *time.Location
}

const everyHour = 1<<24 - 1

// field is one of the five.
type field struct {
	name     string
	low, top int
}

var fields = []field{{"minute", 0, 59}, {"hour", 0, 23}, {"day of the month", 1, 31}, {"month", 1, 12}, {"day of the week", 0, 7}}

// horizon is how far ahead a time is looked for: February 29th may be 8 years
// off.
const horizon = 9 * 366 * 24 * time.Hour

// Parse reads five fields with spaces between them, and after them the name of a
// time zone if it is not UTC. A field is a list, with commas, of *, of numbers and of
// ranges a-b, both of which a step /n may follow. Sunday is 0 and 7. When both days
// are restricted, either will do. One that never comes is refused.
func Parse(text string) (Schedule, error) {
	parts := strings.Fields(text)
	if len(parts) != len(fields) && len(parts) != len(fields)+1 {
		return Schedule{}, fmt.Errorf("%q has %d fields; it needs five: minute, hour, day of the month, month and day of the week, such as 0 3 * * *, and after them a time zone if it is not UTC, such as 0 3 * * * Europe/Berlin", text, len(parts))
	}
	var sets [5]uint64
	for i, f := range fields {
		set, err := f.parse(parts[i])
		if err != nil {
			return Schedule{}, err
		}
		sets[i] = set
	}
	s := Schedule{
		text: strings.Join(parts[:len(fields)], " "), minute: sets[0], hour: sets[1], day: sets[2], month: sets[3], dow: sets[4]&^(1<<7) | sets[4]>>7&1,
		anyDay: strings.HasPrefix(parts[2], "*"), anyDow: strings.HasPrefix(parts[4], "*"), zone: time.UTC,
	}
	s.often = strings.HasPrefix(parts[0], "*") || s.hour == everyHour
	if len(parts) > len(fields) {
		zone, err := zoneOf(parts[len(fields)])
		if err != nil {
			return Schedule{}, err
		}
		if s.zone = zone; zone != time.UTC {
			s.text += " " + zone.String()
		}
	}
	if s.shown(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return Schedule{}, fmt.Errorf("%q never comes: no such month has such a day", text)
	}
	return s, nil
}

func (f field) parse(text string) (set uint64, err error) {
	for part := range strings.SplitSeq(text, ",") {
		span, step, stepped := strings.Cut(part, "/")
		every := 1
		if stepped {
			if every, err = strconv.Atoi(step); err != nil || every < 1 || every > f.top {
				return 0, fmt.Errorf("the %s %q: a step must be 1 to %d", f.name, part, f.top)
			}
		}
		low, top := f.low, f.top
		if span != "*" {
			from, to, ranged := strings.Cut(span, "-")
			if low, err = f.number(from); err != nil {
				return 0, err
			}
			switch {
			case ranged:
				if top, err = f.number(to); err != nil {
					return 0, err
				}
			case !stepped:
				top = low
			}
		} else if f.top == 7 {
			top = 6 // both would be Sunday
		}
		if low > top {
			return 0, fmt.Errorf("the %s %q goes backwards", f.name, part)
		}
		for n := low; n <= top; n += every {
			set |= 1 << n
		}
	}
	return set, nil
}

func (f field) number(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < f.low || n > f.top || strings.HasPrefix(text, "+") {
		return 0, fmt.Errorf("the %s %q must be %d to %d", f.name, text, f.low, f.top)
	}
	return n, nil
}

// String is the schedule as it was written, with single spaces; of UTC the time zone
// is left out.
func (s Schedule) String() string { return s.text }

// shown returns the first time that is meant at which a clock shows more than it
// shows at t, be there such a time in the schedule's zone or not. What clocks show is
// written in UTC. It is zero when there is none within nine years.
func (s Schedule) shown(t time.Time) time.Time {
	t = t.Truncate(time.Minute).Add(time.Minute)
	for end := t.Add(horizon); t.Before(end); {
		if s.month>>int(t.Month())&1 == 0 {
			t = time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC)
			continue
		}
		if !s.on(t) {
			t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, time.UTC)
			continue
		}
		hour, ok := after(s.hour, t.Hour())
		if !ok {
			t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, time.UTC)
			continue
		}
		if hour > t.Hour() {
			t = time.Date(t.Year(), t.Month(), t.Day(), hour, 0, 0, 0, time.UTC)
		}
		if minute, ok := after(s.minute, t.Minute()); ok {
			return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), minute, 0, 0, time.UTC)
		}
		t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour()+1, 0, 0, 0, time.UTC)
	}
	return time.Time{}
}

// on reports whether a day is meant.
func (s Schedule) on(t time.Time) bool {
	day, dow := s.day>>t.Day()&1 == 1, s.dow>>int(t.Weekday())&1 == 1
	if s.anyDay || s.anyDow {
		return day && dow
	}
	return day || dow
}

// after returns the lowest number of a set that is n or more.
func after(set uint64, n int) (int, bool) {
	rest := set >> n << n
	return bits.TrailingZeros64(rest), rest != 0
}
