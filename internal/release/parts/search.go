package parts

import "slices"

// A literal says that a choice is taken, or with the lowest bit set that it is
// not.
type literal int32

func taken(choice int) literal   { return literal(choice << 1) }
func (l literal) not() literal   { return l ^ 1 }
func (l literal) choice() int    { return int(l >> 1) }
func (l literal) negative() bool { return l&1 == 1 }

// Where an assignment comes from, beside the index of a clause.
const (
	decided  = -1 // by the search itself
	excluded = -2 // -2-c: choice c of the same component is taken
)

// clause is a set of literals of which one must hold. A learned one keeps what
// it was concluded from: clauses, and as ^choice what is settled for good.
type clause struct {
	literals []literal
	origin   int // whose clause it is: an index the caller gave, or -1
	from     []int32
}

// search finds a choice for each component such that all clauses hold, by
// conflict-driven clause learning: each dead end is turned into a clause that
// spares the search all dead ends of its kind. Of one component exactly one
// choice is taken.
type search struct {
	clauses []clause
	watched [][]int32 // by literal: the clauses that look at it
	members [][]int   // by component: its choices, best first
	owner   []int     // by choice: its component
	value   []int8    // by choice: 1 taken, -1 not, 0 open
	level   []int
	reason  []int
	trail   []literal
	limits  []int // of the trail, by level
	head    int
	bumps   []float64 // by component: how often of late it was part of a dead end
	bump    float64
	steps   int // left
	broken  []int32
	seen    []bool
}

type result int

const (
	solved result = iota
	unsolvable
	exhausted
)

// newSearch takes the choices of each component, numbered through from 0, and
// the most steps that all calls together may take.
func newSearch(members [][]int, steps int) *search {
	n := 0
	for _, m := range members {
		n += len(m)
	}
	s := &search{
		watched: make([][]int32, 2*n), members: members, owner: make([]int, n), value: make([]int8, n), level: make([]int, n),
		reason: make([]int, n), bumps: make([]float64, len(members)), bump: 1, steps: steps, seen: make([]bool, n),
	}
	for g, m := range members {
		some := make([]literal, len(m))
		for i, c := range m {
			s.owner[c] = g
			some[i] = taken(c)
		}
		s.add(some, -1)
	}
	return s
}

// add demands that one of the literals holds. It must come before the first run.
func (s *search) add(literals []literal, origin int) {
	s.attach(clause{literals: literals, origin: origin})
}

func (s *search) attach(c clause) int {
	at := len(s.clauses)
	s.clauses = append(s.clauses, c)
	switch {
	case len(c.literals) == 0:
		s.broken = []int32{int32(at)}
	case len(c.literals) == 1:
		if s.truth(c.literals[0]) < 0 {
			s.broken = []int32{int32(at), int32(^c.literals[0].choice())}
		} else if s.truth(c.literals[0]) == 0 {
			s.assign(c.literals[0], at)
		}
	default:
		for _, l := range c.literals[:2] {
			s.watched[l] = append(s.watched[l], int32(at))
		}
	}
	return at
}

// truth is 1 when the literal holds, -1 when it does not, 0 when it is open.
func (s *search) truth(l literal) int8 {
	if l.negative() {
		return -s.value[l.choice()]
	}
	return s.value[l.choice()]
}

func (s *search) assign(l literal, reason int) {
	c := l.choice()
	s.value[c] = 1
	if l.negative() {
		s.value[c] = -1
	}
	s.level[c], s.reason[c] = len(s.limits), reason
	s.trail = append(s.trail, l)
}

// propagate draws all direct conclusions. It returns the literals of which none
// holds any more, and the clause that they are, or -1; nil when all is well.
func (s *search) propagate() (dead []literal, at int) {
	for s.head < len(s.trail) {
		l := s.trail[s.head]
		s.head++
		if !l.negative() {
			for _, c := range s.members[s.owner[l.choice()]] {
				if c == l.choice() {
					continue
				}
				if s.value[c] > 0 {
					return []literal{l.not(), taken(c).not()}, -1
				}
				if s.value[c] == 0 {
					s.assign(taken(c).not(), excluded-l.choice())
				}
			}
		}
		if dead, at = s.visit(l.not()); dead != nil {
			return dead, at
		}
	}
	return nil, -1
}

// visit looks at the clauses that watch a literal that just ceased to hold.
func (s *search) visit(l literal) (dead []literal, at int) {
	list := s.watched[l]
	keep := list[:0]
	for i, at := range list {
		s.steps--
		c := s.clauses[at].literals
		if c[0] == l {
			c[0], c[1] = c[1], c[0]
		}
		if s.truth(c[0]) > 0 {
			keep = append(keep, at)
			continue
		}
		other := slices.IndexFunc(c[2:], func(o literal) bool { return s.truth(o) >= 0 })
		if other >= 0 {
			c[1], c[other+2] = c[other+2], c[1]
			s.watched[c[1]] = append(s.watched[c[1]], at)
			continue
		}
		keep = append(keep, at)
		if s.truth(c[0]) < 0 {
			s.watched[l] = append(keep, list[i+1:]...)
			return c, int(at)
		}
		s.assign(c[0], int(at))
	}
	s.watched[l] = keep
	return nil, -1
}

