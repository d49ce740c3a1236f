package parts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/ref"
)

// Conflict is why versions do not go together. Its text is one sentence for a
// release manager.
type Conflict struct {
	// Reasons cannot all hold at once. They begin with what was wanted; each
	// other is of a part that an earlier one asks for, or of one that is live.
	Reasons []Reason
}

// Reason is one thing that a part asks for.
type Reason struct {
	Part   Part
	Live   bool // it is what runs now
	Pinned bool // that this very version is wanted, rather than a requirement
	Marked bool // it is wanted, but marked bad
	Name   string
	Rule   Constraint
	By     []Part // that would meet it and could be live
	Bad    []Part // that would meet it, but are marked bad
	Near   []Part // that provide the name in another version, the newest of each component
}

// mostReasons is how many reasons a person reads: the first and the last.
const mostReasons = 4

// Error says why, in one sentence.
func (c *Conflict) Error() string {
	var s strings.Builder
	tell := func(list []Reason) {
		for _, r := range list {
			switch {
			case s.Len() > 0 && r.Pinned:
				s.WriteString(", but ")
			case s.Len() > 0:
				s.WriteString(", and ")
			}
			s.WriteString(r.text())
		}
	}
	n := len(c.Reasons)
	if n <= mostReasons+1 {
		tell(c.Reasons)
		if one := c.torn(); one != "" {
			fmt.Fprintf(&s, ", and only one version of %s can be live", one)
		}
		return s.String()
	}
	tell(c.Reasons[:mostReasons/2])
	fmt.Fprintf(&s, ", and so on over %d more requirements", n-mostReasons)
	tell(c.Reasons[n-mostReasons/2:])
	return s.String()
}

// Waits says what would end the conflict, as in "waits for ...".
func (c *Conflict) Waits() string {
	for _, r := range c.Reasons {
		if r.Pinned || r.Marked || len(r.By) > 0 {
			continue
		}
		who := "a part"
		if from := components(append(slices.Clone(r.Near), r.Bad...)); len(from) > 0 {
			who = join(from, "or")
		}
		if len(r.Bad) > 0 {
			return fmt.Sprintf("%s that provides %s %s; %s, which %s, %s marked bad", who, r.Name, r.Rule, numbers(r.Bad), plural(len(r.Bad), "does", "do"), plural(len(r.Bad), "is", "are"))
		}
		return fmt.Sprintf("%s that provides %s %s; none is live or on its way", who, r.Name, r.Rule)
	}
	return "versions that go together: " + c.Error()
}

// torn names the component of which the reasons ask for different versions.
func (c *Conflict) torn() ref.Component {
	for i, r := range c.Reasons {
		for _, o := range c.Reasons[:i] {
			if r.Pinned || o.Pinned || len(r.By) == 0 || len(o.By) == 0 {
				continue
			}
			from := components(append(slices.Clone(r.By), o.By...))
			apart := !slices.ContainsFunc(r.By, func(p Part) bool {
				return slices.ContainsFunc(o.By, func(q Part) bool { return p.Version.Equal(q.Version) })
			})
			if len(from) == 1 && apart {
				return ref.Component(from[0])
			}
		}
	}
	return ""
}

func (r Reason) text() string {
	who := r.Part.String()
	switch {
	case r.Marked:
		return who + " is asked for, but it is marked bad"
	case r.Pinned:
		return who + " is what is asked for"
	case r.Live:
		who += ", which is live,"
	}
	asks := fmt.Sprintf("%s requires %s %s, ", who, r.Name, r.Rule)
	switch {
	case len(r.By) > 0 && len(r.Bad) > 0:
		return asks + fmt.Sprintf("which only %s %s, because %s %s marked bad", numbers(r.By), plural(len(r.By), "provides", "provide"), numbers(r.Bad), plural(len(r.Bad), "is", "are"))
	case len(r.By) > 0:
		return asks + fmt.Sprintf("which only %s %s", numbers(r.By), plural(len(r.By), "provides", "provide"))
	case len(r.Bad) == 1:
		return asks + fmt.Sprintf("but the only version of %s that provides it, %s, is marked bad", r.Bad[0].Component, r.Bad[0].Version)
	case len(r.Bad) > 1:
		return asks + fmt.Sprintf("but all that provide it, %s, are marked bad", numbers(r.Bad))
	case len(r.Near) == 0:
		return asks + "but nothing provides it"
	}
	var near []string
	for _, p := range r.Near {
		near = append(near, fmt.Sprintf("%s %s provides %s", p.Component, p.Version, p.Provides[r.Name]))
	}
	return asks + "but " + join(near, "and")
}

