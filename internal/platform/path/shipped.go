package path

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/base/document"
)

//go:embed all:go-service all:node-service all:static-site all:worker
var shipped embed.FS

// Shipped returns the paths that come with the program, by name. An error is a
// defect of the program.
func Shipped() (map[string]*Path, error) {
	names, err := fs.Glob(shipped, "*/"+File)
	if err != nil {
		return nil, err
	}
	all := map[string]*Path{}
	for _, name := range names {
		dir := path.Dir(name)
		tree, err := embedded(dir)
		if err != nil {
			return nil, err
		}
		p, err := Parse(tree)
		if err != nil {
			return nil, fmt.Errorf("golden path %s: %w", dir, err)
		}
		if p.Name != dir {
			return nil, fmt.Errorf("golden path %s is called %s", dir, p.Name)
		}
		all[dir] = p
	}
	return all, nil
}

// taken names the files that a path has from others, as they are there, by the
// other's name: what several paths share is written once.
const taken = "taken.yaml"

// embedded reads the tree of a path that comes with the program.
func embedded(dir string) ([]Entry, error) {
	tree, err := own(dir)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(tree, func(e Entry) bool { return e.Path == taken })
	if i < 0 {
		return tree, nil
	}
	var from map[string][]string
	if err := document.Decode(tree[i].Text, &from); err != nil {
		return nil, fmt.Errorf("%s/%s: %w", dir, taken, err)
	}
	tree = slices.Delete(tree, i, i+1)
	for other, files := range from {
		theirs, err := own(other)
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			named := func(e Entry) bool { return e.Path == Folder+"/"+name }
			at := slices.IndexFunc(theirs, named)
			if at < 0 || slices.ContainsFunc(tree, named) {
				return nil, fmt.Errorf("%s takes %s from %s, which must have it, and then cannot have it itself", dir, name, other)
			}
			tree = append(tree, theirs[at])
		}
	}
	return tree, nil
}

// own reads the files that lie in a path's own folder.
func own(dir string) (tree []Entry, err error) {
	err = fs.WalkDir(shipped, dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := shipped.ReadFile(name)
		if err != nil {
			return err
		}
		inside := strings.TrimPrefix(name, dir+"/")
		if strings.HasPrefix(inside, Folder+"/") {
			// The suffix keeps our own build from taking them for code of ours.
			ok := false
			if inside, ok = strings.CutSuffix(inside, ".tmpl"); !ok {
				return fmt.Errorf("%s does not end in .tmpl", name)
			}
		}
		tree = append(tree, Entry{Path: inside, Mode: Plain, Text: text})
		return nil
	})
	return tree, err
}

var (
	nameLine    = regexp.MustCompile(`(?m)^name:.*$`)
	versionLine = regexp.MustCompile(`(?m)^version:.*$`)
)

// Tree returns the files of a new path that begins as this one does.
func (p *Path) Tree(name string) map[string]string {
	manifest := versionLine.ReplaceAllString(nameLine.ReplaceAllString(p.Manifest, "name: "+name), "version: 1.0.0")
	files := map[string]string{File: manifest}
	for file, text := range p.Templates {
		files[Folder+"/"+file] = text
	}
	return files
}
