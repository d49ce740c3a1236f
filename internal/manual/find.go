package manual

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
)

// Found is a place in which all words stand.
type Found struct {
	Path    string
	Title   string  // of the page
	Heading Heading // zero: before the first
	Text    string  // the words and what stands around them
}

const (
	mostFound = 30
	around    = 160 // bytes of Text
)

// Find returns the sections of pages in which all words stand, at whatever
// place, those with them in a title first.
func (m *Manual) Find(query string) ([]Found, error) {
	b, err := m.load()
	if err != nil {
		return nil, err
	}
	wanted := strings.FieldsFunc(strings.ToLower(query), func(r rune) bool { return unicode.IsSpace(r) })
	if len(wanted) == 0 {
		return []Found{}, nil
	}
	type scored struct {
		Found
		score int
	}
	all := []scored{}
	for _, e := range b.entries {
		p := b.pages[e.Path]
		for _, part := range p.parts() {
			text, titles := strings.ToLower(part.text), strings.ToLower(e.Title+" "+e.Text+" "+part.heading.Title)
			score := 0
			for _, w := range wanted {
				switch {
				case strings.Contains(strings.ToLower(part.heading.Title), w):
					score += 6
				case strings.Contains(titles, w):
					score += 3
				case strings.Contains(text, w):
					score++
				default:
					score = -1 << 20
				}
			}
			if score > 0 {
				all = append(all, scored{Found{p.path, p.title, part.heading, excerpt(part.text, wanted)}, score})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	found := []Found{}
	for _, s := range all[:min(len(all), mostFound)] {
		found = append(found, s.Found)
	}
	return found, nil
}

// part is what stands below one heading.
type part struct {
	heading Heading
	text    string
}

func (p *parsed) parts() []part {
	parts := []part{{}}
	i := 0
	for n := p.tree.FirstChild(); n != nil; n = n.NextSibling() {
		if _, ok := n.(*ast.Heading); ok {
			parts = append(parts, part{heading: p.headings[i]})
			i++
			continue
		}
		parts[len(parts)-1].text += words(n, p.text) + "\n"
	}
	return parts
}

// excerpt is the first place of any of the words, in one line.
func excerpt(text string, wanted []string) string {
	text = strings.Join(strings.Fields(text), " ")
	lower := strings.ToLower(text)
	at := len(text)
	for _, w := range wanted {
		if i := strings.Index(lower, w); i >= 0 {
			at = min(at, i)
		}
	}
	if at == len(text) || len(lower) != len(text) {
		at = 0
	}
	from := max(0, at-around/3)
	to := min(len(text), from+around)
	for from > 0 && text[from-1] != ' ' {
		from--
	}
	for to < len(text) && text[to] != ' ' {
		to++
	}
	cut := text[from:to]
	if from > 0 {
		cut = "… " + cut
	}
	if to < len(text) {
		cut += " …"
	}
	return cut
}