// numbers names parts, the versions of one component together: "a 1 or 2".
func numbers(list []Part) string {
	var names []string
	for i := 0; i < len(list); {
		n := i
		var versions []string
		for ; n < len(list) && list[n].Component == list[i].Component; n++ {
			versions = append(versions, list[n].Version.String())
		}
		if len(versions) > 4 {
			versions = append(versions[:3], fmt.Sprintf("%d others", len(versions)-3))
		}
		names = append(names, string(list[i].Component)+" "+join(versions, "or"))
		i = n
	}
	if len(names) > 4 {
		names = append(names[:3], fmt.Sprintf("%d other components", len(names)-3))
	}
	return join(names, "or")
}

func components(list []Part) (names []string) {
	for _, p := range list {
		names = append(names, string(p.Component))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func join(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + last + " " + words[len(words)-1]
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// explain makes the core of a search that failed as small as it gets and puts
// it into words.
func (p *puzzle) explain(core []int) error {
	core = p.sorted(core)
	steps := mostSteps
	for i := len(core) - 1; i >= 0 && steps > 0; i-- { // what is farthest from what is wanted goes first
		without := slices.Delete(slices.Clone(core), i, i+1)
		s := p.search(steps, without)
		if s.run(nil) == unsolvable {
			core = p.sorted(s.core())
			i = min(i, len(core))
		}
		steps = s.steps
	}
	c := &Conflict{}
	for _, i := range core {
		d := p.demands[i]
		if d.name == "" && !p.pinMatters(d.choice, core) {
			continue
		}
		c.Reasons = append(c.Reasons, p.reason(d))
	}
	return c
}

// sorted puts demands into an order in which they can be told: from what is
// wanted to what that requires, and so on; where it ends because nothing meets
// it comes late, and pins last, after what speaks against them.
func (p *puzzle) sorted(core []int) (told []int) {
	var ends, pins, reached []int
	for _, i := range core {
		if p.demands[i].name == "" {
			pins = append(pins, i)
			reached = append(reached, p.demands[i].choice)
		}
	}
	rest := slices.DeleteFunc(slices.Clone(core), func(i int) bool { return p.demands[i].name == "" })
	for len(rest) > 0 {
		at := slices.IndexFunc(rest, func(i int) bool { return slices.Contains(reached, p.demands[i].choice) })
		if at < 0 {
			at = 0
		}
		if d := p.demands[rest[at]]; len(d.by) > 0 {
			reached = append(reached, d.by...)
			told = append(told, rest[at])
		} else {
			ends = append(ends, rest[at])
		}
		rest = slices.Delete(rest, at, at+1)
	}
	return append(append(told, ends...), pins...)
}

// pinMatters reports whether it must be said that a choice is wanted: not when
// the conflict is about its own requirements, which tell as much.
func (p *puzzle) pinMatters(choice int, core []int) bool {
	return !slices.ContainsFunc(core, func(i int) bool { return p.demands[i].name != "" && p.demands[i].choice == choice })
}

func (p *puzzle) reason(d demand) Reason {
	c := p.choices[d.choice]
	if d.name == "" {
		return Reason{Part: c.Part, Pinned: true}
	}
	r := Reason{Part: c.Part, Live: c.live, Name: d.name, Rule: c.Requires[d.name]}
	for _, o := range d.by {
		r.By = append(r.By, p.choices[o].Part)
	}
	for _, b := range p.bad {
		if r.Rule.Admits(b.Provides[d.name]) && !slices.ContainsFunc(r.By, func(p Part) bool { return p.String() == b.String() }) {
			r.Bad = append(r.Bad, b)
		}
	}
	best := map[ref.Component]int{}
	for _, o := range p.providers[d.name] {
		n := p.choices[o]
		if have, ok := best[n.Component]; ok {
			if r.Near[have].Version.Compare(n.Version) < 0 {
				r.Near[have] = n.Part
			}
			continue
		}
		best[n.Component] = len(r.Near)
		r.Near = append(r.Near, n.Part)
	}
	return r
}
