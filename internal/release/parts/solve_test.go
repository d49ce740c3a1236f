package parts

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/ref"
)

// part reads "engine-controller 43 +control-protocol 3 -motor-bus ^2 !": what
// it provides, what it requires, and that it is marked bad.
func part(t testing.TB, text string) Part {
	t.Helper()
	f := strings.Fields(text)
	p := Part{Component: ref.Component(f[0])}
	provides, requires := map[string]string{}, map[string]string{}
	for i := 2; i < len(f); i++ {
		switch {
		case f[i] == "!":
			p.Bad = true
		case f[i][0] == '+':
			provides[f[i][1:]] = f[i+1]
			i++
		default:
			requires[f[i][1:]] = f[i+1]
			i++
		}
	}
	var err error
	if p.Version, err = ParseVersion(f[1]); err != nil {
		t.Fatal(err)
	}
	needs, faults := Parse(provides, requires)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	p.Needs = needs
	return p
}

func all(t testing.TB, texts ...string) (list []Part) {
	for _, x := range texts {
		list = append(list, part(t, x))
	}
	return list
}

func names(list []Part) string {
	var out []string
	for _, p := range list {
		out = append(out, p.String())
	}
	return strings.Join(out, ", ")
}

func TestSolve(t *testing.T) {
	t.Parallel()
	engine42, engine43 := "engine-controller 42 -control-protocol ^2", "engine-controller 43 -control-protocol ^3"
	flight17, flight18 := "flight-software 17 +control-protocol 2.4", "flight-software 18 +control-protocol 3.0"
	for _, c := range []struct {
		title                   string
		wanted, available, live []string
		changed                 string // in order
		sentence, waits         string
	}{
		{"nothing is required", []string{"shop 2"}, []string{"other 7"}, []string{"shop 1", "other 6"}, "shop 2", "", ""},
		{"what is live will do", []string{"engine-controller 43 -control-protocol ^2"}, []string{flight18}, []string{engine42, flight17}, "engine-controller 43", "", ""},
		{"both together, provider first", []string{engine43}, []string{flight18}, []string{engine42, flight17}, "flight-software 18, engine-controller 43", "", ""},
		{"the newest that works", []string{engine43}, []string{flight18, "flight-software 19 +control-protocol 3.1", "flight-software 20 +control-protocol 4"}, []string{engine42, flight17},
			"flight-software 19, engine-controller 43", "", ""},
		{"a component that is not there yet", []string{"shop 2 -payment ^1"}, []string{"payments 1 +payment 1.0.0"}, []string{"shop 1"}, "payments 1, shop 2", "", ""},
		{"who is left behind comes along", []string{flight18}, []string{engine43}, []string{engine42, flight17}, "flight-software 18, engine-controller 43", "", ""},
		{"each requires the other", []string{"a 2 +x 2 -y ^2"}, []string{"b 2 +y 2 -x ^2"}, []string{"a 1 +x 1", "b 1 +y 1"}, "a 2, b 2", "", ""},
		{"what is broken already is not in the way", []string{"shop 2"}, nil, []string{"shop 1", engine42}, "shop 2", "", ""},
		{"a version is asked for again", []string{flight17, engine42}, nil, []string{engine42, flight17}, "", "", ""},

		{"marked bad", []string{engine43}, []string{flight18 + " !"}, []string{engine42, flight17}, "",
			"engine-controller 43 requires control-protocol ^3, but the only version of flight-software that provides it, 18, is marked bad",
			"flight-software that provides control-protocol ^3; flight-software 18, which does, is marked bad"},
		{"not built yet", []string{engine43}, nil, []string{engine42, flight17}, "",
			"engine-controller 43 requires control-protocol ^3, but flight-software 17 provides 2.4",
			"flight-software that provides control-protocol ^3; none is live or on its way"},
		{"nobody provides it", []string{"shop 2 -payment ^1"}, nil, []string{"shop 1"}, "",
			"shop 2 requires payment ^1, but nothing provides it", "a part that provides payment ^1; none is live or on its way"},
		{"a chain", []string{engine43}, []string{flight18 + " -motor-bus ~2.1", "motor 4 +motor-bus 2.1.5 !", "motor 5 +motor-bus 2.1.6 !"}, []string{engine42, flight17, "motor 3 +motor-bus 2.0"}, "",
			"engine-controller 43 requires control-protocol ^3, which only flight-software 18 provides, and flight-software 18 requires motor-bus ~2.1, but all that provide it, motor 5 or 4, are marked bad",
			"motor that provides motor-bus ~2.1; motor 5 or 4, which do, are marked bad"},
		{"a live part stays behind", []string{flight18}, nil, []string{engine42, flight17}, "",
			"engine-controller 42, which is live, requires control-protocol ^2, which only flight-software 17 provides, but flight-software 18 is what is asked for",
			"versions that go together: engine-controller 42, which is live, requires control-protocol ^2, which only flight-software 17 provides, but flight-software 18 is what is asked for"},
		{"two want different versions", []string{engine43}, []string{flight18}, []string{engine42, flight17, "autopilot 7 -control-protocol ^2"}, "",
			"engine-controller 43 requires control-protocol ^3, which only flight-software 18 provides, and autopilot 7, which is live, requires control-protocol ^2, which only flight-software 17 provides, and only one version of flight-software can be live",
			""},
		{"two are asked for that do not fit", []string{engine43, flight17}, []string{flight18}, []string{engine42, flight17}, "",
			"engine-controller 43 requires control-protocol ^3, which only flight-software 18 provides, but flight-software 17 is what is asked for", ""},
		{"a bad one is asked for", []string{engine43 + " !"}, []string{flight18}, []string{engine42, flight17}, "", "engine-controller 43 is asked for, but it is marked bad", ""},
	} {
		t.Run(c.title, func(t *testing.T) {
			t.Parallel()
			q := Question{all(t, c.wanted...), all(t, c.available...), all(t, c.live...)}
			got, err := Solve(q)
			if c.sentence == "" {
				if err != nil || names(got.Changed) != c.changed || got.Rough {
					t.Fatalf("changed %q, want %q: %v", names(got.Changed), c.changed, err)
				}
				return
			}
			no, ok := errors.AsType[*Conflict](err)
			if !ok {
				t.Fatalf("no conflict: %v, %v", names(got.Parts), err)
			}
			if diff := cmp.Diff(c.sentence, no.Error()); diff != "" {
				t.Errorf("sentence (-want +got):\n%s", diff)
			}
			if c.waits != "" && c.waits != no.Waits() {
				t.Errorf("waits (-want +got):\n%s", cmp.Diff(c.waits, no.Waits()))
			}
		})
	}
}

