package mask

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	t.Parallel()
	m := New([]string{"hunter22", "hunter22-long", "key-one\nkey-two\nab\n", `quo"ted\value`, "short"})
	for text, want := range map[string]string{
		"":                                 "",
		"nothing here":                     "nothing here",
		"it is hunter22.":                  "it is ***.",
		"hunter22-long":                    "***",
		"hunter22-lo":                      "***", // broke off within the longer
		"hunter22-low":                     "***-low",
		"hunter22hunter22":                 "******",
		"hhunter22":                        "h***",
		"key-two then key-one":             "*** then ***",
		"key-one\nkey-two\nab":             "***",
		`{"v":"quo\"ted\\value"}`:          `{"v":"***"}`,
		`quo"ted\value`:                    "***",
		"short":                            "short",
		"hunter2":                          "***", // all but its last letter
		"hunt":                             "hunt",
		strings.Repeat("hunter2", 3) + "x": "hunter2hunter2hunter2x",
	} {
		if got := m.Text(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
	if got := (*Mask)(nil).Text("a secret"); got != "a secret" {
		t.Errorf("of no mask: %q", got)
	}
}

// TestPieces: however a text is cut, the same is shown of it, and nothing of a
// secret before it is known to be one.
func TestPieces(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(4, 4))
	secrets := []string{"aabaab", "aabaabaa", "babbabb"}
	for range 3000 {
		text := make([]byte, random.IntN(60))
		for i := range text {
			text[i] = "ab"[random.IntN(2)]
		}
		m, whole := New(secrets), New(secrets)
		var got strings.Builder
		for rest := text; len(rest) > 0; {
			n := 1 + random.IntN(len(rest))
			got.Write(m.Next(rest[:n]))
			rest = rest[n:]
		}
		got.Write(m.Rest())
		if want := whole.Text(string(text)); got.String() != want {
			t.Fatalf("%q in pieces is %q, whole %q", text, got.String(), want)
		}
		for _, s := range secrets {
			if strings.Contains(got.String(), s) {
				t.Fatalf("%q is shown as %q, with %q", text, got.String(), s)
			}
		}
	}
}

func BenchmarkNext(b *testing.B) {
	m := New([]string{"hunter22-long-enough", "xoxb-0123456789"})
	line := []byte(strings.Repeat("ok  \tgithub.com/x/y\t0.3s\n", 1000))
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		m.Next(line)
	}
}
