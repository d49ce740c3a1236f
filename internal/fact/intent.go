package fact

import "github.com/digital-factory/factory/internal/ref"

// VisionSet tells the vision's text. Subject: vision.
type VisionSet struct {
	Vision ref.Vision `json:"vision"`
	Text   string     `json:"text"`
}

// Kind returns "vision.set".
func (VisionSet) Kind() string { return "vision.set" }

// ObjectiveCreated tells of a new objective. Subject: objective.
type ObjectiveCreated struct {
	Objective ref.Objective `json:"objective"`
	Vision    ref.Vision    `json:"vision"`
	Title     string        `json:"title"`
}

// Kind returns "objective.created".
func (ObjectiveCreated) Kind() string { return "objective.created" }

// ObjectiveChanged tells which fields changed, and what its followers show of
// it afterwards. Facts from before that was told have no Title; that goes for
// all kinds that tell a change. Subject: objective.
type ObjectiveChanged struct {
	Objective ref.Objective `json:"objective"`
	Fields    []string      `json:"fields"`
	Title     string        `json:"title,omitempty"`
}

// Kind returns "objective.changed".
func (ObjectiveChanged) Kind() string { return "objective.changed" }

// KeyResultCreated tells how an objective is measured. Subject: key-result.
type KeyResultCreated struct {
	KeyResult ref.KeyResult `json:"keyResult"`
	Objective ref.Objective `json:"objective"`
	Title     string        `json:"title"`
	Query     string        `json:"query"`
	Unit      string        `json:"unit"`
	Baseline  float64       `json:"baseline"`
	Target    float64       `json:"target"`
}

// Kind returns "key-result.created".
func (KeyResultCreated) Kind() string { return "key-result.created" }

// KeyResultChanged tells which fields changed, and how it is measured
// afterwards. Subject: key-result.
type KeyResultChanged struct {
	KeyResult ref.KeyResult `json:"keyResult"`
	Fields    []string      `json:"fields"`
	Title     string        `json:"title,omitempty"`
	Unit      string        `json:"unit,omitempty"`
	Baseline  float64       `json:"baseline"`
	Target    float64       `json:"target"`
}

// Kind returns "key-result.changed".
func (KeyResultChanged) Kind() string { return "key-result.changed" }

// KeyResultMeasured tells a new value; appended only when it moved visibly
// (by a hundredth of the way from baseline to target). Subject: key-result.
type KeyResultMeasured struct {
	KeyResult ref.KeyResult `json:"keyResult"`
	Value     float64       `json:"value"`
	Score     float64       `json:"score"` // 0..1 of the way from baseline to target
}

// Kind returns "key-result.measured".
func (KeyResultMeasured) Kind() string { return "key-result.measured" }

// InitiativeCreated tells of a new initiative. Subject: initiative.
type InitiativeCreated struct {
	Initiative ref.Initiative `json:"initiative"`
	Objective  ref.Objective  `json:"objective"`
	KeyResult  ref.KeyResult  `json:"keyResult,omitempty"`
	Title      string         `json:"title"`
}

// Kind returns "initiative.created".
func (InitiativeCreated) Kind() string { return "initiative.created" }

// InitiativeChanged tells which fields changed, and what it shall move
// afterwards. Subject: initiative.
type InitiativeChanged struct {
	Initiative ref.Initiative `json:"initiative"`
	Fields     []string       `json:"fields"`
	Title      string         `json:"title,omitempty"`
	KeyResult  ref.KeyResult  `json:"keyResult,omitempty"`
}

// Kind returns "initiative.changed".
func (InitiativeChanged) Kind() string { return "initiative.changed" }

// InitiativeMoved tells a step on the portfolio board. Subject: initiative.
type InitiativeMoved struct {
	Initiative ref.Initiative `json:"initiative"`
	From       string         `json:"from"`
	To         string         `json:"to"`
}

// Kind returns "initiative.moved".
func (InitiativeMoved) Kind() string { return "initiative.moved" }

// InitiativeDecided tells a decision and the hash of the evidence frozen with
// it. Subject: initiative.
type InitiativeDecided struct {
	Initiative ref.Initiative `json:"initiative"`
	Decision   ref.Decision   `json:"decision"`
	Verdict    string         `json:"verdict"` // go, no-go, persevere, pivot, stop
	Reason     string         `json:"reason"`
	Evidence   string         `json:"evidence"` // SHA-256 of the frozen evidence
}

