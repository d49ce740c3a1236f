// Package platform gives teams what they need to build and run software
// without asking anybody: golden paths, and components created from them.
//
// A golden path is a versioned template (package path): one that comes with the
// program, or one of the platform team's, published from its repository after
// the pipeline that it renders was green. Creating a component from it is one
// transaction: the component, its environments, the fact, and the intent to make
// its repository. Everything after that (first run, staging, production) follows
// from facts through the same gates as any later change; platform only watches
// and shows how far it is. Package upgrade brings newer versions to components.
//
// # Owns
//
// platform_path (versions, with all that is needed to render them),
// platform_path_repository, platform_component, platform_environment and
// platform_step (how far the provisioning is).
//
// # Tells
//
// path.created, path.published, path.refused, path.withdrawn, path.offered,
// component.created, component.ready, component.path-upgraded.
//
// # Asks
//
// Teams whether a team exists; Repositories for the trees of paths; effect to
// plan source.create and path.try.
//
// # Invariants
//
// A component's name is unique and never changes; its version of the path is the
// one that its trunk has. Once ready, always ready. A version that was offered
// never changes. Templates have no logic: they name fields, nothing else.
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
