package organisation

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/digital-factory/factory/client"
)

// Parse reads the files and checks them as a whole, before anything is
// applied. A failure is a *client.Problem that names every file, line and
// column at fault.
func Parse(files []File) (Organisation, error) {
	var all Organisation
	bad := &client.Problem{Kind: "invalid", Title: "invalid", Detail: "the organisation cannot be applied; nothing was changed", Next: "correct the places named and apply again"}
	c := checker{problem: bad}
	for _, f := range files {
		var one Organisation
		tree, treeErr := parser.ParseBytes(f.Data, 0) // what is wrong with it the decoder says
		if at := second(f.Name, tree); treeErr == nil && at != "" {
			c.bad(at, "a second document begins here; only the first would be read: write one document per file")
			continue
		}
		if err := yaml.NewDecoder(bytes.NewReader(f.Data), yaml.DisallowUnknownField()).Decode(&one); errors.Is(err, io.EOF) {
			continue // empty, or comments only
		} else if err != nil {
			bad.Errors = append(bad.Errors, located(f.Name, err))
			continue
		}
		c.file(source{f.Name, tree}, one, &all)
	}
	if len(files) == 0 {
		bad.Detail, bad.Next = "there is no YAML file", "name a file or folder with .yaml files: factory apply -f organisation/"
		return all, bad
	}
	if len(bad.Errors) == 0 {
		c.links(all)
	}
	if len(bad.Errors) > 0 {
		return all, bad
	}
	all.places = c.places
	return all, nil
}

// second is the place of a second document in the file, "" without one.
func second(name string, tree *ast.File) string {
	if tree == nil || len(tree.Docs) < 2 {
		return ""
	}
	for _, doc := range tree.Docs[1:] {
		if doc.Body != nil {
			return place(name, beginning(doc.Body))
		}
	}
	return ""
}

// beginning is where a node begins: a mapping's own token is its first colon.
func beginning(n ast.Node) *token.Token {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return beginning(n.Values[0])
		}
	case *ast.MappingValueNode:
		return n.Key.GetToken()
	}
	return n.GetToken()
}

// place writes a position in a file as editors and compilers do.
func place(name string, t *token.Token) string {
	if t == nil || t.Position == nil {
		return name
	}
	return fmt.Sprintf("%s:%d:%d", name, t.Position.Line, t.Position.Column)
}

func located(name string, err error) client.ProblemField {
	var y yaml.Error
	if !errors.As(err, &y) {
		return client.ProblemField{At: name, Text: err.Error()}
	}
	return client.ProblemField{At: place(name, y.GetToken()), Text: y.GetMessage()}
}

// checker gathers what is wrong; where remembers the place of each thing.
type checker struct {
	problem *client.Problem
	places  map[string]string
}

func (c *checker) bad(at, format string, args ...any) {
	c.problem.Errors = append(c.problem.Errors, client.ProblemField{At: at, Text: fmt.Sprintf(format, args...)})
}

// once notes a thing's place and refuses a second of the same name.
func (c *checker) once(key, at string) {
	if c.places == nil {
		c.places = map[string]string{}
	}
	if before, twice := c.places[key]; twice {
		kind, name, _ := strings.Cut(key, ":")
		c.bad(at, "there is another %s %q at %s", kind, name, before)
	}
	c.places[key] = at
}

// file adds one file's part to the whole.
func (c *checker) file(f source, one Organisation, all *Organisation) {
	at := func(format string, args ...any) string { return f.position(fmt.Sprintf(format, args...)) }
	if one.Vision != "" {
		c.once("vision:", at("$.vision"))
		all.Vision = one.Vision
	}
	for i, o := range one.Objectives {
		c.named(o.Title, "objective", at("$.objectives[%d].title", i), at("$.objectives[%d]", i))
		for k, kr := range o.KeyResults {
			c.named(kr.Title, "key result", at("$.objectives[%d].keyResults[%d].title", i, k), at("$.objectives[%d].keyResults[%d]", i, k))
			if kr.Query == "" {
				c.bad(at("$.objectives[%d].keyResults[%d]", i, k), "a key result needs a query: it is measured, not typed")
			}
			if kr.Baseline == kr.Target {
				c.bad(at("$.objectives[%d].keyResults[%d]", i, k), "target and baseline must differ")
			}
		}
	}
	for i, in := range one.Initiatives {
		place := at("$.initiatives[%d].title", i)
		c.named(in.Title, "initiative", place, at("$.initiatives[%d]", i))
		c.note("objective of "+in.Title, at("$.initiatives[%d].objective", i))
		c.note("key result of "+in.Title, at("$.initiatives[%d].keyResult", i))
	}
	for i, p := range one.Products {
		c.named(p.ID, "product", at("$.products[%d].id", i), at("$.products[%d]", i))
		for k, ft := range p.Features {
			c.named(ft.Title, "feature", at("$.products[%d].features[%d].title", i, k), at("$.products[%d].features[%d]", i, k))
			c.note("initiative of "+ft.Title, at("$.products[%d].features[%d].initiative", i, k))
		}
	}
	for i, t := range one.Teams {
		c.named(t.ID, "team", at("$.teams[%d].id", i), at("$.teams[%d]", i))
		for k, it := range t.Items {
			c.named(it.Title, "item of "+t.ID, at("$.teams[%d].items[%d].title", i, k), at("$.teams[%d].items[%d]", i, k))
			c.note("feature of "+t.ID+"/"+it.Title, at("$.teams[%d].items[%d].feature", i, k))
		}
	}
	all.Objectives = append(all.Objectives, one.Objectives...)
	all.Initiatives = append(all.Initiatives, one.Initiatives...)
	all.Products = append(all.Products, one.Products...)
	all.Teams = append(all.Teams, one.Teams...)
}

func (c *checker) named(name, kind, at, parent string) {
	if strings.TrimSpace(name) == "" {
		c.bad(parent, "this %s has no name", kind)
		return
	}
	c.once(kind+":"+name, at)
}

// note remembers where a reference stands, for when applying finds that what it
// names does not exist.
func (c *checker) note(what, at string) {
	if c.places == nil {
		c.places = map[string]string{}
	}
	c.places[what] = at
}

// links checks that what is named exists in the files. References to what only
// the factory has are checked when they are applied.
func (c *checker) links(all Organisation) {
	for _, in := range all.Initiatives {
		if in.Objective == "" {
			c.bad(c.places["initiative:"+in.Title], "initiative %q names no objective", in.Title)
		}
	}
	for _, p := range all.Products {
		for _, f := range p.Features {
			if f.Initiative == "" {
				c.bad(c.places["feature:"+f.Title], "feature %q names no initiative", f.Title)
			}
		}
	}
}

// source is a file whose positions can be asked for.
type source struct {
	name string
	tree *ast.File
}

// position finds a YAML path's line and column, or those of the nearest thing
// around it.
func (s source) position(at string) string {
	p, err := yaml.PathString(at)
	if err != nil || s.tree == nil {
		return s.name
	}
	node, err := p.FilterFile(s.tree)
	if err != nil || node.GetToken() == nil {
		if i := strings.LastIndexAny(at, ".["); i > 1 {
			return s.position(at[:i])
		}
		return s.name
	}
	return place(s.name, beginning(node))
}
