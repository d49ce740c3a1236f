package definition

import (
	"path"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Artifact says what becomes the image: a static program alone, or files that a
// program of the base runs.
type Artifact struct {
	Binary  string   `yaml:"binary"`  // path of a static Linux program in the workspace
	Base    string   `yaml:"base"`    // what the image stands on instead; one of bases
	Files   string   `yaml:"files"`   // with a base: folder in the workspace that becomes /app
	Command []string `yaml:"command"` // with a base: what is started in /app; the base's program first
}

// bases are what images may stand on: programs that the host has.
var bases = []string{"node"}

const mostArguments = 50

func (a Artifact) check(bad *errs.Error, at func(string, ...any) string) {
	if a.Base == "" {
		switch {
		case a.Files != "" || len(a.Command) > 0:
			bad.In(at("$.artifact"), "files and command need a base: %v", bases)
		case !inside(a.Binary):
			bad.In(at("$.artifact"), "binary must be a path inside the workspace, such as out/service; or name a base (%v), files and command", bases)
		}
		return
	}
	switch {
	case !slices.Contains(bases, a.Base):
		bad.In(at("$.artifact.base"), "there is no base %q; the bases are %v", a.Base, bases)
		return
	case a.Binary != "":
		bad.In(at("$.artifact.binary"), "an image has a binary, or stands on a base and has files; not both")
	}
	if !inside(a.Files) && a.Files != "." {
		bad.In(at("$.artifact"), "files must be a folder inside the workspace, such as out/app; it becomes /app")
	}
	switch {
	case len(a.Command) == 0 || a.Command[0] != a.Base:
		bad.In(at("$.artifact"), "command must begin with %s, as in [%s, server.js]", a.Base, a.Base)
	case len(a.Command) > mostArguments || slices.ContainsFunc(a.Command, func(w string) bool { return strings.ContainsRune(w, 0) }):
		bad.In(at("$.artifact.command"), "must have at most %d words, without zero bytes", mostArguments)
	}
}

// inside reports whether a path leads to something in the workspace.
func inside(p string) bool {
	return p != "" && p != "." && !path.IsAbs(p) && path.Clean(p) == p && p != ".." && !strings.HasPrefix(p, "../")
}
