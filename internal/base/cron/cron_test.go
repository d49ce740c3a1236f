package cron

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestNext(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, from, want string }{
		{"* * * * *", "2026-11-23 15:04:05", "2026-11-23 15:05:00"},
		{"0 3 * * *", "2026-11-23 03:00:00", "2026-11-24 03:00:00"},
		{"0 3 * * *", "2026-11-23 02:59:59", "2026-11-23 03:00:00"},
		{"*/15 9-17 * * 1-5", "2026-11-20 17:45:00", "2026-11-23 09:00:00"}, // a Friday to a Monday
		{"30 4 1,15 * *", "2026-11-15 04:30:00", "2026-12-01 04:30:00"},
		{"0 0 29 2 *", "2026-11-23 00:00:00", "2028-02-29 00:00:00"},
		{"0 0 29 2 *", "2096-03-01 00:00:00", "2104-02-29 00:00:00"}, // 2100 has none
		{"0 0 13 * 5", "2026-11-23 00:00:00", "2026-11-27 00:00:00"}, // either day
		{"0 0 * * 7", "2026-11-23 00:00:00", "2026-11-29 00:00:00"},
		{"0 0 * * 0", "2026-11-23 00:00:00", "2026-11-29 00:00:00"},
		{"5/20 * * * *", "2026-11-23 15:06:00", "2026-11-23 15:25:00"},
		{"0 0 31 12 *", "2026-12-31 00:00:00", "2027-12-31 00:00:00"},
		{" 1  2 * *\t* ", "2026-11-23 15:00:00", "2026-11-24 02:01:00"},
	} {
		s, err := Parse(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		from, err := time.Parse(time.DateTime, c.from)
		if err != nil {
			t.Fatal(err)
		}
		// The clock of whoever asks does not matter.
		if got := s.Next(from.In(time.FixedZone("", 5*3600))).Format(time.DateTime); got != c.want {
			t.Errorf("%s after %s is %s, want %s", c.text, c.from, got, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"": "it needs five", "0 3 * *": "has 4 fields", "@daily": "has 1 fields", "60 3 * * *": `the minute "60" must be 0 to 59`, "0 24 * * *": "must be 0 to 23",
		"0 3 0 * *": "must be 1 to 31", "0 3 * 13 *": "must be 1 to 12", "0 3 * * 8": "must be 0 to 7", "0 3 * * MON": `"MON" must be`, "*/0 * * * *": "a step must be",
		"5-1 * * * *": "goes backwards", "0 3 30 2 *": "never comes", "1,,2 * * * *": "must be 0 to 59", "-1 * * * *": "must be", "+1 * * * *": "must be",
		"1-2-3 * * * *": "must be", "*-5 * * * *": "must be", "0 3 * * * Europe/Berlin x": "has 7 fields", "0 3 30 2 * Europe/Berlin": "never comes",
		"0 3 * * * Europe/Berlinn": `the time zone "Europe/Berlinn" is not known: names are as in Europe/Berlin, America/New_York`, "0 0 3 * * *": `the time zone "*" is not known`, "0 3 * * Europe/Berlin": `the day of the week "Europe/Berlin"`,
		"0 3 * * * Local": "is not known", "0 3 * * * Factory": "is not known", "0 3 * * * UTC+2": "is not known", "0 3 * * * localtime": "is not known", "0 3 * * * right/Europe/Berlin": "is not known",
		"0 3 * * * ../../etc/passwd": "is not known", "0 3 * * * /etc/localtime": "is not known", "0 3 * * * Europe/../Europe/Berlin": "is not known", "0 3 * * * Europe//Berlin": "is not known",
		"0 3 * * * Europe": "is not known", "0 3 * * * Europe/Berlin\x00": "is not known", "CRON_TZ=Europe/Berlin 0 3 * * *": "the minute",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v; want %q", text, err, says)
		}
	}
}

// TestNextIsTheFirst compares with looking at every minute.
func TestNextIsTheFirst(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	for range 300 {
		text := strings.Join([]string{pick("*", "0", "*/7", "3,59", "10-12"), pick("*", "0", "5-6", "*/9", "23"), pick("*", "1", "28-31", "*/13"), pick("*", "2", "*/5", "12"), pick("*", "0", "1-5", "7", "3,6")}, " ")
		s, err := Parse(text)
		if err != nil {
			continue
		}
		from := time.Date(2024, time.Month(1+random.IntN(12)), 1+random.IntN(28), random.IntN(24), random.IntN(60), random.IntN(60), 0, time.UTC)
		got := s.Next(from)
		at := from.Truncate(time.Minute)
		for range 60 * 24 * 40 {
			at = at.Add(time.Minute)
			days := s.day>>at.Day()&1 == 1 && s.dow>>int(at.Weekday())&1 == 1
			if !s.anyDay && !s.anyDow {
				days = s.day>>at.Day()&1 == 1 || s.dow>>int(at.Weekday())&1 == 1
			}
			if days && s.minute>>at.Minute()&1 == 1 && s.hour>>at.Hour()&1 == 1 && s.month>>int(at.Month())&1 == 1 {
				if !got.Equal(at) {
					t.Fatalf("%s after %s is %s, want %s", text, from, got, at)
				}
				break
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("*/15 9-17 * * 1-5")
	f.Add("0 0 29 2 *")
	f.Add("30 2 * * 0 Australia/Lord_Howe")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(s.String())
		if now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC); err != nil || !again.Next(now).Equal(s.Next(now)) {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
