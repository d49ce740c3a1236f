package assembly

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/parts"
)

// Version is a version of a component, where it is on its way, and what it
// provides and requires.
type Version struct {
	Part
	Release ref.Release // whose part it is
	Hotfix  bool
	Stale   bool // a newer version of the component is on its way or live
	As      parts.Part
}

// Landscape is which versions there are: live, waiting for their turn, on their
// way, and marked bad.
type Landscape struct {
	Live, Queued, Moving, Bad []Version
	print                     string // differs when anything does
}

// Waiting returns the version of a queued rollout.
func (l Landscape) Waiting(id ref.Rollout) (v Version, found bool) {
	i := slices.IndexFunc(l.Queued, func(q Version) bool { return q.Rollout == id })
	if i < 0 {
		return v, false
	}
	return l.Queued[i], true
}

// Overtaken reports whether a queued version makes room for a newer one of its
// component, which carries its changes too: when that is on its way, or waits
// and gets along with what is live. A hotfix makes room for a hotfix only.
func (l Landscape) Overtaken(v Version) bool {
	return v.Stale || slices.ContainsFunc(l.Queued, func(q Version) bool {
		return q.Component == v.Component && q.Rollout > v.Rollout && (q.Hotfix || !v.Hotfix) && (q.Release != "" || l.Consider(q).Conflict == nil)
	})
}

// Answer says how a version can go.
type Answer struct {
	// Together are the versions that go, in order; only the one asked for when it
	// goes by itself. Empty when it cannot go now.
	Together []Version
	// Waits is what it waits for.
	Waits string
	// Why a conflict stands in the way.
	Conflict error
	Links    []Link
}

// Why says why versions go together.
func (a Answer) Why(v Version) string {
	for _, l := range a.Links {
		if l.InRelease {
			return fmt.Sprintf("%s %s requires %s %s, which %s %s provides", l.Component, l.Number, l.Name, l.Rule, l.By, l.ByNumber)
		}
	}
	return v.Part.String() + " does not go without the others"
}

// Memory spares the solver a question that it has answered.
type Memory struct {
	mu    sync.Mutex
	print string
	known map[ref.Rollout]Answer
}

// Consider is that of the landscape.
func (m *Memory) Consider(l Landscape, v Version) Answer {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil || m.print != l.print {
		m.print, m.known = l.print, map[ref.Rollout]Answer{}
	}
	a, known := m.known[v.Rollout]
	if !known {
		a = l.Consider(v)
		m.known[v.Rollout] = a
	}
	return a
}

// plain reports whether a version gets along with everything, as does the one
// that it replaces.
func (l Landscape) plain(v Version) bool {
	return v.As.Empty() && l.live(v.Component).As.Empty()
}

func (l Landscape) live(c ref.Component) Version {
	if i := slices.IndexFunc(l.Live, func(v Version) bool { return v.Component == c }); i >= 0 {
		return l.Live[i]
	}
	return Version{}
}

func needs(list []Version) (out []parts.Part) {
	for _, v := range list {
		out = append(out, v.As)
	}
	return out
}

// free are the queued versions that may become parts of a new release.
func (l Landscape) free() []Version {
	return slices.DeleteFunc(slices.Clone(l.Queued), func(v Version) bool { return v.Release != "" })
}

// Consider says how a queued version can go: by itself when everything live and
// it get along, together with other queued ones when that helps, or not yet.
func (l Landscape) Consider(v Version) Answer {
	if l.plain(v) {
		return Answer{Together: []Version{v}}
	}
	a := l.Solve([]Version{v})
	if a.Waits == "" || a.Conflict != nil {
		return a
	}
	if others := slices.DeleteFunc(slices.Clone(a.Together), func(o Version) bool { return o.Rollout == v.Rollout }); len(others) > 0 {
		a.Waits += fmt.Sprintf(", then goes together with %s", Names(others))
	}
	a.Together = nil
	return a
}

func (l Landscape) solve(wanted, available []Version) (parts.Solution, error) {
	free := needs(available)
	for _, b := range l.Bad {
		b.As.Bad = true
		free = append(free, b.As)
	}
	return parts.Solve(parts.Question{Wanted: needs(wanted), Available: free, Live: needs(l.Live)})
}