// random makes a small question; most parts are live, some are new.
func random(t testing.TB, rng *rand.Rand, components, versions, names int) Question {
	var q Question
	make := func(c, v int) Part {
		text := fmt.Sprintf("c%d %d", c, v)
		for range rng.IntN(3) {
			if n := fmt.Sprintf("+n%d ", rng.IntN(names)); !strings.Contains(text, n) {
				text += fmt.Sprintf(" %s%d.%d", n, 1+rng.IntN(3), rng.IntN(2))
			}
		}
		for range rng.IntN(3) {
			if n := fmt.Sprintf("-n%d ", rng.IntN(names)); !strings.Contains(text, n) {
				text += fmt.Sprintf(" %s%s%d", n, []string{"^", ">=", "<=", "~"}[rng.IntN(4)], 1+rng.IntN(3))
			}
		}
		if rng.IntN(8) == 0 {
			text += " !"
		}
		return part(t, text)
	}
	for c := range components {
		n := rng.IntN(versions + 1)
		for v := range n {
			q.Available = append(q.Available, make(c, v+2))
		}
		if rng.IntN(5) > 0 {
			p := make(c, 1)
			p.Bad = false
			q.Live = append(q.Live, p)
		}
		if n > 0 && rng.IntN(components) == 0 {
			p := q.Available[len(q.Available)-1-rng.IntN(n)]
			p.Bad = false
			q.Wanted = append(q.Wanted, p)
		}
	}
	return q
}

// works is the definition of a combination that works, said a second time.
func works(q Question, chosen []Part) bool {
	met := func(among []Part, n string, rule Constraint) bool {
		return slices.ContainsFunc(among, func(p Part) bool { return rule.Admits(p.Provides[n]) })
	}
	for _, p := range chosen {
		live := slices.ContainsFunc(q.Live, func(l Part) bool { return l.String() == p.String() })
		for n, rule := range p.Requires {
			if !met(chosen, n, rule) && !(live && !met(q.Live, n, rule)) {
				return false
			}
		}
	}
	return true
}

