package parts

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// fleet is 200 parts in layers, ten versions of each built: a new version of
// the interface of each layer every second version, and three requirements of
// the layer below.
func fleet(t testing.TB, broken bool) (q Question) {
	rng := rand.New(rand.NewPCG(1, 2))
	const layers, width, versions = 20, 10, 10
	for l := range layers {
		for w := range width {
			for v := range versions + 1 {
				text := fmt.Sprintf("part-%d-%d %d +interface-%d-%d %d.%d", l, w, v+1, l, w, 1+v/2, v)
				if l > 0 {
					for k := range 3 {
						text += fmt.Sprintf(" -interface-%d-%d ^%d", l-1, (w+k*3)%width, 1+v/2)
					}
				}
				if broken && l == 0 && w == 3 && v > 7 || v > 0 && v < versions && rng.IntN(20) == 0 {
					text += " !"
				}
				switch p := part(t, text); {
				case v == 0:
					q.Live = append(q.Live, p)
				case l == layers-1 && w == 0 && v == versions:
					q.Wanted = append(q.Wanted, p)
				default:
					q.Available = append(q.Available, p)
				}
			}
		}
	}
	return q
}

// pigeons cannot all have a hole of their own; showing it takes exponential
// time by any method that resolves clauses.
func pigeons(t testing.TB, n int) (q Question) {
	for i := range n + 1 {
		text := fmt.Sprintf("pigeon-%d 1", i)
		q.Wanted = append(q.Wanted, part(t, text+fmt.Sprintf(" -home-%d ^1", i)))
	}
	for h := range n {
		for i := range n + 1 {
			q.Available = append(q.Available, part(t, fmt.Sprintf("hole-%d %d +home-%d 1.%d", h, i+1, i, h)))
		}
	}
	return q
}

// tangle is random and near the point where half of all questions have an
// answer, where they are hardest.
func tangle(t testing.TB, seed uint64, parts int) (q Question) {
	rng := rand.New(rand.NewPCG(seed, 3))
	for c := range parts {
		for v := range 3 {
			text := fmt.Sprintf("c%d %d +n%d %d", c, v+1, c, v+1)
			for len(text) < 70 {
				text += fmt.Sprintf(" -n%d %s%d", rng.IntN(parts), []string{">=", "<=", "!="}[rng.IntN(3)], 1+rng.IntN(3))
			}
			p := part(t, text)
			if v == 0 {
				q.Wanted = append(q.Wanted, part(t, fmt.Sprintf("w%d 1 -n%d >=1", c, c)))
			}
			q.Available = append(q.Available, p)
		}
	}
	return q
}

// TestWithinBounds: 200 parts are answered at once, and a question that nobody
// could answer is given up honestly rather than pondered for ever.
func TestWithinBounds(t *testing.T) {
	t.Parallel()
	s, err := Solve(fleet(t, false))
	if err != nil || s.Rough || len(s.Parts) != 200 || len(s.Changed) < 50 {
		t.Fatalf("%d parts, %d changed, rough %v: %v", len(s.Parts), len(s.Changed), s.Rough, err)
	}
	_, err = Solve(fleet(t, true))
	if no, ok := errors.AsType[*Conflict](err); !ok || len(no.Error()) > 1200 {
		t.Fatalf("%v", err)
	} else {
		t.Log(no, "; waits for", no.Waits())
	}
	if _, err := Solve(pigeons(t, 4)); !errors.As(err, new(*Conflict)) {
		t.Fatalf("five pigeons in four holes: %v", err)
	}
	began := time.Now()
	if _, err := Solve(pigeons(t, 20)); !errors.Is(err, ErrTooHard) {
		t.Fatalf("21 pigeons in 20 holes: %v", err)
	}
	if d := time.Since(began); d > 10*time.Second {
		t.Fatalf("gave up after %s only", d)
	}
}

func BenchmarkSolve(b *testing.B) {
	for _, c := range []struct {
		name string
		q    Question
	}{{"works", fleet(b, false)}, {"conflict", fleet(b, true)}, {"pigeons", pigeons(b, 14)}, {"tangle-1", tangle(b, 1, 67)}, {"tangle-2", tangle(b, 2, 67)}, {"tangle-3", tangle(b, 3, 200)}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				s, err := Solve(c.q)
				if s.Rough || errors.Is(err, ErrTooHard) {
					b.ReportMetric(1, "bounded")
				}
			}
		})
	}
}

// FuzzConstraint: whatever a repository says, reading it neither panics nor
// takes long, and what was read is read again alike.
func FuzzConstraint(f *testing.F) {
	for _, s := range []string{"^3", ">=2.1 <4", "~1.2 || 2.x", "1.0 - 2.0", "*", "", "v1", "=01.2", ">>1", "^3.1.0-rc.1+build", "!=1, !=2", "99999999999999999999", "^0.0", "||", " ", "\x00"} {
		f.Add(s, "3.1.0")
	}
	f.Fuzz(func(t *testing.T, rule, version string) {
		n, faults := Parse(map[string]string{"x": version}, map[string]string{"x": rule})
		if len(faults) > 0 {
			return
		}
		text := n.Text()
		again, err := ReadNeeds(text)
		if err != nil {
			t.Fatalf("%q cannot be read again: %v", text, err)
		}
		if again.Text() != text || again.Requires["x"].Admits(n.Provides["x"]) != n.Requires["x"].Admits(n.Provides["x"]) {
			t.Fatalf("%q became %q", text, again.Text())
		}
		_, _ = Solve(Question{Wanted: []Part{{Component: "a", Needs: n}}, Live: []Part{{Component: "b", Needs: again}}})
	})
}
