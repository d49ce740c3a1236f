package manual

import (
	"bytes"
	"path"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"github.com/digital-factory/factory/internal/base/errs"
)

// markdown leaves out HTML that stands in a page: it would be part of the
// factory's own pages.
var markdown = goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()))

// parsed is a page and its tree, which nothing changes any more.
type parsed struct {
	path     string
	title    string
	text     []byte
	tree     ast.Node // without the title
	headings []Heading
}

func parse(name string, source []byte) *parsed {
	p := &parsed{path: name, title: path.Base(name), text: source}
	p.tree = markdown.Parser().Parse(text.NewReader(source))
	if h, ok := p.tree.FirstChild().(*ast.Heading); ok && h.Level == 1 {
		p.title = words(h, source)
		p.tree.RemoveChild(p.tree, h)
	}
	for n := p.tree.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok {
			p.headings = append(p.headings, Heading{ID: idOf(h), Title: words(h, source), Level: h.Level})
		}
	}
	return p
}

func (p *parsed) source() []byte {
	if p == nil {
		return nil
	}
	return p.text
}

func idOf(h *ast.Heading) string {
	id, _ := h.AttributeString("id")
	raw, _ := id.([]byte)
	return string(raw)
}

// words is what a node says, without its form.
func words(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, enter bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Text:
			if enter {
				b.Write(n.Segment.Value(source))
				if n.SoftLineBreak() || n.HardLineBreak() {
					b.WriteByte(' ')
				}
			}
		case *ast.String:
			if enter {
				b.Write(n.Value)
			}
		case *ast.CodeBlock, *ast.FencedCodeBlock:
			if enter {
				for i := range n.Lines().Len() {
					line := n.Lines().At(i)
					b.Write(line.Value(source))
				}
			}
		}
		if !enter && n.Type() == ast.TypeBlock {
			b.WriteByte('\n')
		}
		return ast.WalkContinue, nil // never fails
	})
	return strings.TrimSpace(b.String())
}

// sections reads a page as contents: each heading with the list below it.
func (p *parsed) sections() (all []Section) {
	for n := p.tree.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Heading:
			all = append(all, Section{Title: words(n, p.text)})
		case *ast.List:
			for item := n.FirstChild(); item != nil && len(all) > 0; item = item.NextSibling() {
				if link := linkOf(item); link != nil {
					title := words(link, p.text)
					e := Entry{Path: strings.TrimSuffix(string(link.Destination), ".md"), Title: title}
					e.Text = strings.TrimPrefix(strings.TrimPrefix(words(item, p.text), title), ": ")
					all[len(all)-1].Pages = append(all[len(all)-1].Pages, e)
				}
			}
		}
	}
	return all
}

// linkOf returns the first link of a node, or nil.
func linkOf(n ast.Node) (found *ast.Link) {
	_ = ast.Walk(n, func(n ast.Node, enter bool) (ast.WalkStatus, error) {
		if l, ok := n.(*ast.Link); ok && enter {
			found = l
			return ast.WalkStop, nil
		}
		return ast.WalkContinue, nil // never fails
	})
	return found
}

// html renders the page with addresses of the factory in place of those of files.
func (p *parsed) html(b *book) (string, error) {
	// Rendering does not lock the tree: links are changed in a tree of its own.
	tree := parse(p.path, p.text).tree
	var outside []*ast.Link
	var pictures []*ast.Image // of pages
	_ = ast.Walk(tree, func(n ast.Node, enter bool) (ast.WalkStatus, error) {
		if !enter {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link:
			to, known := p.address(b, string(n.Destination))
			if n.Destination = []byte(to); !known {
				outside = append(outside, n)
			}
		case *ast.Image:
			name := path.Join(path.Dir(p.path), string(n.Destination))
			n.Destination = []byte("/docs/" + name)
			if b.sizes[name].reserve(n) {
				pictures = append(pictures, n)
			}
		}
		return ast.WalkContinue, nil // never fails
	})
	for _, l := range outside { // a file of the repository that the program does not carry
		for child := l.FirstChild(); child != nil; child = l.FirstChild() {
			l.Parent().InsertBefore(l.Parent(), l, child)
		}
		l.Parent().RemoveChild(l.Parent(), l)
	}
	for _, n := range pictures { // leads to itself, to be seen in full size
		l := ast.NewLink()
		l.Destination = n.Destination
		n.Parent().ReplaceChild(n.Parent(), n, l)
		l.AppendChild(l, n)
	}
	var out bytes.Buffer
	err := markdown.Renderer().Render(&out, p.text, tree)
	return out.String(), err
}

// address is where a link leads to in the factory; false when nowhere.
func (p *parsed) address(b *book, to string) (string, bool) {
	if strings.Contains(to, "://") || strings.HasPrefix(to, "#") {
		return to, true
	}
	file, place, _ := strings.Cut(to, "#")
	name := path.Join(path.Dir(p.path), file)
	if strings.HasSuffix(file, "/") {
		name += "/README.md"
	}
	page := b.pages[strings.TrimSuffix(name, ".md")]
	if page == nil || path.Ext(name) != ".md" {
		return to, false
	}
	if place != "" {
		place = "#" + place
	}
	return "/docs/" + page.path + place, true
}

// section returns the text from a heading to the next one that is not below it.
func (p *parsed) section(id string) (string, error) {
	from, to, level := -1, len(p.text), 0
	for n := p.tree.FirstChild(); n != nil; n = n.NextSibling() {
		h, ok := n.(*ast.Heading)
		if !ok || h.Lines().Len() == 0 {
			continue
		}
		if from >= 0 && h.Level <= level {
			to = lineStart(p.text, h.Lines().At(0).Start)
			break
		}
		if from < 0 && idOf(h) == id {
			from, level = lineStart(p.text, h.Lines().At(0).Start), h.Level
		}
	}
	if from < 0 {
		return "", errs.New(errs.NotFound, "the page %s has no section %.100q", p.path, id).Do("read all of it: factory docs %s", p.path)
	}
	return string(p.text[from:to]), nil
}

func lineStart(text []byte, at int) int { return bytes.LastIndexByte(text[:at], '\n') + 1 }
