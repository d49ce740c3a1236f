//go:build ui

package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files returns the built interface: index.html, assets/ and what lies beside
// them. It is nil in a program built without the tag ui.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil // cannot be: the name above is valid
	}
	return files
}