// answer finds the versions of a solution.
func (l Landscape) answer(known []Version, s parts.Solution) Answer {
	a := Answer{Links: links(s.Parts, s.Changed)}
	for _, p := range s.Changed {
		i := slices.IndexFunc(known, func(v Version) bool { return v.Component == p.Component && v.As.Version.Equal(p.Version) })
		if i < 0 {
			continue // what is wanted is live already
		}
		a.Together = append(a.Together, known[i])
	}
	a.Waits = l.Busy(a.Together)
	return a
}

// Busy says what versions that go together wait for: their components must be
// free, and so must those with which they share what is provided or required,
// because what will be live there is not known yet. Empty when nothing.
func (l Landscape) Busy(list []Version) string {
	names := map[string]bool{}
	for _, v := range list {
		for _, n := range append(v.As.Names(), l.live(v.Component).As.Names()...) {
			names[n] = true
		}
	}
	shares := func(p parts.Part) bool {
		return slices.ContainsFunc(p.Names(), func(n string) bool { return names[n] })
	}
	for _, m := range l.Moving {
		same := slices.ContainsFunc(list, func(v Version) bool { return v.Component == m.Component })
		if same || shares(m.As) || shares(l.live(m.Component).As) {
			return fmt.Sprintf("the rollout of %s to end", m.Part)
		}
	}
	return ""
}

// Solve says how versions that a person names could go, with queued ones where
// that helps.
func (l Landscape) Solve(wanted []Version) Answer {
	wanted = l.marked(wanted)
	s, err := l.solve(wanted, nil)
	if err != nil {
		if s, err = l.solve(wanted, l.free()); err != nil {
			return refused(err)
		}
	}
	return l.answer(append(wanted, l.free()...), s)
}

// marked returns versions with the mark of those that are bad.
func (l Landscape) marked(list []Version) []Version {
	list = slices.Clone(list)
	for i, v := range list {
		list[i].As.Bad = v.As.Bad || slices.ContainsFunc(l.Bad, func(b Version) bool { return b.Artifact == v.Artifact })
	}
	return list
}

func refused(err error) Answer {
	a := Answer{Conflict: err, Waits: err.Error()}
	if no, ok := errors.AsType[*parts.Conflict](err); ok {
		a.Waits = no.Waits()
	}
	return a
}

// Chosen says whether versions that a person chose go together as they are.
func (l Landscape) Chosen(wanted []Version) (Answer, error) {
	wanted = l.marked(wanted)
	s, err := l.solve(wanted, nil)
	if err != nil {
		no := errs.Because(errs.Blocked, err, "%s", err.Error())
		if more, err := l.solve(wanted, l.free()); err == nil {
			var add []string
			for _, p := range more.Changed {
				if !slices.ContainsFunc(wanted, func(v Version) bool { return v.Component == p.Component }) {
					add = append(add, fmt.Sprintf("--part %s@%s", p.Component, p.Version))
				}
			}
			no.Next = "add what is missing: " + strings.Join(add, " ")
		} else {
			no.Next = "look at what goes together: factory release solve"
		}
		return Answer{}, no
	}
	return Answer{Links: links(s.Parts, s.Changed), Together: wanted, Waits: l.Busy(wanted)}, nil
}

// Fit refuses earlier versions with which something that stays live would no
// longer get along.
func (l Landscape) Fit(back []Version) error {
	_, err := l.solve(back, nil)
	no, ok := errors.AsType[*parts.Conflict](err)
	if !ok {
		return err
	}
	refusal := errs.Because(errs.Blocked, err, "%s", err.Error())
	for _, r := range no.Reasons {
		if r.Live {
			return refusal.Do("take that back first: factory rollout list --component %s", r.Part.Component)
		}
	}
	return refusal.Do("go back to a version that fits, or start one that does: factory release solve")
}

// Names names versions, e.g. "a 1 and b 2".
func Names(list []Version) string {
	out := ""
	for i, v := range list {
		switch {
		case i > 0 && i == len(list)-1:
			out += " and "
		case i > 0:
			out += ", "
		}
		out += v.Part.String()
	}
	return out
}
