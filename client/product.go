package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Product is what customers use: a named set of features that belongs to one
// product manager.
type Product struct {
	ID          string        `json:"id" example:"heavy-lift" doc:"Slug, for ever"`
	Name        string        `json:"name" example:"Heavy lift"`
	Description string        `json:"description"`
	Owner       string        `json:"owner" example:"Ada Brandt" doc:"Product manager"`
	Features    FeatureCounts `json:"features"`
	Version     int64         `json:"version"`
	Created     time.Time     `json:"created"`
}

// CreateProduct adds a product.
type CreateProduct struct {
	ID string `json:"id" pattern:"^[a-z][a-z0-9-]{0,38}[a-z0-9]$" patternDescription:"lower-case letters, digits and dashes, a letter first" example:"heavy-lift" doc:"Slug: lower-case letters, digits and dashes"`
	ProductFields
}

// ChangeProduct replaces a product's fields.
type ChangeProduct struct {
	Version int64 `json:"version" doc:"The version you saw"`
	ProductFields
}

// ProductFields is what a person says about a product.
type ProductFields struct {
	Name        string `json:"name" minLength:"1" maxLength:"200" example:"Heavy lift"`
	Description string `json:"description,omitempty" maxLength:"5000"`
	Owner       string `json:"owner,omitempty" maxLength:"200" example:"Ada Brandt"`
}

// ProductDetail is a product with its features.
type ProductDetail struct {
	Product
	Work []Feature `json:"work" nullable:"false" doc:"Its features, in order"`
}

// Feature is a part of a product that should move a key result.
type Feature struct {
	ID         string `json:"id"`
	Product    string `json:"product" example:"heavy-lift"`
	Initiative string `json:"initiative"`
	FeatureFields
	Rank    int64            `json:"rank" doc:"Place in the product's order, 1 is first"`
	State   string           `json:"state" enum:"planned,building,released"`
	Since   time.Time        `json:"since" doc:"In this state since"`
	Because string           `json:"because" doc:"The fact that moved it; empty while planned"`
	Items   ItemCounts       `json:"items"`
	Effects []MeasuredEffect `json:"effects" nullable:"false" doc:"What its rollouts measured, newest first"`
	Version int64            `json:"version"`
	Created time.Time        `json:"created"`
	By      string           `json:"by"`
}

// ItemCounts counts the items of a feature.
type ItemCounts struct {
	Ready  int `json:"ready"`
	InWork int `json:"inWork" doc:"Building, verifying or releasing"`
	Done   int `json:"done"`
}

// FeatureFields is what a person says about a feature.
type FeatureFields struct {
	Title      string   `json:"title" minLength:"1" maxLength:"200" example:"New engine"`
	Hypothesis string   `json:"hypothesis,omitempty" maxLength:"2000" example:"More torque lets heavy missions finish" doc:"Benefit hypothesis"`
	KeyResult  string   `json:"keyResult,omitempty" doc:"Identifier of the key result it should move; when created without one, the initiative's"`
	Predicted  *float64 `json:"predicted,omitempty" example:"20" doc:"Change of the key result, in its unit"`
}

// CreateFeature adds a feature at the end of the product's order.
type CreateFeature struct {
	Product    string `json:"product" minLength:"1" example:"heavy-lift"`
	Initiative string `json:"initiative" minLength:"1" doc:"Identifier of the initiative it belongs to, for ever"`
	FeatureFields
}

// ChangeFeature replaces a feature's fields and may move it in the order.
type ChangeFeature struct {
	Version int64 `json:"version" doc:"The version you saw"`
	FeatureFields
	Before string `json:"before,omitempty" doc:"Move in front of this feature of the same product"`
	After  string `json:"after,omitempty" doc:"Move behind this feature of the same product"`
}

// FeatureFilter narrows a list of features; empty fields do not.
type FeatureFilter struct{ Product, Initiative, KeyResult, State string }

// narrow adds a filter that is not empty.
func narrow(q url.Values, name, value string) {
	if value != "" {
		q.Set(name, value)
	}
}

// Products lists products by slug.
func (c *Client) Products(ctx context.Context, p Paging) (Page[Product], error) {
	return call[Page[Product]](ctx, c, http.MethodGet, path("products"), p.query(), nil)
}

// Product returns a product with its features.
func (c *Client) Product(ctx context.Context, id string) (ProductDetail, error) {
	return call[ProductDetail](ctx, c, http.MethodGet, path("products", id), nil, nil)
}

// CreateProduct adds a product.
func (c *Client) CreateProduct(ctx context.Context, in CreateProduct) (Product, error) {
	return call[Product](ctx, c, http.MethodPost, path("products"), nil, in)
}

// ChangeProduct changes a product.
func (c *Client) ChangeProduct(ctx context.Context, id string, in ChangeProduct) (Product, error) {
	return call[Product](ctx, c, http.MethodPut, path("products", id), nil, in)
}

// Features lists features by product and order.
func (c *Client) Features(ctx context.Context, f FeatureFilter, p Paging) (Page[Feature], error) {
	q := p.query()
	narrow(q, "product", f.Product)
	narrow(q, "initiative", f.Initiative)
	narrow(q, "keyResult", f.KeyResult)
	narrow(q, "state", f.State)
	return call[Page[Feature]](ctx, c, http.MethodGet, path("features"), q, nil)
}

// Feature returns a feature.
func (c *Client) Feature(ctx context.Context, id string) (Feature, error) {
	return call[Feature](ctx, c, http.MethodGet, path("features", id), nil, nil)
}

// CreateFeature adds a feature.
func (c *Client) CreateFeature(ctx context.Context, in CreateFeature) (Feature, error) {
	return call[Feature](ctx, c, http.MethodPost, path("features"), nil, in)
}

// ChangeFeature changes a feature or moves it in the order.
func (c *Client) ChangeFeature(ctx context.Context, id string, in ChangeFeature) (Feature, error) {
	return call[Feature](ctx, c, http.MethodPut, path("features", id), nil, in)
}
