package cost

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// Filter narrows what is asked for; empty fields do not.
type Filter struct {
	Team      ref.Team
	Component ref.Component
	Days      int // with today, of UTC; 30 when 0
}

const mostDays = 366

// Sum is what was used and what that costs.
type Sum struct {
	Use
	Price
}

func (s Sum) plus(o Sum) Sum { return Sum{s.Use.plus(o.Use), s.Price.plus(o.Price)} }

// At is a sum at a place.
type At struct {
	Place Place
	Sum
}

// Component is what one component used, and where.
type Component struct {
	Name   ref.Component
	Team   ref.Team
	Places []At // dearest first
	Sum
}

// Team is what a team's components used.
type Team struct {
	Name ref.Team
	Sum
}

// Day is what was used on a day.
type Day struct {
	Day time.Time // UTC midnight
	Sum
}

// Report is what was used and what it costs.
type Report struct {
	From, To   time.Time
	Rates      Rates
	Total      Sum // of the components
	Teams      []Team
	Components []Component // dearest first
	Days       []Day       // each of the range
	// Children is the processor time of all processes that the factory started, in
	// seconds, and Unattributed what of it no component has: of the whole, whatever
	// the filter.
	Children         float64
	Unattributed     float64
	UnattributedCost float64
}

// Report returns what was used in the last days, up to now.
func (s *Service) Report(ctx context.Context, who access.Actor, f Filter) (r Report, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return r, err
	}
	days := cmp.Or(f.Days, 30)
	if days < 1 || days > mostDays {
		return r, errs.New(errs.Invalid, "days must be 1 to %d", mostDays)
	}
	s.Look()
	if err := s.Save(ctx); err != nil {
		return r, err
	}
	r.To = s.now().UTC()
	today := r.To.Truncate(24 * time.Hour)
	r.From = today.AddDate(0, 0, 1-days)
	from, to := store.Micros(r.From), store.Micros(today.AddDate(0, 0, 1))
	var components, daily, every []line
	err = s.db.View(ctx, func(tx *store.Tx) (err error) {
		if r.Rates, err = rates(ctx, tx); err != nil {
			return err
		}
		if components, err = byComponent(ctx, tx, f, from, to); err != nil {
			return err
		}
		if daily, err = byDay(ctx, tx, f, from, to); err != nil {
			return err
		}
		if every = components; f.Team != "" || f.Component != "" {
			if every, err = byComponent(ctx, tx, Filter{}, from, to); err != nil {
				return err
			}
		}
		r.Children, err = childrenIn(ctx, tx, from, to)
		return err
	})
	if err != nil {
		return r, err
	}
	r.fill(components, daily)
	r.Unattributed = r.Children
	for _, l := range every {
		r.Unattributed -= l.CPU
	}
	r.Unattributed = max(r.Unattributed, 0)
	r.UnattributedCost = r.Rates.price("", Use{CPU: r.Unattributed}).Total
	return r, nil
}

// fill sums lines up, which stand by component and place, and by day.
func (r *Report) fill(components, daily []line) {
	r.Teams, r.Components, r.Days = []Team{}, []Component{}, []Day{}
	for d := r.From; d.Before(r.To); d = d.AddDate(0, 0, 1) {
		r.Days = append(r.Days, Day{Day: d})
	}
	for _, l := range daily {
		if i := int(l.day - store.Micros(r.From)/day); i >= 0 && i < len(r.Days) {
			r.Days[i].Sum = r.Days[i].plus(Sum{l.Use, r.Rates.price(l.Place, l.Use)})
		}
	}
	for _, l := range components {
		sum := Sum{l.Use, r.Rates.price(l.Place, l.Use)}
		r.Total = r.Total.plus(sum)
		if n := len(r.Components); n == 0 || r.Components[n-1].Name != l.Component {
			r.Components = append(r.Components, Component{Name: l.Component, Team: l.Team})
		}
		c := &r.Components[len(r.Components)-1]
		c.Sum, c.Places = c.plus(sum), append(c.Places, At{l.Place, sum})
		i := slices.IndexFunc(r.Teams, func(t Team) bool { return t.Name == l.Team })
		if i < 0 {
			i = len(r.Teams)
			r.Teams = append(r.Teams, Team{Name: l.Team})
		}
		r.Teams[i].Sum = r.Teams[i].plus(sum)
	}
	for _, c := range r.Components {
		slices.SortStableFunc(c.Places, func(a, b At) int { return cmp.Compare(b.Total, a.Total) })
	}
	slices.SortStableFunc(r.Components, func(a, b Component) int { return cmp.Compare(b.Total, a.Total) })
	slices.SortStableFunc(r.Teams, func(a, b Team) int { return cmp.Compare(b.Total, a.Total) })
}
