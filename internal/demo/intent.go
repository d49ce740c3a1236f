package demo

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/examples/drones"
	"github.com/digital-factory/factory/internal/organisation"
)

// The names of the sample company that the story looks at.
const (
	component  = "engine-controller"
	engine     = "engine"
	initiative = "Heavy-lift drone"
	newEngine  = "New engine"
	planner    = "flight-planner"
	flight     = "flight"
	software   = "Updated flight software"
)

// apply applies one file of the sample organisation as a person would.
func (s *story) apply(ctx context.Context, p *person, file string) error {
	data, err := fs.ReadFile(drones.Organisation, "organisation/"+file)
	if err != nil {
		return err
	}
	org, err := organisation.Parse([]organisation.File{{Name: file, Data: data}})
	if err != nil {
		return err
	}
	return s.again(ctx, func() error {
		changes, err := organisation.Apply(ctx, p.client, org)
		for _, c := range changes {
			s.note("%s %s", c.Verb, c.What)
		}
		return err
	})
}

// find returns the initiative as it is now.
func (s *story) find(ctx context.Context) (found client.Initiative, err error) {
	err = s.again(ctx, func() error {
		have, err := s.mara.client.Portfolio(ctx)
		if err != nil {
			return err
		}
		for _, in := range have.Initiatives {
			if in.Title == initiative {
				found = in
			}
		}
		for _, o := range have.Objectives {
			for _, k := range o.KeyResults {
				s.key = k.ID
			}
		}
		return nil
	})
	if err == nil && found.ID == "" {
		err = fmt.Errorf("there is no initiative %q", initiative)
	}
	return found, err
}

// board sets the vision and takes the initiative through the portfolio's gates
// to a go.
func (s *story) board(ctx context.Context) error {
	if err := s.apply(ctx, s.mara, "board.yaml"); err != nil {
		return err
	}
	in, err := s.find(ctx)
	if err != nil {
		return err
	}
	s.initiative = in.ID
	s.note("WSJF %.1f, rank %d of %d", in.WSJF.WSJF, in.WSJF.Rank, in.WSJF.Of)
	// Ready means approved; the first feature that is built moves it on by itself.
	for in.State != "ready" && in.State != "implementing" {
		next := map[string]string{"funnel": "reviewing", "reviewing": "analysing", "analysing": "ready", "ready": "implementing"}[in.State]
		err := s.again(ctx, func() error {
			if in.State == "analysing" && !in.Approved {
				_, err := s.mara.client.DecideInitiative(ctx, in.ID, client.DecideInitiative{
					Version: in.Version, Verdict: "go", Reason: "Heavy loads are what customers ask for first, and the engine is the riskiest part and the cheapest to test.",
				})
				return made(err)
			}
			_, err := s.mara.client.MoveInitiative(ctx, in.ID, client.MoveInitiative{Version: in.Version, To: next})
			return made(err)
		})
		if err != nil {
			return err
		}
		if in, err = s.find(ctx); err != nil {
			return err
		}
		s.note("%s is %s", initiative, in.State)
	}
	return nil
}

// product splits the initiative, and the two teams that exist get their items.
func (s *story) product(ctx context.Context) error {
	if err := s.apply(ctx, s.ada, "product.yaml"); err != nil {
		return err
	}
	// The items name features by title, so both files are read together.
	var files []organisation.File
	for _, name := range []string{"product.yaml", "teams.yaml"} {
		data, err := fs.ReadFile(drones.Organisation, "organisation/"+name)
		if err != nil {
			return err
		}
		files = append(files, organisation.File{Name: name, Data: data})
	}
	org, err := organisation.Parse(files)
	if err != nil {
		return err
	}
	err = s.again(ctx, func() error {
		changes, err := organisation.Apply(ctx, s.ada.client, org)
		for _, c := range changes {
			s.note("%s %s", c.Verb, c.What)
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.again(ctx, func() error {
		p, err := s.ada.client.Product(ctx, "heavy-lift")
		for _, f := range p.Work {
			switch f.Title {
			case newEngine:
				s.feature = f.ID
			case software:
				s.software = f.ID
			}
		}
		return err
	})
}
