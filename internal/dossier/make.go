package dossier

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// File is a dossier on its way to a reader.
type File struct {
	Name string // suggested, without path
	Page []byte // HTML with the signed content in it
}

// of lists the kinds of objects whose facts belong into a dossier. The history
// of a key result's values does not: the effect is what was measured.
var of = []string{"vision", "objective", "initiative", "feature", "item", "commit", "run", "artifact", "rollout", "incident"}

// factsOf bounds the facts about one object.
const factsOf = 200

// Make returns the signed dossier of a rollout that was decided. Errors are
// those of the rooms asked; errs.Denied for who may not read the journal.
func (s *Service) Make(ctx context.Context, who access.Actor, id ref.Rollout) (File, error) {
	if err := who.May(access.Audit, ""); err != nil {
		return File{}, err
	}
	c := Content{Made: s.now().UTC().Truncate(time.Second), By: who.Name}
	var err error
	if c.Release, err = s.rollouts.Release(ctx, who, id); err != nil {
		return File{}, err
	}
	var incidents []Node
	if c.Thread, incidents, err = s.threads.Through(ctx, who, id); err != nil {
		return File{}, err
	}
	if len(incidents) > 0 {
		c.Thread = append(c.Thread, Stage{Kind: "incident", Nodes: incidents})
	}
	if c.Attestations, err = s.seals.Attestations(ctx, who, c.Release.Artifact); err != nil {
		return File{}, err
	}
	if c.Facts, err = s.facts(ctx, c.Thread); err != nil {
		return File{}, err
	}
	if c.Head, err = s.head(ctx); err != nil {
		return File{}, err
	}
	around, err := render(c)
	if err != nil {
		return File{}, err
	}
	c.Page = around.hash()
	bundle, err := s.seals.Seal(ctx, c.Release.Artifact, Type, c)
	if err != nil {
		return File{}, err
	}
	r := c.Release
	return File{Name: "dossier-" + string(r.Component) + "-" + r.Version + ".html", Page: around.with(bundle)}, nil
}

// facts returns what the journal says of the objects on the thread, in order.
func (s *Service) facts(ctx context.Context, stages []Stage) ([]Fact, error) {
	facts := map[int64]Fact{}
	for _, stage := range stages {
		if !slices.Contains(of, stage.Kind) {
			continue
		}
		for _, n := range stage.Nodes {
			list, _, err := s.journal.List(ctx, journal.Filter{Subject: n.Subject}, page.Ask{Limit: factsOf})
			if err != nil {
				return nil, err
			}
			for _, f := range list {
				facts[f.Seq] = factOf(f)
			}
		}
	}
	list := make([]Fact, 0, len(facts))
	for _, f := range facts {
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b Fact) int { return cmp.Compare(a.Seq, b.Seq) })
	return list, nil
}

// head reads the end of the chain. Facts that were appended meanwhile only move
// it on.
func (s *Service) head(ctx context.Context) (Head, error) {
	list, _, err := s.journal.List(ctx, journal.Filter{}, page.Ask{Limit: 1})
	if err != nil || len(list) == 0 {
		return Head{}, err
	}
	return Head{list[0].Seq, list[0].Hash}, nil
}

func factOf(f journal.Fact) Fact {
	return Fact{f.Seq, f.ID, f.Kind, f.At, f.Actor.ID, f.Actor.Name, f.Subject, f.Data, f.Prev, f.Hash}
}

// told is the fact as the journal knows it.
func (f Fact) told() journal.Fact {
	return journal.Fact{Seq: f.Seq, ID: f.ID, Kind: f.Kind, At: f.At, Actor: journal.By{ID: f.Actor, Name: f.ActorName}, Subject: f.Subject, Data: f.Data, Prev: f.Prev, Hash: f.Hash}
}
