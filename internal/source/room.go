// Package source hosts the components' repositories: bare git repositories on
// the disk, served over smart HTTP by the system's git, with the factory
// judging every push before a ref moves.
//
// A push goes: the handler authorizes it and starts git receive-pack; its
// pre-receive hook is the factory's own program, which asks back over a unix
// socket; the rules decide on the objects in quarantine; what they accept is
// noted in source_push with the pusher's name; git moves the refs; the handler
// compares the refs with source_ref and tells what moved. Whatever a crash
// left untold is found by the same comparison at the next start and told then.
// What the factory moves itself (a commit from the browser, a merge) goes the
// same way but for git's protocol: Commit and Land. Changes and their merge
// queue are in package change, git in package git, diffs in package diff.
//
// # Owns
//
// source_repository, source_ref (the refs as last told), source_push (pushes
// accepted and not yet told) and the directory of repositories.
//
// # Tells
//
// repository.created, commits.pushed, push.rejected; of a golden path's
// repository path.pushed.
//
// # Asks
//
// Items whether the items named by trailers exist, Settings whether
// what the platform reads from a repository is right.
//
// # Invariants
//
// The trunk never loses a commit: no force, no deletion. A tag never moves. A
// fact is told only for a ref that really moved, once, under the name of who
// pushed it. Nothing of a rejected push stays in the repository. No git
// process sees the factory's environment, a user's configuration or a hook
// that is not ours.
package source

import (
	"context"
	"embed"
	"regexp"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/source/git"
)

//go:embed migrations
var files embed.FS

// Schema is the module's tables.
func Schema() store.Schema { return store.Schema{Module: "source", Files: files} }

// Trunk is the protected branch of every repository.
const Trunk = git.Trunk

// Queue is what the names of the branches begin with on which the merge queue
// tries changes out.
const Queue = "queue/"

// Trials is what the names of the branches of a golden path's repository begin
// with on which the platform tries versions.
const Trials = "path/"

var componentName = regexp.MustCompile(`^[a-z][a-z0-9-]{1,38}[a-z0-9]$`)

// What the platform reads from a repository: the pipeline file, and how the
// component is run, which may be missing.
const (
	Pipeline = ".factory/pipeline.yaml"
	Manifest = ".factory/component.yaml"
)

// Items knows the work that commits name.
type Items interface {
	// Known returns those of the ids, such as "ENG-1", that name no item.
	Known(ctx context.Context, ids []string) (unknown []string, err error)
}

// Settings knows the formats of Pipeline and Manifest.
type Settings interface {
	// Check returns nil for a right file, else an errs.Invalid for its author
	// that names the line.
	Check(path string, data []byte) error
	// Rules reads from a Manifest how the trunk may be changed.
	Rules(manifest []byte) (Rules, error)
}
