// Package insight is what the facts add up to: the five metrics of software
// delivery performance, and the value stream as one picture with what is where
// and what does not go on.
//
// # Owns
//
// All tables insight_*: projections, rebuilt by reading the facts again.
//
// # Tells
//
// Nothing.
//
// # Asks
//
// Nothing.
//
// # Invariants
//
// A figure comes with its definition, the number of observations, an interval
// and the events behind it; with too few observations there is no figure. No
// figure is about a person. The same facts give the same figures, whatever the
// order in which independent ones arrived.
package insight

import (
	"embed"

	"github.com/digital-factory/factory/internal/base/store"
)

//go:embed migrations
var files embed.FS

// Schema is the module's tables.
func Schema() store.Schema { return store.Schema{Module: "insight", Files: files} }
