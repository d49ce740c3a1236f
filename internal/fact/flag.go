package fact

import "github.com/digital-factory/factory/internal/ref"

// FlagCreated tells of a new feature flag, which is off everywhere. Subject:
// flag.
type FlagCreated struct {
	Flag      ref.Flag      `json:"flag"`
	Key       string        `json:"key"`
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
	Title     string        `json:"title"`
	Feature   ref.Feature   `json:"feature,omitempty"` // that it guards
}

// Kind returns "flag.created".
func (FlagCreated) Kind() string { return "flag.created" }

// FlagChanged tells which fields of a flag changed, and what it says now; where
// it is on has not changed. Subject: flag.
type FlagChanged struct {
	Flag      ref.Flag      `json:"flag"`
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
	Title     string        `json:"title"`
	Feature   ref.Feature   `json:"feature,omitempty"`
	Fields    []string      `json:"fields"`
}

// Kind returns "flag.changed".
func (FlagChanged) Kind() string { return "flag.changed" }

// FlagSwitched tells for whom a flag is on in an environment from now on.
// Subject: flag.
type FlagSwitched struct {
	Flag        ref.Flag        `json:"flag"`
	Key         string          `json:"key"`
	Component   ref.Component   `json:"component"`
	Team        ref.Team        `json:"team"`
	Feature     ref.Feature     `json:"feature,omitempty"`
	Environment ref.Environment `json:"environment"`
	From        string          `json:"from"`            // off, on, cohort
	To          string          `json:"to"`              // off, on, cohort
	Percent     float64         `json:"percent"`         // of units in the cohort, 0..100; 0 unless To is cohort
	Units       []string        `json:"units,omitempty"` // in the cohort whatever their hash
	Killed      bool            `json:"killed"`          // a person killed the feature
	Reason      string          `json:"reason,omitempty"`
}

// Kind returns "flag.switched".
func (FlagSwitched) Kind() string { return "flag.switched" }

// FlagArchived tells that a flag is not evaluated any more. Subject: flag.
type FlagArchived struct {
	Flag      ref.Flag      `json:"flag"`
	Key       string        `json:"key"`
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
	Feature   ref.Feature   `json:"feature,omitempty"`
	Reason    string        `json:"reason"`
}

// Kind returns "flag.archived".
func (FlagArchived) Kind() string { return "flag.archived" }
