package runtime

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
			l, err := openLog(path, time.Now)
			if err != nil {
				t.Fatal(err)
			}
			l.hide([]string{secret})
			for b := range strings.SplitSeq(c.before+secret+c.after, "") {
				_, _ = l.Write([]byte(b))
			}
			tail := l.tail()
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
