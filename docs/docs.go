// Package docs carries the documentation, so that the factory shows the pages
// that belong to it, also where there is no network.
package docs

import "embed"

// Files holds the pages as Markdown, by their path below docs/, and their
// pictures. README.md is the table of contents.
//
//go:embed *.md *.svg *.png tutorial how-to reference adr
var Files embed.FS
