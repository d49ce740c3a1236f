// Package docs carries the documentation, so that the factory shows the pages
// that belong to it, also where there is no network.
package docs

import "embed"

// Files holds the pages as Markdown, by their path below docs/, and their
// pictures. README.md is the table of contents.
//
//go:embed *.md *.svg tutorial how-to reference adr pages
var Files embed.FS