// Kind returns "initiative.decided".
func (InitiativeDecided) Kind() string { return "initiative.decided" }

// ProductCreated tells of a new product. Subject: product.
type ProductCreated struct {
	Product ref.Product `json:"product"`
	Name    string      `json:"name"`
}

// Kind returns "product.created".
func (ProductCreated) Kind() string { return "product.created" }

// ProductChanged tells which fields changed. Subject: product.
type ProductChanged struct {
	Product ref.Product `json:"product"`
	Fields  []string    `json:"fields"`
	Name    string      `json:"name,omitempty"`
}

// Kind returns "product.changed".
func (ProductChanged) Kind() string { return "product.changed" }

// FeatureCreated tells of a new feature. Subject: feature.
type FeatureCreated struct {
	Feature    ref.Feature    `json:"feature"`
	Product    ref.Product    `json:"product"`
	Initiative ref.Initiative `json:"initiative"`
	KeyResult  ref.KeyResult  `json:"keyResult"`
	Title      string         `json:"title"`
}

// Kind returns "feature.created".
func (FeatureCreated) Kind() string { return "feature.created" }

// FeatureChanged tells which fields changed, and what it shall move afterwards.
// Subject: feature.
type FeatureChanged struct {
	Feature   ref.Feature   `json:"feature"`
	Fields    []string      `json:"fields"`
	Title     string        `json:"title,omitempty"`
	KeyResult ref.KeyResult `json:"keyResult,omitempty"`
}

// Kind returns "feature.changed".
func (FeatureChanged) Kind() string { return "feature.changed" }

// FeatureMoved tells a feature's new state and what moved it. Subject: feature.
type FeatureMoved struct {
	Feature ref.Feature `json:"feature"`
	From    string      `json:"from"`
	To      string      `json:"to"` // planned, building, released
	Because string      `json:"because"`
}

// Kind returns "feature.moved".
func (FeatureMoved) Kind() string { return "feature.moved" }

// ItemCreated tells of new work on a team's board. Subject: item.
type ItemCreated struct {
	Item    ref.Item    `json:"item"`
	Team    ref.Team    `json:"team"`
	Feature ref.Feature `json:"feature,omitempty"`
	Type    string      `json:"type"` // feature, defect, risk, debt
	Title   string      `json:"title"`
}

// Kind returns "item.created".
func (ItemCreated) Kind() string { return "item.created" }

// ItemChanged tells which fields changed, and what it belongs to afterwards.
// Subject: item.
type ItemChanged struct {
	Item    ref.Item    `json:"item"`
	Team    ref.Team    `json:"team"`
	Fields  []string    `json:"fields"`
	Title   string      `json:"title,omitempty"`
	Feature ref.Feature `json:"feature,omitempty"`
}

// Kind returns "item.changed".
func (ItemChanged) Kind() string { return "item.changed" }

// ItemMoved tells an item's new state and what moved it. Subject: item.
type ItemMoved struct {
	Item    ref.Item    `json:"item"`
	Team    ref.Team    `json:"team"`
	Feature ref.Feature `json:"feature,omitempty"`
	From    string      `json:"from"`
	To      string      `json:"to"` // ready, building, verifying, releasing, done
	Because string      `json:"because"`
}

// Kind returns "item.moved".
func (ItemMoved) Kind() string { return "item.moved" }

// ItemBlocked tells that an item is blocked, or with an empty reason no
// longer. Subject: item.
type ItemBlocked struct {
	Item   ref.Item `json:"item"`
	Team   ref.Team `json:"team"`
	Reason string   `json:"reason"`
}

// Kind returns "item.blocked".
func (ItemBlocked) Kind() string { return "item.blocked" }

// BoardChanged tells a team's new limits of work in progress. Subject: team.
type BoardChanged struct {
	Team   ref.Team       `json:"team"`
	Limits map[string]int `json:"limits"` // state to limit
}

// Kind returns "board.changed".
func (BoardChanged) Kind() string { return "board.changed" }
