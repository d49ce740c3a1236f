package path

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

//go:embed all:go-service
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

func embedded(dir string) (tree []Entry, err error) {
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
