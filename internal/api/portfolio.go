package api

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/portfolio"
	"github.com/digital-factory/factory/internal/product"
	"github.com/digital-factory/factory/internal/ref"
)

func (a *API) portfolio() {
	register(a, access.Read, op("GET /portfolio", "portfolio", "Show the whole board: vision, objectives, initiatives"),
		func(ctx context.Context, who access.Actor, _ *none) (*body[client.Portfolio], error) {
			b, err := a.Portfolio.Board(ctx, who)
			if err != nil {
				return nil, err
			}
			out := client.Portfolio{Objectives: mapped(b.Objectives, objective)}
			if b.Vision != nil {
				v := visionOf(*b.Vision)
				out.Vision = &v
			}
			out.Initiatives, err = a.counted(ctx, who, mapped(b.Initiatives, initiative))
			return answer(out, err)
		})
	register(a, access.FundWork, op("PUT /vision", "portfolio", "Set the vision"),
		func(ctx context.Context, who access.Actor, in *send[client.SetVision]) (*body[client.Vision], error) {
			v, err := a.Portfolio.SetVision(ctx, who, in.Body.Text, in.Body.Version)
			return answer(visionOf(v), current(err, visionOf))
		})
	register(a, access.FundWork, op("POST /objectives", "portfolio", "Add an objective"),
		func(ctx context.Context, who access.Actor, in *send[client.CreateObjective]) (*body[client.Objective], error) {
			o, err := a.Portfolio.CreateObjective(ctx, who, portfolio.ObjectiveFields(in.Body))
			return answer(objective(o), err)
		})
	register(a, access.FundWork, op("PUT /objectives/{id}", "portfolio", "Change an objective"),
		func(ctx context.Context, who access.Actor, in *with[client.ChangeObjective]) (*body[client.Objective], error) {
			o, err := a.Portfolio.ChangeObjective(ctx, who, ref.Objective(in.ID), in.Body.Version, portfolio.ObjectiveFields(in.Body.CreateObjective))
			return answer(objective(o), current(err, objective))
		})
	register(a, access.FundWork, op("POST /key-results", "portfolio", "Add a key result to an objective"),
		func(ctx context.Context, who access.Actor, in *send[client.CreateKeyResult]) (*body[client.KeyResult], error) {
			k, err := a.Portfolio.CreateKeyResult(ctx, who, ref.Objective(in.Body.Objective), keyResultFields(in.Body.KeyResultFields))
			return answer(keyResult(k), err)
		})
	register(a, access.Read, op("GET /key-results/{id}", "portfolio", "Show a key result with its history"),
		func(ctx context.Context, who access.Actor, in *id) (*body[client.KeyResultDetail], error) {
			k, history, err := a.Portfolio.KeyResult(ctx, who, ref.KeyResult(in.ID))
			return answer(client.KeyResultDetail{KeyResult: keyResult(k), History: mapped(history, historyPoint)}, err)
		})
	register(a, access.FundWork, op("PUT /key-results/{id}", "portfolio", "Change a key result"),
		func(ctx context.Context, who access.Actor, in *with[client.ChangeKeyResult]) (*body[client.KeyResult], error) {
			k, err := a.Portfolio.ChangeKeyResult(ctx, who, ref.KeyResult(in.ID), in.Body.Version, keyResultFields(in.Body.KeyResultFields))
			return answer(keyResult(k), current(err, keyResult))
		})
	a.initiatives()
}

