//go:build !ui

package web

import "io/fs"

// Files returns the built interface: index.html, assets/ and what lies beside
// them. It is nil in a program built without the tag ui.
func Files() fs.FS { return nil }
