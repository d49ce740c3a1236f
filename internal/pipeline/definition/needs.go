package definition

import "slices"

// cycle returns steps that need each other in a circle, beginning and ending
// with the same one; nil when there is none.
func (d *Definition) cycle(names map[string]int) []string {
	const (
		unseen = iota
		open
		closed
	)
	state := make([]int, len(d.Steps))
	var trail []string
	var visit func(i int) []string
	visit = func(i int) []string {
		state[i] = open
		trail = append(trail, d.Steps[i].Name)
		for _, n := range d.Steps[i].Needs {
			j, known := names[n]
			if !known || state[j] == closed {
				continue
			}
			if state[j] == open {
				return append(slices.Clone(trail[slices.Index(trail, n):]), n)
			}
			if c := visit(j); c != nil {
				return c
			}
		}
		state[i] = closed
		trail = trail[:len(trail)-1]
		return nil
	}
	for i := range d.Steps {
		if state[i] == unseen {
			if c := visit(i); c != nil {
				return c
			}
		}
	}
	return nil
}

// Ordered returns the steps so that each comes after those that it needs, and
// otherwise as the file has them.
func (d Definition) Ordered() []Spec {
	var list []Spec
	placed := map[string]bool{}
	for len(list) < len(d.Steps) {
		before := len(list)
		for _, s := range d.Steps {
			ready := !slices.ContainsFunc(s.Needs, func(n string) bool { return !placed[n] })
			if ready && !placed[s.Name] {
				placed[s.Name] = true
				list = append(list, s)
			}
		}
		if len(list) == before {
			return list // a circle, which Parse refuses
		}
	}
	return list
}
