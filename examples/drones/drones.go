// Package drones is the sample company: its organisation as YAML and the
// changes that its teams make to their components. The demo plays
// them; nothing else in the factory knows them.
package drones

import "embed"

// Organisation holds the company's organisation, as `factory apply` reads it.
//
//go:embed organisation
var Organisation embed.FS

// Changes holds, by component and folder, the files of each change. They end in
// .txt so that the Go tool leaves them alone.
//
//go:embed all:changes
var Changes embed.FS