// run searches under assumptions, which are literals that hold in this call
// only. After unsolvable without assumptions, core says why.
func (s *search) run(assume []literal) result {
	s.back(0)
	conflicts, pause := 0, 100
	for {
		if s.broken != nil {
			return unsolvable
		}
		dead, at := s.propagate()
		switch {
		case dead != nil && len(s.limits) == 0:
			s.broken = s.because(dead, at)
			return unsolvable
		case dead != nil:
			s.learn(dead, at)
			if conflicts++; conflicts == pause { // begin anew, with all that was learned
				conflicts, pause = 0, pause+pause/2
				s.back(0)
			}
			continue
		case s.steps <= 0:
			return exhausted
		case len(s.limits) < len(assume):
			l := assume[len(s.limits)]
			if s.truth(l) < 0 {
				return unsolvable
			}
			s.limits = append(s.limits, len(s.trail))
			if s.truth(l) == 0 {
				s.assign(l, decided)
			}
			continue
		}
		c := s.next()
		if c < 0 {
			return solved
		}
		s.limits = append(s.limits, len(s.trail))
		s.assign(taken(c), decided)
	}
}

// next picks the component that causes the most trouble, and of its open
// choices the best; -1 when each has its choice.
func (s *search) next() int {
	best, pick := -1, -1
	for g, members := range s.members {
		if best >= 0 && s.bumps[g] <= s.bumps[best] {
			continue
		}
		open := -1
		for _, c := range members {
			if s.value[c] > 0 {
				open = -1
				break
			}
			if s.value[c] == 0 && open < 0 {
				open = c
			}
		}
		if open >= 0 {
			best, pick = g, open
		}
	}
	s.steps -= len(s.members)
	return pick
}

// back undoes everything above a level.
func (s *search) back(level int) {
	if len(s.limits) <= level {
		return
	}
	for _, l := range s.trail[s.limits[level]:] {
		s.value[l.choice()] = 0
	}
	s.trail, s.limits = s.trail[:s.limits[level]], s.limits[:level]
	s.head = len(s.trail)
}

// why returns the other literals of the clause that forced a choice, and the
// clause, or -1.
func (s *search) why(choice int) (others []literal, at int) {
	r := s.reason[choice]
	if r <= excluded {
		return []literal{taken(excluded - r).not()}, -1
	}
	for _, l := range s.clauses[r].literals {
		if l.choice() != choice {
			others = append(others, l)
		}
	}
	return others, r
}

// learn turns a dead end into a clause, goes back to where it says something
// new and draws the conclusion.
func (s *search) learn(dead []literal, at int) {
	learned, from := []literal{0}, []int32{}
	var touched []int
	open, i := 0, len(s.trail)-1
	for {
		if at >= 0 {
			from = append(from, int32(at))
		}
		for _, l := range dead {
			c := l.choice()
			if s.seen[c] {
				continue
			}
			s.seen[c] = true
			touched = append(touched, c)
			s.bumps[s.owner[c]] += s.bump
			switch s.level[c] {
			case 0:
				from = append(from, int32(^c))
			case len(s.limits):
				open++
			default:
				learned = append(learned, l)
			}
		}
		s.steps -= len(dead)
		for !s.seen[s.trail[i].choice()] || s.level[s.trail[i].choice()] != len(s.limits) {
			i--
		}
		l := s.trail[i]
		i--
		if open--; open == 0 {
			learned[0] = l.not()
			break
		}
		dead, at = s.why(l.choice())
	}
	for _, c := range touched {
		s.seen[c] = false
	}
	if s.bump *= 1.05; s.bump > 1e100 {
		for g := range s.bumps {
			s.bumps[g] *= 1e-100
		}
		s.bump *= 1e-100
	}
	level := 0
	for i := 1; i < len(learned); i++ { // the latest of the others is watched too
		if l := s.level[learned[i].choice()]; l > level {
			level = l
			learned[1], learned[i] = learned[i], learned[1]
		}
	}
	s.back(level)
	at = s.attach(clause{learned, -1, from})
	if len(learned) > 1 {
		s.assign(learned[0], at)
	}
}

// because lists what a dead end rests on.
func (s *search) because(dead []literal, at int) (from []int32) {
	if at >= 0 {
		from = append(from, int32(at))
	}
	for _, l := range dead {
		from = append(from, int32(^l.choice()))
	}
	return from
}

// core returns the origins of the clauses that cannot hold together, sorted.
func (s *search) core() (origins []int) {
	clauses, choices := map[int32]bool{}, map[int32]bool{}
	for todo := slices.Clone(s.broken); len(todo) > 0; {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if at < 0 {
			if choices[at] {
				continue
			}
			choices[at] = true
			others, by := s.why(int(^at))
			todo = append(todo, s.because(others, by)...)
			continue
		}
		if clauses[at] {
			continue
		}
		clauses[at] = true
		if c := s.clauses[at]; c.origin >= 0 {
			origins = append(origins, c.origin)
		} else {
			todo = append(todo, c.from...)
		}
	}
	slices.Sort(origins)
	return slices.Compact(origins)
}
