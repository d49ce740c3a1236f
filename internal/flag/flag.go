// Package flag keeps feature flags: a feature that is deployed is switched on
// and off for customers without a deployment. Services ask over OFREP, the
// protocol of OpenFeature, with an SDK that knows nothing of us; killing a
// feature is one call that the next question already feels.
//
// # Owns
//
// flag_flag, flag_setting; flag_revision, which says that memory is old.
//
// # Tells
//
// flag.created, flag.changed, flag.switched, flag.archived.
//
// # Asks
//
// Components, who owns a component; Features, whether a feature exists.
//
// # Invariants
//
// A flag is evaluated from memory: the database may be slow or gone. A change
// is in this process's memory before its answer is given, and in another's a
// moment later. A unit that is in a cohort stays in while its percentage grows;
// being in the cohort of one flag says nothing about another's. A key belongs
// to one flag of its component for ever.
package flag

import (
	"context"
	"embed"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

//go:embed migrations
var files embed.FS

// Schema is the module's tables.
func Schema() store.Schema { return store.Schema{Module: "flag", Files: files} }

// Components knows who owns a component; one that does not exist is an
// errs.NotFound.
type Components interface {
	Owner(ctx context.Context, component ref.Component) (ref.Team, error)
}

// Features knows the features.
type Features interface {
	HasFeature(ctx context.Context, tx *store.Tx, feature ref.Feature) (bool, error)
}

// State says for whom a flag is on in an environment.
type State string

// The states.
const (
	Off    State = "off"    // for nobody
	On     State = "on"     // for everybody
	Cohort State = "cohort" // for some: see Setting
)

// The environments of every component, in the order in which a change passes
// them.
const (
	Staging    ref.Environment = "staging"
	Production ref.Environment = "production"
)

// Environments lists them.
func Environments() []ref.Environment { return []ref.Environment{Staging, Production} }

// Flag is a feature flag of a component.
type Flag struct {
	ID        ref.Flag
	Component ref.Component
	Key       string // what the code asks for
	Team      ref.Team
	Fields
	Settings       []Setting // one for each of Environments
	Created        time.Time
	Archived       time.Time // zero: it is evaluated
	ArchivedReason string
	Version        int64
}

// Fields is what a person says about a flag.
type Fields struct {
	Title       string
	Description string
	Feature     ref.Feature // that it guards; may be empty
}

// Setting says for whom a flag is on in one environment.
type Setting struct {
	Environment ref.Environment
	State       State
	Share       int64     // of a cohort: hundredths of a percent of all units, 0..Whole
	Units       []string  // of a cohort: targeting keys that are in it whatever their hash, sorted
	Changed     time.Time // zero: never switched
	ChangedBy   string    // name of who did
	Reason      string
}

// Whole is the share that is all units.
const Whole = 100_00

// In returns the setting of an environment.
func (f Flag) In(e ref.Environment) Setting {
	for _, s := range f.Settings {
		if s.Environment == e {
			return s
		}
	}
	return Setting{Environment: e, State: Off}
}

// with returns the flag with one setting replaced.
func (f Flag) with(s Setting) Flag {
	settings := make([]Setting, len(f.Settings))
	for i, have := range f.Settings {
		if settings[i] = have; have.Environment == s.Environment {
			settings[i] = s
		}
	}
	f.Settings = settings
	return f
}