func (a *API) initiatives() {
	register(a, access.Read, op("GET /initiatives", "portfolio", "List initiatives, ranked"),
		func(ctx context.Context, who access.Actor, in *struct {
			Paging
			Objective string `query:"objective" doc:"Only this objective's"`
			State     string `query:"state" enum:"funnel,reviewing,analysing,ready,implementing,done" doc:"Only those in this state"`
		}) (*body[client.Page[client.Initiative]], error) {
			list, next, err := a.Portfolio.Initiatives(ctx, who, portfolio.Filter{Objective: ref.Objective(in.Objective), State: portfolio.State(in.State)}, in.ask())
			if err != nil {
				return nil, err
			}
			items, err := a.counted(ctx, who, mapped(list, initiative))
			return answer(client.Page[client.Initiative]{Items: items, Next: next}, err)
		})
	register(a, access.FundWork, op("POST /initiatives", "portfolio", "Propose an initiative"),
		func(ctx context.Context, who access.Actor, in *send[client.CreateInitiative]) (*body[client.Initiative], error) {
			return bet(a.Portfolio.CreateInitiative(ctx, who, ref.Objective(in.Body.Objective), initiativeFields(in.Body.InitiativeFields)))
		})
	register(a, access.Read, op("GET /initiatives/{id}", "portfolio", "Show an initiative with its features, effects and decisions"),
		func(ctx context.Context, who access.Actor, in *id) (*body[client.InitiativeDetail], error) {
			d, err := a.Portfolio.Initiative(ctx, who, ref.Initiative(in.ID))
			if err != nil {
				return nil, err
			}
			one, err := a.counted(ctx, who, []client.Initiative{initiative(d.Initiative)})
			if err != nil {
				return nil, err
			}
			out := client.InitiativeDetail{Initiative: one[0], Effects: mapped(d.Effects, measuredEffect), Decisions: mapped(d.Decisions, decision)}
			work, _, err := a.Product.Features(ctx, who, product.Filter{Initiative: d.ID}, page.Ask{Limit: page.Most})
			out.Work = mapped(work, feature)
			return answer(out, err)
		})
	register(a, access.FundWork, op("PUT /initiatives/{id}", "portfolio", "Change an initiative"),
		func(ctx context.Context, who access.Actor, in *with[client.ChangeInitiative]) (*body[client.Initiative], error) {
			return bet(a.Portfolio.ChangeInitiative(ctx, who, ref.Initiative(in.ID), in.Body.Version, initiativeFields(in.Body.InitiativeFields)))
		})
	register(a, access.FundWork, op("POST /initiatives/{id}/move", "portfolio", "Move an initiative through a gate of the portfolio board"),
		func(ctx context.Context, who access.Actor, in *with[client.MoveInitiative]) (*body[client.Initiative], error) {
			return bet(a.Portfolio.MoveInitiative(ctx, who, ref.Initiative(in.ID), in.Body.Version, portfolio.State(in.Body.To)))
		})
	register(a, access.FundWork, op("POST /initiatives/{id}/decide", "portfolio", "Decide about an initiative and freeze the evidence"),
		func(ctx context.Context, who access.Actor, in *with[client.DecideInitiative]) (*body[client.Initiative], error) {
			return bet(a.Portfolio.Decide(ctx, who, ref.Initiative(in.ID), in.Body.Version, portfolio.Verdict(in.Body.Verdict), in.Body.Reason))
		})
}

// counted puts the product room's count of features on each initiative: it
// knows them first.
func (a *API) counted(ctx context.Context, who access.Actor, list []client.Initiative) ([]client.Initiative, error) {
	by, err := a.Product.Counts(ctx, who)
	for n := range list {
		list[n].Features = client.FeatureCounts(by[ref.Initiative(list[n].ID)])
	}
	return list, err
}

// current turns the state that a refusal carries into the type that travels.
func current[A, B any](err error, f func(A) B) error {
	if e, ok := errors.AsType[*errs.Error](err); ok {
		if v, ok := e.Detail.(A); ok {
			e.Detail = f(v)
		}
	}
	return err
}

// bet answers a change of an initiative.
func bet(i portfolio.Initiative, err error) (*body[client.Initiative], error) {
	return answer(initiative(i), current(current(err, initiative), gateChecks))
}

func visionOf(v portfolio.Vision) client.Vision {
	return client.Vision{ID: string(v.ID), Text: v.Text, Version: v.Version, By: v.By, At: v.At}
}

func objective(o portfolio.Objective) client.Objective {
	return client.Objective{
		ID: string(o.ID), Title: o.Title, Description: o.Description, Owner: o.Owner, Score: o.Score,
		KeyResults: mapped(o.KeyResults, keyResult), Version: o.Version, Created: o.Created,
	}
}

func keyResult(k portfolio.KeyResult) client.KeyResult {
	return client.KeyResult{
		ID: string(k.ID), Objective: string(k.Objective), Title: k.Title, Unit: k.Unit, Query: k.Query, Baseline: k.Baseline, Target: k.Target,
		Outcome: (*client.Selector)(k.Outcome), Value: k.Value, Score: k.Score(), Measured: moment(k.Measured), Problem: k.Problem,
		Spark: mapped(k.Spark, historyPoint), Version: k.Version, Created: k.Created,
	}
}

