package cron

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestZone: what comes from a moment on, to the moment before another day, as the
// clock of the zone shows it.
func TestZone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, from, want string }{
		"summer":                      {"0 3 * * * Europe/Berlin", "2026-07-01T00:00:00+02:00", "07-01 03:00 +0200, 07-02 03:00 +0200"},
		"winter":                      {"0 3 * * * Europe/Berlin", "2026-01-01T00:00:00+01:00", "01-01 03:00 +0100, 01-02 03:00 +0100"},
		"half an hour":                {"0 9 * * 1-5 Asia/Kolkata", "2026-11-20T10:00:00+05:30", "11-23 09:00 +0530, 11-24 09:00 +0530"}, // a Friday to a Monday
		"the weekday is the zone's":   {"0 1 * * 1 Asia/Kolkata", "2026-11-21T00:00:00Z", "11-23 01:00 +0530, 11-30 01:00 +0530"},
		"west":                        {"0 22 31 12 * America/New_York", "2026-12-31T23:30:00Z", "12-31 22:00 -0500, 12-31 22:00 -0500"},
		"UTC by name":                 {"0 3 * * * UTC", "2026-03-29T00:00:00Z", "03-29 03:00 +0000, 03-30 03:00 +0000"},
		"leapt over":                  {"30 2 * * * Europe/Berlin", "2026-03-28T12:00:00+01:00", "03-29 03:00 +0200, 03-30 02:30 +0200"},
		"asked in the leap":           {"30 2 * * * Europe/Berlin", "2026-03-29T01:59:59+01:00", "03-29 03:00 +0200, 03-30 02:30 +0200"},
		"asked behind the leap":       {"30 2 * * * Europe/Berlin", "2026-03-29T03:00:00+02:00", "03-30 02:30 +0200, 03-31 02:30 +0200"},
		"leapt over once for several": {"0,20,40 2 * * * Europe/Berlin", "2026-03-28T12:00:00+01:00", "03-29 03:00 +0200, 03-30 02:00 +0200, 03-30 02:20 +0200"},
		"leapt over onto another":     {"0 2,3 * * * Europe/Berlin", "2026-03-28T12:00:00+01:00", "03-29 03:00 +0200, 03-30 02:00 +0200"},
		"beside the leap":             {"0 1,4 * * * Europe/Berlin", "2026-03-28T12:00:00+01:00", "03-29 01:00 +0100, 03-29 04:00 +0200"},
		"every second hour, leapt":    {"0 */2 * * * Europe/Berlin", "2026-03-28T23:00:00+01:00", "03-29 00:00 +0100, 03-29 03:00 +0200, 03-29 04:00 +0200"},
		"each hour, leapt":            {"0 * * * * Europe/Berlin", "2026-03-29T00:30:00+01:00", "03-29 01:00 +0100, 03-29 03:00 +0200, 03-29 04:00 +0200"},
		"past each hour, leapt":       {"7 * * * * Europe/Berlin", "2026-03-29T00:30:00+01:00", "03-29 01:07 +0100, 03-29 03:07 +0200"},
		"minutes, leapt":              {"*/30 * * * * Europe/Berlin", "2026-03-29T01:00:00+01:00", "03-29 01:30 +0100, 03-29 03:00 +0200, 03-29 03:30 +0200"},
		"minutes of the hour leapt":   {"*/30 2 * * * Europe/Berlin", "2026-03-29T00:00:00+01:00", "03-30 02:00 +0200, 03-30 02:30 +0200"},
		"twice":                       {"30 2 * * * Europe/Berlin", "2026-10-24T12:00:00+02:00", "10-25 02:30 +0200, 10-26 02:30 +0100"},
		"twice, asked between":        {"30 2 * * * Europe/Berlin", "2026-10-25T02:00:00+01:00", "10-26 02:30 +0100, 10-27 02:30 +0100"},
		"twice, asked before":         {"30 2 * * * Europe/Berlin", "2026-10-25T02:29:59+02:00", "10-25 02:30 +0200, 10-26 02:30 +0100"},
		"behind what comes twice":     {"0 3 * * * Europe/Berlin", "2026-10-25T02:30:00+02:00", "10-25 03:00 +0100, 10-26 03:00 +0100"},
		"every second hour, twice":    {"0 */2 * * * Europe/Berlin", "2026-10-25T00:30:00+02:00", "10-25 02:00 +0200, 10-25 04:00 +0100"},
		"each hour, twice":            {"0 * * * * Europe/Berlin", "2026-10-25T01:30:00+02:00", "10-25 02:00 +0200, 10-25 02:00 +0100, 10-25 03:00 +0100"},
		"hours that are all, twice":   {"0 0-23 * * * Europe/Berlin", "2026-10-25T01:30:00+02:00", "10-25 02:00 +0200, 10-25 02:00 +0100, 10-25 03:00 +0100"},
		"minutes, twice":              {"*/30 1-2 * * * Europe/Berlin", "2026-10-25T01:45:00+02:00", "10-25 02:00 +0200, 10-25 02:30 +0200, 10-25 02:00 +0100, 10-25 02:30 +0100, 10-26 01:00 +0100"},
		"leapt over, America":         {"30 2 8 3 * America/New_York", "2026-03-01T00:00:00-05:00", "03-08 03:00 -0400, 03-08 02:30 -0500"}, // 2027 changes on the 14th
		"twice, America":              {"30 1 * * * America/New_York", "2026-10-31T12:00:00-04:00", "11-01 01:30 -0400, 11-02 01:30 -0500"},
		"leapt over by half an hour":  {"15 2 * * * Australia/Lord_Howe", "2026-10-03T12:00:00+10:30", "10-04 02:30 +1100, 10-05 02:15 +1100"},
		"beside half an hour":         {"45 2 * * * Australia/Lord_Howe", "2026-10-03T12:00:00+10:30", "10-04 02:45 +1100, 10-05 02:45 +1100"},
		"twice by half an hour":       {"45 1 * * * Australia/Lord_Howe", "2026-04-04T12:00:00+11:00", "04-05 01:45 +1100, 04-06 01:45 +1030"},
		"once by half an hour":        {"15 1 * * * Australia/Lord_Howe", "2026-04-04T12:00:00+11:00", "04-05 01:15 +1100, 04-06 01:15 +1030"},
		"each hour, twice by a half":  {"45 * * * * Australia/Lord_Howe", "2026-04-05T01:00:00+11:00", "04-05 01:45 +1100, 04-05 01:45 +1030, 04-05 02:45 +1030"},
		"midnight, leapt over":        {"0 0 * * * America/Havana", "2026-03-07T12:00:00-05:00", "03-08 01:00 -0400, 03-09 00:00 -0400"},
		"the day before, twice":       {"30 23 * * * America/Santiago", "2026-04-04T12:00:00-03:00", "04-04 23:30 -0300, 04-05 23:30 -0400"},
		"a whole day, leapt over":     {"0 3 * * * Pacific/Apia", "2011-12-29T12:00:00-10:00", "12-31 00:00 +1400, 12-31 03:00 +1400"},
		"the last day of a leap year": {"30 4 1 1 * Europe/Berlin", "2072-12-31T12:00:00+01:00", "01-01 04:30 +0100, 01-01 04:30 +0100"},
		"years ahead":                 {"0 0 29 2 * Europe/Berlin", "2096-03-01T00:00:00+01:00", "02-29 00:00 +0100, 02-29 00:00 +0100"},
	} {
		s, err := Parse(c.text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		at, err := time.Parse(time.RFC3339, c.from)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for range strings.Count(c.want, ",") + 1 {
			at = s.Next(at)
			got = append(got, at.In(s.zone).Format("01-02 15:04 -0700"))
		}
		if text := strings.Join(got, ", "); text != c.want {
			t.Errorf("%s: %s from %s comes at %s, want %s", name, c.text, c.from, text, c.want)
		}
		if at.Location() != time.UTC {
			t.Errorf("%s is in %s", c.text, at.Location())
		}
	}
}

