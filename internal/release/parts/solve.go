package parts

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	"github.com/digital-factory/factory/internal/ref"
)

// Question is what Solve answers.
type Question struct {
	// Wanted shall be live afterwards, at most one version of a component.
	Wanted []Part
	// Available may become live if that helps. One that is marked bad never
	// does, but is named where it would have helped.
	Available []Part
	// Live is what is live now, one version of each component.
	Live []Part
}

// Solution is a combination that works.
type Solution struct {
	Parts   []Part // all that will be live, by component
	Changed []Part // those of them that are not live yet, what provides before what requires it
	// Rough says that the search ended at its bound: the combination works, but a
	// part may change that could have stayed, or go to a version that is not the
	// newest possible.
	Rough bool
}

// ErrTooHard is that the search ended at its bound without an answer. This is
// not the same as that there is none.
var ErrTooHard = errors.New("whether these versions go together could not be found out within the bound of the search; name more of the versions")

// mostSteps bounds a search; it takes a tenth of a second on a slow machine.
// Explaining may take as many again.
const mostSteps = 1_500_000

// Solve finds versions that go together: every requirement of every part that
// will be live is met by a part that will be live. No part changes that could
// stay, which is decided component after component by name, and what must
// change goes to the newest version that works. A requirement that what is live
// breaks already is no reason to refuse, as long as the part that has it stays.
//
// When there is no such combination the error is a *Conflict, whose text is one
// sentence that says why.
func Solve(q Question) (Solution, error) {
	for _, w := range q.Wanted {
		if w.Bad {
			return Solution{}, &Conflict{Reasons: []Reason{{Part: w, Marked: true}}}
		}
	}
	p := lay(q)
	s := p.search(mostSteps, nil)
	switch s.run(nil) {
	case exhausted:
		return Solution{}, ErrTooHard
	case unsolvable:
		return Solution{}, p.explain(s.core())
	}
	taken, rough := p.best(s)
	out := Solution{Rough: rough}
	for _, choice := range taken {
		c := p.choices[choice]
		if c.absent {
			continue
		}
		out.Parts = append(out.Parts, c.Part)
		if !c.live {
			out.Changed = append(out.Changed, c.Part)
		}
	}
	out.Changed = Order(out.Changed)
	return out, nil
}

// choice is a version that a component can have, or that it is not there.
type choice struct {
	Part
	live, absent bool
}

// demand is why a clause is there: a requirement of a choice, or that a choice
// is wanted.
type demand struct {
	choice int
	name   string // that is required; empty when the choice is wanted
	by     []int  // choices that meet it
}

// puzzle is a question with everything numbered.
type puzzle struct {
	components []ref.Component
	members    [][]int // by component: its choices, the best first
	choices    []choice
	demands    []demand
	bad        []Part
	providers  map[string][]int // choices by the name that they provide
	meets      map[string][]int // cache of admitted
}

// versions of a component in a question.
type versions struct {
	live, wanted *Part
	others       []Part
}

func lay(q Question) *puzzle {
	p := &puzzle{providers: map[string][]int{}, meets: map[string][]int{}}
	by := map[ref.Component]*versions{}
	of := func(c ref.Component) *versions {
		if by[c] == nil {
			by[c] = &versions{}
		}
		return by[c]
	}
	for _, l := range q.Live {
		of(l.Component).live = &l
	}
	for _, w := range q.Wanted {
		of(w.Component).wanted = &w
	}
	for _, a := range q.Available {
		if v := of(a.Component); a.Bad {
			p.bad = append(p.bad, a)
		} else {
			v.others = append(v.others, a)
		}
	}
	slices.SortFunc(p.bad, func(a, b Part) int { return cmp.Or(cmp.Compare(a.Component, b.Component), newest(a, b)) })
	p.components = slices.Sorted(maps.Keys(by))
	for _, c := range p.components {
		var members []int
		for _, o := range by[c].list(c) {
			members = append(members, len(p.choices))
			for n := range o.Provides {
				p.providers[n] = append(p.providers[n], len(p.choices))
			}
			p.choices = append(p.choices, o)
		}
		p.members = append(p.members, members)
		if by[c].wanted != nil {
			p.demands = append(p.demands, demand{choice: members[0]})
		}
	}
	p.require(q.Live)
	return p
}

func newest(a, b Part) int {
	return cmp.Or(b.Version.Compare(a.Version), cmp.Compare(b.Version.text, a.Version.text))
}