func keyResultFields(f client.KeyResultFields) portfolio.KeyResultFields {
	return portfolio.KeyResultFields{Title: f.Title, Unit: f.Unit, Query: f.Query, Baseline: f.Baseline, Target: f.Target, Outcome: (*portfolio.Selector)(f.Outcome)}
}

func historyPoint(p portfolio.Point) client.Point { return client.Point(p) }

func initiative(i portfolio.Initiative) client.Initiative {
	f := i.Fields
	out := client.Initiative{
		ID: string(i.ID), Objective: string(i.Objective), State: string(i.State), Since: i.Since, Approved: i.Approved,
		InitiativeFields: client.InitiativeFields{
			Title: f.Title, Owner: f.Owner, KeyResult: string(f.KeyResult), Hypothesis: client.Hypothesis(f.Hypothesis), BusinessOutcome: f.BusinessOutcome,
			LeadingIndicators: f.LeadingIndicators, NonFunctional: f.NonFunctional, MVP: f.MVP, Scores: (*client.Scores)(f.Scores),
			Cost: (*client.Money)(f.Cost), Budget: (*client.Money)(f.Budget), DayRate: (*client.Money)(f.DayRate), Predicted: f.Predicted,
		},
		Features: client.FeatureCounts(i.Features), Spend: client.Spend{Days: i.Spend.Days, Items: i.Spend.Items, Cost: (*client.Money)(i.Spend.Cost)},
		Gate: client.Gate{To: string(i.Gate.To), Open: i.Gate.Open(), Checks: gateChecks(i.Gate.Checks)}, Version: i.Version, Created: i.Created, By: i.By,
	}
	if p := i.Place; p != nil {
		out.WSJF = &client.WSJF{Scores: client.Scores(*f.Scores), CostOfDelay: f.Scores.CostOfDelay(), WSJF: f.Scores.WSJF(), Rank: p.Rank, Of: p.Of, By: p.By, At: p.At}
	}
	r := i.Result
	out.Result = client.Result{
		Unit: r.Unit, Predicted: r.Predicted, Measured: r.Measured, Low: r.Low, High: r.High, Level: r.Level,
		Grade: string(r.Grade), Basis: r.Basis, Comparable: r.Comparable,
	}
	return out
}

func initiativeFields(f client.InitiativeFields) portfolio.Fields {
	return portfolio.Fields{
		Title: f.Title, Owner: f.Owner, KeyResult: ref.KeyResult(f.KeyResult), Hypothesis: portfolio.Hypothesis(f.Hypothesis), BusinessOutcome: f.BusinessOutcome,
		LeadingIndicators: f.LeadingIndicators, NonFunctional: f.NonFunctional, MVP: f.MVP, Scores: (*portfolio.Scores)(f.Scores),
		Cost: (*portfolio.Money)(f.Cost), Budget: (*portfolio.Money)(f.Budget), DayRate: (*portfolio.Money)(f.DayRate), Predicted: f.Predicted,
	}
}

func gateChecks(list []portfolio.Check) []client.Check {
	return mapped(list, func(c portfolio.Check) client.Check { return client.Check(c) })
}

func measuredEffect(e portfolio.Effect) client.MeasuredEffect {
	return client.MeasuredEffect{
		Rollout: string(e.Rollout), Component: string(e.Component), Feature: string(e.Feature), KeyResult: string(e.KeyResult), Event: e.Event,
		Estimate: e.Estimate, Low: e.Low, High: e.High, Level: e.Level, Units: e.Units, Grade: string(e.Grade), Kept: e.Kept, At: e.At,
	}
}

func decision(d portfolio.Decision) client.Decision {
	out := client.Decision{
		ID: string(d.ID), Verdict: string(d.Verdict), Reason: d.Reason, By: d.By, At: d.At, From: string(d.From), To: string(d.To),
		Frozen: d.Evidence, Hash: d.Hash, Intact: d.Intact(),
	}
	// Text that was damaged after it was frozen is shown as it is, and not intact.
	_ = json.Unmarshal([]byte(d.Evidence), &out.Evidence)
	return out
}
