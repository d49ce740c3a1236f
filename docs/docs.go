// Package docs carries the reference pages, so that a problem can link to the
// page that explains it on the factory itself.
package docs

import "embed"

// Reference holds the reference pages as Markdown.
//
//go:embed reference/*.md
var Reference embed.FS
