package platform

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/digital-factory/factory/internal/base/errs"
)

//go:embed all:path
var templates embed.FS

// Path is a golden path.
type Path struct {
	Name        string   `json:"name"`
	Version     string   `json:"version"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Provides    []Part   `json:"provides"`
	Inputs      []Input  `json:"inputs"`
	Message     string   `json:"message"` // template of the first commit's message
	Files       []string `json:"-"`       // names of the first commit's files, sorted

	templates map[string]string // file name to template
}

// Part is one thing that a component of a path gets.
type Part struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Input is one thing that a path asks for. Type is slug, team or text.
type Input struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Text     string `json:"text"`
	Required bool   `json:"required"`
	Pattern  string `json:"pattern"`
}

// Inputs are the values that a path's templates may name.
type Inputs struct {
	Name        string
	Team        string
	Module      string // of Go code
	Description string
}

// loadPaths reads the golden paths that are compiled in, by name.
func loadPaths() (map[string]*Path, error) {
	manifests, err := fs.Glob(templates, "path/*/path.json")
	if err != nil {
		return nil, err
	}
	paths := map[string]*Path{}
	for _, name := range manifests {
		p, err := loadPath(name)
		if err != nil {
			return nil, fmt.Errorf("golden path %s: %w", name, err)
		}
		paths[p.Name] = p
	}
	return paths, nil
}

func loadPath(manifest string) (*Path, error) {
	data, err := fs.ReadFile(templates, manifest)
	if err != nil {
		return nil, err
	}
	p := &Path{templates: map[string]string{}}
	in := json.NewDecoder(bytes.NewReader(data))
	in.DisallowUnknownFields()
	if err := in.Decode(p); err != nil {
		return nil, err
	}
	if p.Name != path.Base(path.Dir(manifest)) {
		return nil, fmt.Errorf("it is called %q and does not stand in a folder of that name", p.Name)
	}
	root := path.Join(path.Dir(manifest), "files")
	err = fs.WalkDir(templates, root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		// The suffix keeps our own build from taking them for code of ours.
		file, ok := strings.CutSuffix(strings.TrimPrefix(name, root+"/"), ".tmpl")
		if !ok {
			return fmt.Errorf("%s does not end in .tmpl", name)
		}
		text, err := fs.ReadFile(templates, name)
		if err != nil {
			return err
		}
		p.templates[file] = string(text)
		p.Files = append(p.Files, file)
		return nil
	})
	slices.Sort(p.Files)
	return p, err
}

// render returns the files of the first commit and its message.
func (p *Path) render(in Inputs) (files map[string]string, message string, err error) {
	files = make(map[string]string, len(p.templates))
	for name, text := range p.templates {
		if files[name], err = fill(text, in); err != nil {
			return nil, "", fmt.Errorf("template %s of path %s: %w", name, p.Name, err)
		}
	}
	message, err = fill(p.Message, in)
	return files, message, err
}

// fill replaces {{.Field}} by the input of that name. Nothing else of the
// template language is accepted, so a template can compute nothing.
func fill(text string, in Inputs) (string, error) {
	t, err := template.New("").Parse(text)
	if err != nil {
		return "", err
	}
	if t.Tree == nil || t.Root == nil {
		return "", nil
	}
	for _, node := range t.Root.Nodes {
		if !plain(node) {
			return "", fmt.Errorf("%s: a template may only name fields", node)
		}
	}
	var out strings.Builder
	err = t.Execute(&out, in)
	return out.String(), err
}

func plain(node parse.Node) bool {
	switch n := node.(type) {
	case *parse.TextNode:
		return true
	case *parse.ActionNode:
		if len(n.Pipe.Decl) > 0 || len(n.Pipe.Cmds) != 1 || len(n.Pipe.Cmds[0].Args) != 1 {
			return false
		}
		field, ok := n.Pipe.Cmds[0].Args[0].(*parse.FieldNode)
		return ok && len(field.Ident) == 1
	}
	return false
}

// find returns a path by name.
func (s *Service) find(name string) (*Path, error) {
	if p := s.paths[name]; p != nil {
		return p, nil
	}
	return nil, errs.New(errs.NotFound, "no golden path %q", name).Do("choose one of: %s", strings.Join(s.pathNames(), ", "))
}
