package api

import (
	"context"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/product"
	"github.com/digital-factory/factory/internal/ref"
)

func (a *API) products() {
	register(a, access.Read, op("GET /products", "product", "List products"),
		func(ctx context.Context, who access.Actor, in *struct{ Paging }) (*body[client.Page[client.Product]], error) {
			list, next, err := a.Product.List(ctx, who, in.ask())
			return answer(client.Page[client.Product]{Items: mapped(list, productOf), Next: next}, err)
		})
	register(a, access.ShapeProduct, op("POST /products", "product", "Add a product"),
		func(ctx context.Context, who access.Actor, in *send[client.CreateProduct]) (*body[client.Product], error) {
			p, err := a.Product.Create(ctx, who, ref.Product(in.Body.ID), product.Fields(in.Body.ProductFields))
			return answer(productOf(p), err)
		})
	register(a, access.Read, op("GET /products/{id}", "product", "Show a product with its features"),
		func(ctx context.Context, who access.Actor, in *id) (*body[client.ProductDetail], error) {
			p, err := a.Product.Get(ctx, who, ref.Product(in.ID))
			if err != nil {
				return nil, err
			}
			work, _, err := a.Product.Features(ctx, who, product.Filter{Product: p.ID}, page.Ask{Limit: page.Most})
			return answer(client.ProductDetail{Product: productOf(p), Work: mapped(work, feature)}, err)
		})
	register(a, access.ShapeProduct, op("PUT /products/{id}", "product", "Change a product"),
		func(ctx context.Context, who access.Actor, in *with[client.ChangeProduct]) (*body[client.Product], error) {
			p, err := a.Product.Change(ctx, who, ref.Product(in.ID), in.Body.Version, product.Fields(in.Body.ProductFields))
			return answer(productOf(p), current(err, productOf))
		})
	register(a, access.Read, op("GET /features", "product", "List features by product and order"),
		func(ctx context.Context, who access.Actor, in *struct {
			Paging
			Product    string `query:"product" doc:"Only this product's"`
			Initiative string `query:"initiative" doc:"Only this initiative's"`
			KeyResult  string `query:"keyResult" doc:"Only those that should move this key result"`
			State      string `query:"state" enum:"planned,building,released" doc:"Only those in this state"`
		}) (*body[client.Page[client.Feature]], error) {
			f := product.Filter{Product: ref.Product(in.Product), Initiative: ref.Initiative(in.Initiative), KeyResult: ref.KeyResult(in.KeyResult), State: product.State(in.State)}
			list, next, err := a.Product.Features(ctx, who, f, in.ask())
			return answer(client.Page[client.Feature]{Items: mapped(list, feature), Next: next}, err)
		})
	register(a, access.ShapeProduct, op("POST /features", "product", "Add a feature at the end of a product's order"),
		func(ctx context.Context, who access.Actor, in *send[client.CreateFeature]) (*body[client.Feature], error) {
			f, err := a.Product.CreateFeature(ctx, who, ref.Product(in.Body.Product), ref.Initiative(in.Body.Initiative), featureFields(in.Body.FeatureFields))
			return answer(feature(f), err)
		})
	register(a, access.Read, op("GET /features/{id}", "product", "Show a feature"),
		func(ctx context.Context, who access.Actor, in *id) (*body[client.Feature], error) {
			f, err := a.Product.Feature(ctx, who, ref.Feature(in.ID))
			return answer(feature(f), err)
		})
	register(a, access.ShapeProduct, op("PUT /features/{id}", "product", "Change a feature, or move it in the order"),
		func(ctx context.Context, who access.Actor, in *with[client.ChangeFeature]) (*body[client.Feature], error) {
			b := in.Body
			f, err := a.Product.ChangeFeature(ctx, who, ref.Feature(in.ID), b.Version, featureFields(b.FeatureFields),
				product.Spot{Before: ref.Feature(b.Before), After: ref.Feature(b.After)})
			return answer(feature(f), current(err, feature))
		})
}

func productOf(p product.Product) client.Product {
	return client.Product{
		ID: string(p.ID), Name: p.Name, Description: p.Description, Owner: p.Owner,
		Features: client.FeatureCounts(p.Features), Version: p.Version, Created: p.Created,
	}
}

func feature(f product.Feature) client.Feature {
	return client.Feature{
		ID: string(f.ID), Product: string(f.Product), Initiative: string(f.Initiative),
		FeatureFields: client.FeatureFields{Title: f.Title, Hypothesis: f.Hypothesis, KeyResult: string(f.KeyResult), Predicted: f.Predicted},
		Rank:          f.Rank, State: string(f.State), Since: f.Since, Because: f.Because, Items: client.ItemCounts(f.Items),
		Effects: mapped(f.Effects, func(e product.Effect) client.MeasuredEffect {
			return client.MeasuredEffect{
				Rollout: string(e.Rollout), Component: string(e.Component), Feature: string(f.ID), KeyResult: string(e.KeyResult), Event: e.Event,
				Estimate: e.Estimate, Low: e.Low, High: e.High, Level: e.Level, Units: e.Units, Grade: e.Grade, Kept: e.Kept, At: e.At,
			}
		}),
		Version: f.Version, Created: f.Created, By: f.By,
	}
}

func featureFields(f client.FeatureFields) product.FeatureFields {
	return product.FeatureFields{Title: f.Title, Hypothesis: f.Hypothesis, KeyResult: ref.KeyResult(f.KeyResult), Predicted: f.Predicted}
}