// list returns the choices of a component, the best first: what is wanted, what
// is live or that it is not there, then the newest.
func (v versions) list(c ref.Component) (list []choice) {
	add := func(o choice) {
		if !slices.ContainsFunc(list, func(have choice) bool { return !have.absent && have.Version.Equal(o.Version) }) {
			list = append(list, o)
		}
	}
	if w := v.wanted; w != nil {
		add(choice{Part: *w, live: v.live != nil && v.live.Version.Equal(w.Version)})
	}
	switch {
	case v.live != nil:
		add(choice{Part: *v.live, live: true})
	case v.wanted == nil:
		list = append(list, choice{Part: Part{Component: c}, absent: true})
	}
	slices.SortFunc(v.others, newest)
	for _, o := range v.others {
		add(choice{Part: o})
	}
	return list
}

// require adds a demand for each requirement, but for those of live versions
// that what is live breaks already.
func (p *puzzle) require(running []Part) {
	for at, c := range p.choices {
		for _, n := range slices.Sorted(maps.Keys(c.Requires)) {
			rule := c.Requires[n]
			if c.live && !slices.ContainsFunc(running, func(l Part) bool { return rule.Admits(l.Provides[n]) }) {
				continue
			}
			if by := p.admitted(n, rule); !slices.Contains(by, at) {
				p.demands = append(p.demands, demand{at, n, by})
			}
		}
	}
}

// admitted returns the choices that provide a name in a version that the rule
// admits.
func (p *puzzle) admitted(name string, rule Constraint) []int {
	key := name + " " + rule.text
	by, known := p.meets[key]
	if !known {
		for _, c := range p.providers[name] {
			if rule.Admits(p.choices[c].Provides[name]) {
				by = append(by, c)
			}
		}
		p.meets[key] = by
	}
	return by
}

// search prepares a search for what the demands ask for, or for some of them
// only when which is not nil.
func (p *puzzle) search(steps int, which []int) *search {
	s := newSearch(p.members, steps)
	add := func(i int) {
		d := p.demands[i]
		if d.name == "" {
			s.add([]literal{taken(d.choice)}, i)
			return
		}
		clause := make([]literal, 0, 1+len(d.by))
		for _, c := range d.by {
			clause = append(clause, taken(c))
		}
		s.add(append(clause, taken(d.choice).not()), i)
	}
	if which == nil {
		for i := range p.demands {
			add(i)
		}
	}
	for _, i := range which {
		add(i)
	}
	return s
}

// best improves on what a search found, component after component: first what
// can stay stays, then what must change becomes as new as it can. rough is that
// the search ended at its bound before that.
func (p *puzzle) best(s *search) (taken []int, rough bool) {
	taken = p.taken(s)
	var fixed []literal
	try := func(g, choice int) bool {
		if taken[g] == choice {
			fixed = append(fixed, literal(choice<<1))
			return true
		}
		switch s.run(append(fixed, literal(choice<<1))) {
		case solved:
			taken = p.taken(s)
			fixed = append(fixed, literal(choice<<1))
			return true
		case exhausted:
			rough = true
		default:
			fixed = append(fixed, literal(choice<<1|1))
		}
		return false
	}
	var moved []int
	for g, m := range p.members {
		if !try(g, m[0]) {
			moved = append(moved, g)
		}
		if rough {
			return taken, true
		}
	}
	for _, g := range moved {
		for _, c := range p.members[g][1:] {
			if try(g, c) || rough {
				break
			}
		}
		if rough {
			return taken, true
		}
	}
	return taken, false
}

// taken reads the choice of each component from a search that succeeded.
func (p *puzzle) taken(s *search) []int {
	out := make([]int, len(p.members))
	for g, m := range p.members {
		out[g] = m[max(0, slices.IndexFunc(m, func(c int) bool { return s.value[c] > 0 }))]
	}
	return out
}

// Order sorts parts so that what provides comes before what requires it; where
// parts require each other, or nothing of each other, by component.
func Order(list []Part) (ordered []Part) {
	rest := slices.SortedFunc(slices.Values(list), func(a, b Part) int { return cmp.Compare(a.Component, b.Component) })
	waits := func(p Part) bool { // for one that is still to come
		for n, rule := range p.Requires {
			if slices.ContainsFunc(rest, func(o Part) bool { return o.Component != p.Component && rule.Admits(o.Provides[n]) }) {
				return true
			}
		}
		return false
	}
	for len(rest) > 0 {
		i := max(0, slices.IndexFunc(rest, func(p Part) bool { return !waits(p) }))
		ordered = append(ordered, rest[i])
		rest = slices.Delete(rest, i, i+1)
	}
	return ordered
}