// every calls f with all combinations, wanted or not there included.
func every(q Question, f func(chosen []Part)) {
	by := map[string][]*Part{}
	var order []string
	add := func(c string, p *Part) {
		if _, known := by[c]; !known {
			order = append(order, c)
		}
		by[c] = append(by[c], p)
	}
	wanted := map[string]bool{}
	for _, p := range q.Wanted {
		wanted[string(p.Component)] = true
		add(string(p.Component), &p)
	}
	live := map[string]bool{}
	for _, p := range q.Live {
		live[string(p.Component)] = true
		if !wanted[string(p.Component)] {
			add(string(p.Component), &p)
		}
	}
	for _, p := range q.Available {
		if c := string(p.Component); !wanted[c] {
			if !live[c] && by[c] == nil {
				add(c, nil)
			}
			if !p.Bad {
				add(c, &p)
			}
		}
	}
	var walk func(i int, chosen []Part)
	walk = func(i int, chosen []Part) {
		if i == len(order) {
			f(chosen)
			return
		}
		for _, p := range by[order[i]] {
			if p == nil {
				walk(i+1, chosen)
			} else {
				walk(i+1, append(chosen[:len(chosen):len(chosen)], *p))
			}
		}
	}
	walk(0, nil)
}

// only leaves those requirements in a question that reasons name.
func only(q Question, reasons []Reason) (out Question) {
	keep := func(list []Part) (kept []Part) {
		for _, p := range list {
			requires := map[string]Constraint{}
			for _, r := range reasons {
				if r.Part.String() == p.String() && r.Name != "" {
					requires[r.Name] = r.Rule
				}
			}
			p.Requires = requires
			kept = append(kept, p)
		}
		return kept
	}
	return Question{keep(q.Wanted), keep(q.Available), keep(q.Live)}
}

// TestAgainstEveryCombination: Solve finds a combination exactly when there is
// one; nothing that it changes could have stayed, nor be newer; and the reasons
// of a conflict suffice to forbid all combinations.
func TestAgainstEveryCombination(t *testing.T) {
	t.Parallel()
	solved, refused := 0, 0
	for seed := range uint64(1200) {
		rng := rand.New(rand.NewPCG(seed, 11))
		q := random(t, rng, 2+rng.IntN(4), 3, 3)
		var best []int // by component: 0 when it stays, else its version from the top; what Solve promises to make small, in order
		score := func(chosen []Part) (out []int) {
			stays, age := []int{}, []int{}
			for c := range 6 {
				name := ref.Component(fmt.Sprint("c", c))
				is := func(p Part) bool { return p.Component == name }
				now, was := slices.IndexFunc(chosen, is), slices.IndexFunc(q.Live, is)
				pinned := slices.ContainsFunc(q.Wanted, is)
				switch {
				case pinned, now < 0 && was < 0, now >= 0 && was >= 0 && chosen[now].String() == q.Live[was].String():
					stays, age = append(stays, 0), append(age, 0)
				default:
					var n int
					fmt.Sscan(chosen[now].Version.String(), &n)
					stays, age = append(stays, 1), append(age, 100-n)
				}
			}
			return append(stays, age...)
		}
		every(q, func(chosen []Part) {
			if s := score(chosen); works(q, chosen) && (best == nil || slices.Compare(s, best) < 0) {
				best = s
			}
		})
		got, err := Solve(q)
		again, err2 := Solve(q)
		if fmt.Sprint(got, err) != fmt.Sprint(again, err2) {
			t.Fatalf("seed %d: two answers", seed)
		}
		if best == nil {
			refused++
			if no, ok := errors.AsType[*Conflict](err); !ok || len(no.Reasons) == 0 || strings.ContainsAny(no.Error(), ".\n") && !strings.Contains(no.Error(), "provides ") {
				t.Fatalf("seed %d: there is no combination, but: %v, %v", seed, names(got.Parts), err)
			} else {
				every(only(q, no.Reasons), func(chosen []Part) {
					if works(only(q, no.Reasons), chosen) {
						t.Fatalf("seed %d: %q does not forbid %s", seed, no, names(chosen))
					}
				})
			}
			continue
		}
		solved++
		if err != nil || !works(q, got.Parts) {
			t.Fatalf("seed %d: %v of %s", seed, err, names(got.Parts))
		}
		if diff := cmp.Diff(best, score(got.Parts)); diff != "" {
			t.Fatalf("seed %d: %s is not the best (-want +got):\n%s", seed, names(got.Parts), diff)
		}
		for i, p := range got.Changed { // its providers, unless they require each other, are before it
			for n, rule := range p.Requires {
				if !slices.ContainsFunc(got.Parts, func(o Part) bool {
					return rule.Admits(o.Provides[n]) && !slices.ContainsFunc(got.Changed[i+1:], func(l Part) bool { return l.String() == o.String() })
				}) && len(Order(got.Changed[i:])) > 1 && Order(got.Changed[i:])[0].String() != p.String() {
					t.Fatalf("seed %d: %s before what it requires", seed, p)
				}
			}
		}
	}
	if solved < 400 || refused < 150 {
		t.Fatalf("%d solved, %d refused: this shows little", solved, refused)
	}
}
