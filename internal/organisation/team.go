package organisation

import (
	"context"
	"fmt"
	"slices"

	"github.com/digital-factory/factory/client"
)

func (a *applier) teams(ctx context.Context, o Organisation) error {
	for _, t := range o.Teams {
		if err := a.team(ctx, t); err != nil {
			return fmt.Errorf("team %q: %w", t.ID, err)
		}
	}
	return nil
}

func (a *applier) team(ctx context.Context, t Team) error {
	have, err := a.client.Team(ctx, t.ID)
	switch {
	case missing(err):
		have, err = a.client.CreateTeam(ctx, client.CreateTeam{ID: t.ID, Name: t.Name, Key: t.Key, Mission: t.Mission, DayRate: t.DayRate})
		if err != nil {
			return err
		}
		a.did("created", "team", t.ID)
	case err != nil:
		return err
	case have.Name != t.Name && t.Name != "" || have.Mission != t.Mission || have.DayRate != t.DayRate:
		name := t.Name
		if name == "" {
			name = have.Name
		}
		if _, err := a.client.UpdateTeam(ctx, t.ID, client.UpdateTeam{Version: have.Version, Name: name, Mission: t.Mission, DayRate: t.DayRate}); err != nil {
			return err
		}
		a.did("changed", "team", t.ID)
	}
	for _, login := range t.Members {
		if slices.ContainsFunc(have.Members, func(m client.TeamMember) bool { return m.Login == login }) {
			continue
		}
		if _, err := a.client.AddMember(ctx, t.ID, client.AddMember{Account: login}); err != nil {
			return err
		}
		a.did("added", "member", login+" to "+t.ID)
	}
	return a.items(ctx, t)
}

func (a *applier) items(ctx context.Context, t Team) error {
	if len(t.Items) == 0 {
		return nil
	}
	have := map[string]client.Item{}
	for p := (client.Paging{Limit: 500}); ; {
		page, err := a.client.Items(ctx, client.ItemFilter{Team: t.ID}, p)
		if err != nil {
			return err
		}
		for _, it := range page.Items {
			have[it.Title] = it
		}
		if p.After = page.Next; p.After == "" {
			break
		}
	}
	for _, it := range t.Items {
		feature := ""
		if it.Feature != "" {
			f, err := a.featureNamed(ctx, it.Feature, t.ID+"/"+it.Title)
			if err != nil {
				return err
			}
			feature = f.ID
		}
		is, exists := have[it.Title]
		if !exists {
			if _, err := a.client.CreateItem(ctx, client.CreateItem{Team: t.ID, Type: it.Type, Title: it.Title, Description: it.Description, Feature: feature}); err != nil {
				return err
			}
			a.did("created", "item", it.Title)
			continue
		}
		kind := it.Type
		if kind == "" {
			kind = is.Type
		}
		if is.Type == kind && is.Description == it.Description && is.Feature == feature {
			continue
		}
		if _, err := a.client.UpdateItem(ctx, is.ID, client.UpdateItem{Version: is.Version, Type: kind, Title: it.Title, Description: it.Description, Feature: feature, Assignee: is.Assignee}); err != nil {
			return err
		}
		a.did("changed", "item", it.Title)
	}
	return nil
}

// featureNamed finds the feature that a place names: among the files' products,
// else among all that the factory has.
func (a *applier) featureNamed(ctx context.Context, title, of string) (client.Feature, error) {
	if f, known := a.features[title]; known {
		return f, nil
	}
	for p := (client.Paging{Limit: 500}); !a.allFeatures; {
		page, err := a.client.Features(ctx, client.FeatureFilter{}, p)
		if err != nil {
			return client.Feature{}, err
		}
		for _, f := range page.Items {
			if _, known := a.features[f.Title]; !known {
				a.features[f.Title] = f
			}
		}
		p.After = page.Next
		a.allFeatures = p.After == ""
	}
	f, known := a.features[title]
	if !known {
		return f, a.unknown("feature", title, of, "add it to its product")
	}
	return f, nil
}
