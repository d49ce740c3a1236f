// Package manual shows the documentation that belongs to this program: its
// contents, its pages, and what is found in them.
//
// A page is named by its path below docs/ without ".md", such as
// how-to/begin, and where no two share it by its last part, such as begin.
//
// Invariants: every page stands in the contents once; no link between pages
// leads nowhere (a test holds both).
package manual

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Section is a part of the contents.
type Section struct {
	Title string
	Pages []Entry
}

// Entry is a page as the contents name it.
type Entry struct {
	Path  string // such as how-to/begin
	Title string
	Text  string // what it is for; may be empty
}

// Heading is a place within a page.
type Heading struct {
	ID    string // what follows # in its address
	Title string
	Level int // 2 is a section of the page
}

// Page is one as people read it.
type Page struct {
	Path     string
	Title    string
	HTML     string // what follows the title; without scripts, and without HTML that a page wrote itself
	Headings []Heading
	Previous *Entry // in the order of the contents; nil at its ends
	Next     *Entry
}

// Manual is the documentation. It is safe for concurrent use.
type Manual struct {
	files fs.FS
	load  func() (*book, error)
}

// book is what reading the files comes to.
type book struct {
	sections []Section
	entries  []Entry // of all sections
	pages    map[string]*parsed
	sizes    map[string]size // of pictures in WebP, by their path below docs/
}

// New returns the manual of files, which holds Markdown, its pictures, and the
// contents in README.md. It reads them when it is asked for the first time.
func New(files fs.FS) *Manual {
	return &Manual{files: files, load: sync.OnceValues(func() (*book, error) { return read(files) })}
}

// Contents returns the sections, in order.
func (m *Manual) Contents() ([]Section, error) {
	b, err := m.load()
	if err != nil {
		return nil, err
	}
	return b.sections, nil
}

// Page returns a page by its name, or an errs.NotFound.
func (m *Manual) Page(name string) (Page, error) {
	b, err := m.load()
	if err != nil {
		return Page{}, err
	}
	p, err := b.find(name)
	if err != nil {
		return Page{}, err
	}
	html, err := p.html(b)
	if err != nil {
		return Page{}, err
	}
	page := Page{Path: p.path, Title: p.title, HTML: html, Headings: p.headings}
	for i, e := range b.entries {
		if e.Path != p.path {
			continue
		}
		if i > 0 {
			page.Previous = &b.entries[i-1]
		}
		if i+1 < len(b.entries) {
			page.Next = &b.entries[i+1]
		}
	}
	return page, nil
}

// Text returns a page as Markdown; after a #, only the section of that heading.
func (m *Manual) Text(name string) (string, error) {
	b, err := m.load()
	if err != nil {
		return "", err
	}
	name, place, _ := strings.Cut(name, "#")
	p, err := b.find(name)
	if err != nil || place == "" {
		return string(p.source()), err
	}
	return p.section(place)
}

// Picture opens a picture that a page shows, or fails with fs.ErrNotExist.
func (m *Manual) Picture(name string) (fs.File, error) {
	if !slices.Contains([]string{".svg", ".png", ".webp"}, path.Ext(name)) {
		return nil, fs.ErrNotExist
	}
	return m.files.Open(name)
}

// find returns a page by its whole path, else by the last part of it.
func (b *book) find(name string) (*parsed, error) {
	name = strings.Trim(strings.TrimSuffix(name, ".md"), "/")
	if p := b.pages[name]; p != nil {
		return p, nil
	}
	var found *parsed
	for _, e := range b.entries {
		if path.Base(e.Path) == name {
			if found != nil {
				return nil, errs.New(errs.NotFound, "%q may be %s or %s", name, found.path, e.Path).Do("name the whole path")
			}
			found = b.pages[e.Path]
		}
	}
	if found == nil {
		return nil, errs.New(errs.NotFound, "the documentation has no page %.100q", name).Do("look at the contents: factory docs")
	}
	return found, nil
}

// read parses all pages and puts them in the order of the contents.
func read(files fs.FS) (*book, error) {
	b := &book{pages: map[string]*parsed{}, sizes: map[string]size{}}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".md" && path.Ext(name) != ".webp" {
			return err
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if path.Ext(name) == ".webp" {
			b.sizes[name] = webpSize(text)
			return nil
		}
		p := parse(strings.TrimSuffix(name, ".md"), text)
		b.pages[p.path] = p
		return nil
	})
	if err != nil {
		return nil, err
	}
	contents := b.pages["README"]
	if contents == nil {
		return nil, fmt.Errorf("there is no README.md with the contents")
	}
	delete(b.pages, "README")
	b.sections = contents.sections()
	for _, s := range b.sections {
		for _, e := range s.Pages {
			if b.pages[e.Path] == nil {
				return nil, fmt.Errorf("the contents name %s, which is not there", e.Path)
			}
			b.entries = append(b.entries, e)
		}
	}
	return b, nil
}
