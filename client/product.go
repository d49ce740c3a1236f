package client

import "time"

// Product is what customers use: a named set of features that belongs to one
// product manager.
type Product struct {
	ID          string        `json:"id" example:"heavy-lift" doc:"slug, for ever"`
	Name        string        `json:"name" example:"Heavy lift"`
	Description string        `json:"description"`
	Owner       string        `json:"owner" example:"Ada Brandt" doc:"product manager"`
	Features    FeatureCounts `json:"features"`
	Version     int64         `json:"version"`
	Created     time.Time     `json:"created"`
}

// CreateProduct adds a product.
type CreateProduct struct {
	ID string `json:"id" pattern:"^[a-z][a-z0-9-]{0,38}[a-z0-9]$" example:"heavy-lift" doc:"slug: lower-case letters, digits and dashes"`
	ProductFields
}

// ChangeProduct replaces a product's fields.
type ChangeProduct struct {
	Version int64 `json:"version" doc:"the version you saw"`
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
	Work []Feature `json:"work" doc:"its features, in order"`
}

// Feature is a part of a product that should move a key result.
type Feature struct {
	ID         string `json:"id"`
	Product    string `json:"product" example:"heavy-lift"`
	Initiative string `json:"initiative"`
	FeatureFields
	Rank    int64            `json:"rank" doc:"place in the product's order, 1 is first"`
	State   string           `json:"state" enum:"planned,building,released"`
	Since   time.Time        `json:"since" doc:"in this state since"`
	Because string           `json:"because" doc:"the fact that moved it; empty while planned"`
	Items   ItemCounts       `json:"items"`
	Effects []MeasuredEffect `json:"effects" doc:"what its rollouts measured, newest first"`
	Version int64            `json:"version"`
	Created time.Time        `json:"created"`
	By      string           `json:"by"`
}

// ItemCounts counts the items of a feature.
type ItemCounts struct {
	Ready  int `json:"ready"`
	InWork int `json:"inWork" doc:"building, verifying or releasing"`
	Done   int `json:"done"`
}

// FeatureFields is what a person says about a feature.
type FeatureFields struct {
	Title      string   `json:"title" minLength:"1" maxLength:"200" example:"New engine"`
	Hypothesis string   `json:"hypothesis,omitempty" maxLength:"2000" example:"More torque lets heavy missions finish" doc:"benefit hypothesis"`
	KeyResult  string   `json:"keyResult,omitempty" doc:"identifier of the key result it should move; when created without one, the initiative's"`
	Predicted  *float64 `json:"predicted,omitempty" example:"20" doc:"change of the key result, in its unit"`
}

// CreateFeature adds a feature at the end of the product's order.
type CreateFeature struct {
	Product    string `json:"product" minLength:"1" example:"heavy-lift"`
	Initiative string `json:"initiative" minLength:"1" doc:"identifier of the initiative it belongs to, for ever"`
	FeatureFields
}

// ChangeFeature replaces a feature's fields and may move it in the order.
type ChangeFeature struct {
	Version int64 `json:"version" doc:"the version you saw"`
	FeatureFields
	Before string `json:"before,omitempty" doc:"move in front of this feature of the same product"`
	After  string `json:"after,omitempty" doc:"move behind this feature of the same product"`
}
