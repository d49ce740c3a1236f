package printed

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestHidden: wherever output is cut, no part of a secret is written, neither to
// the file nor to the end that is shown in error texts.
func TestHidden(t *testing.T) {
	t.Parallel()
	const secret = "correct-horse-battery-staple"
	for _, c := range []struct{ name, before, after string }{
		{"short", "key ", "\n"},
		{"without an end", "key ", ""},
		{"over the end that is shown", "key ", strings.Repeat("x", tailBytes-len(secret)/2) + "\n"},
		{"over the longest line", strings.Repeat("x", longLine-len(secret)/2), "\n"},
		{"right behind the longest line", strings.Repeat("x", longLine), strings.Repeat("x", longLine)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "log")
			l, err := Open(path, time.Now)
			if err != nil {
				t.Fatal(err)
			}
			one := l.Life("1", []string{secret})
			for b := range strings.SplitSeq(c.before+secret+c.after, "") {
				_, _ = one.Write([]byte(b))
			}
			tail := one.Tail()
			one.End()
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), "***") || tail == "" {
				t.Fatalf("nothing is hidden in %d bytes, or %q says nothing", len(text), tail)
			}
			for _, part := range []string{secret[:6], secret[len(secret)-6:], secret[10:16]} {
				if strings.Contains(string(text), part) || strings.Contains(tail, part) {
					t.Fatalf("%q is in the file (%v) or in %q", part, strings.Contains(string(text), part), tail)
				}
			}
		})
	}
}

// TestLives: what several print at once stays whole lines, told apart while there
// are several; each has its own secrets, its own end, and its own text that is
// waited for.
func TestLives(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	l, err := Open(path, func() time.Time { return time.Unix(0, 0) })
	if err != nil {
		t.Fatal(err)
	}
	one := l.Life("1", []string{"open-sesame"})
	_, _ = one.Write([]byte("alone\nfirst of "))
	l.Apart(true)
	two := l.Life("2", nil)
	said := two.Await("ready")
	_, _ = two.Write([]byte("not open-sesame\n"))
	_, _ = one.Write([]byte("one: open-sesame, ready\n"))
	select {
	case <-said:
		t.Fatal("another life said it")
	default:
	}
	two.Mark("a mark")
	_, _ = two.Write([]byte("ready\nand an end"))
	<-said
	l.Apart(false)
	if got := one.Tail(); got != "; it last said: alone | first of one: ***, ready" {
		t.Errorf("one's end %q", got)
	}
	one.End()
	two.End()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "alone\n[2] not open-sesame\n[1] first of one: ***, ready\n[2] --- a mark\n[2] ready\nand an end\n"
	if got := strings.ReplaceAll(string(text), "1970-01-01T00:00:00.000Z ", ""); got != want {
		t.Errorf("the log is\n%s", got)
	}
}