func TestString(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		" 0  3 * *\t1-5 ": "0 3 * * 1-5", "0 3 * * *  Europe/Berlin ": "0 3 * * * Europe/Berlin", "0 3 * * * UTC": "0 3 * * *", "0 3 * * * Etc/GMT-14": "0 3 * * * Etc/GMT-14",
	} {
		if s, err := Parse(text); err != nil || s.String() != want {
			t.Errorf("%q is %q, %v; want %q", text, s, err, want)
		}
	}
}

// TestZoneMinuteByMinute compares with looking at what the clock shows at every
// minute of the weeks around its changes.
func TestZoneMinuteByMinute(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	compared := 0
	for range 400 {
		text := strings.Join([]string{
			pick("*", "0", "30", "*/7", "3,59", "10-45"), pick("*", "0", "2", "1-3", "*/2", "23", "0,2,23"), pick("*", "*", "1-8", "25,29", "4"), pick("*", "*", "3,4,10,11"), pick("*", "*", "0", "1-6"),
			pick("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana", "Atlantic/Azores", "America/Santiago", "Africa/Casablanca", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Chatham", "UTC"),
		}, " ")
		s, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		month, day := pick("03", "04", "10", "11"), 1+random.IntN(28)
		from, err := time.ParseInLocation("2006-01", "2026-"+month, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		from = from.AddDate(0, 0, day).Add(time.Duration(random.IntN(24*3600)) * time.Second)
		var high time.Time // what was shown before does not come again
		at, end := s.Next(from), from.AddDate(0, 0, 10)
		for u := from.Add(-48 * time.Hour).Truncate(time.Minute); u.Before(end); u = u.Add(time.Minute) {
			shows := clock(u.In(s.zone))
			due := s.meant(shows)
			if !s.often {
				due = false
				for m := shows; !high.IsZero() && m.After(high); m = m.Add(-time.Minute) {
					due = due || s.meant(m)
				}
				high = latest(high, shows)
			}
			if !u.After(from) || due == at.Equal(u) && !due {
				continue
			}
			if !at.Equal(u) || !due {
				t.Fatalf("%s after %s comes at %s; at %s it is due: %t", text, from, at.In(s.zone), u.In(s.zone), due)
			}
			compared++
			from = u
			at = s.Next(from)
		}
	}
	if compared < 10_000 {
		t.Fatalf("compared %d only", compared)
	}
}

// meant reports whether the fields have what a clock shows.
func (s Schedule) meant(t time.Time) bool {
	days := s.day>>t.Day()&1 == 1 && s.dow>>int(t.Weekday())&1 == 1
	if !s.anyDay && !s.anyDow {
		days = s.day>>t.Day()&1 == 1 || s.dow>>int(t.Weekday())&1 == 1
	}
	return days && s.minute>>t.Minute()&1 == 1 && s.hour>>t.Hour()&1 == 1 && s.month>>int(t.Month())&1 == 1
}

// FuzzNext: what comes is always later, and is what the schedule means, or the moment
// at which the clock leapt over that.
func FuzzNext(f *testing.F) {
	f.Add("30 2 * * 0 Europe/Berlin", int64(1774742400))
	f.Add("*/20 1-2 * 4 * Australia/Lord_Howe", int64(1775311200))
	f.Add("0 0 29 2 * America/Havana", int64(0))
	f.Add("0 12 31 12 * Europe/Berlin", int64(3250497600)) // a leap year, 2072
	f.Add("59 23 31 12 * Pacific/Apia", int64(1325239200))
	f.Fuzz(func(t *testing.T, text string, seconds int64) {
		s, err := Parse(text)
		if err != nil || seconds < 0 || seconds > 1<<33 { // 2242
			return
		}
		from := time.Unix(seconds, 0)
		for range 20 {
			at := s.Next(from)
			if at.IsZero() {
				return
			}
			if !at.After(from) {
				t.Fatalf("%s: %s is not after %s", text, at, from)
			}
			if now := at.In(s.zone); !s.meant(clock(now)) {
				start, _ := now.ZoneBounds()
				if s.often || !at.Equal(start) || !clock(now).After(clock(at.Add(-1).In(s.zone)).Add(time.Minute)) {
					t.Fatalf("%s does not mean %s", text, now)
				}
			}
			from = at
		}
	})
}

func BenchmarkNext(b *testing.B) {
	from := time.Date(2026, 11, 23, 15, 4, 5, 0, time.UTC)
	for _, text := range []string{"0 3 * * *", "0 3 * * 1-5 Europe/Berlin", "*/5 * * * * Europe/Berlin", "0 0 29 2 * Europe/Berlin", "*/5 * 29 2 * Africa/Casablanca"} {
		b.Run(text, func(b *testing.B) {
			s, err := Parse(text)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				s.Next(from)
			}
		})
	}
}
