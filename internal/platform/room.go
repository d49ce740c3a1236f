// Package platform gives teams what they need to build and run software
// without asking anybody: golden paths, and components created from them.
//
// A golden path is a versioned template compiled into the program. Creating a
// component from it is one transaction: the component, its environments, the
// fact, and the intent to make its repository. Everything after that (first
// run, staging, production) follows from facts through the same gates as any
// later change; platform only watches and shows how far it is.
//
// # Owns
//
// platform_path (versions that were told), platform_component,
// platform_environment, platform_step (how far the provisioning is), and the
// templates below path/.
//
// # Tells
//
// path.published, component.created, component.ready.
//
// # Asks
//
// Teams whether a team exists; effect to plan source.create.
//
// # Invariants
//
// A component's name is unique and never changes. A component keeps the
// version of the path that it was created from. Once ready, always ready.
// Templates have no logic: they name fields, nothing else.
package platform

import (
	"context"
	"embed"

	"github.com/digital-factory/factory/internal/base/store"
)

//go:embed migrations
var files embed.FS

// Schema is the module's tables.
func Schema() store.Schema { return store.Schema{Module: "platform", Files: files} }

// Teams knows the teams.
type Teams interface {
	// Exists reports whether there is a team of this name.
	Exists(ctx context.Context, team string) (bool, error)
}

// Addresses are where people reach the factory, without a slash at the end.
type Addresses struct {
	Main    string // UI, API and git, e.g. "http://127.0.0.1:8080"
	Gateway string // what components serve, e.g. "http://127.0.0.1:8081"
}

// The environments of every component, in the order in which a version passes
// them.
const (
	Staging    = "staging"
	Production = "production"
)
