package manual_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/docs"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/manual"
)

// TestComplete: every page stands in the contents once, and every link of every
// page leads to a page, to a place in it, or to a file of the repository.
func TestComplete(t *testing.T) {
	t.Parallel()
	m := manual.New(docs.Files)
	contents, err := m.Contents()
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	places := map[string][]string{}
	for _, s := range contents {
		for _, e := range s.Pages {
			listed = append(listed, e.Path)
			p, err := m.Page(e.Path)
			if err != nil {
				t.Fatal(err)
			}
			places["/docs/"+e.Path] = []string{}
			for _, h := range p.Headings {
				places["/docs/"+e.Path] = append(places["/docs/"+e.Path], h.ID)
			}
		}
	}
	var there []string
	_ = fs.WalkDir(docs.Files, ".", func(name string, _ fs.DirEntry, _ error) error {
		if path.Ext(name) == ".md" && name != "README.md" {
			there = append(there, strings.TrimSuffix(name, ".md"))
		}
		return nil
	})
	slices.Sort(listed)
	slices.Sort(there)
	if diff := cmp.Diff(there, listed); diff != "" {
		t.Fatalf("pages that are there, and in docs/README.md:\n%s", diff)
	}
	link, source := regexp.MustCompile(`(?:href|src)="([^"]+)"`), regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	for _, name := range listed {
		p, err := m.Page(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range link.FindAllStringSubmatch(p.HTML, -1) {
			to, place, _ := strings.Cut(l[1], "#")
			switch {
			case strings.Contains(to, "://"):
			case to == "":
				to = "/docs/" + name
				fallthrough
			case path.Ext(to) == "":
				if known, ok := places[to]; !ok || place != "" && !slices.Contains(known, place) {
					t.Errorf("%s leads to %s, which is nowhere", name, l[1])
				}
			default:
				if f, err := m.Picture(strings.TrimPrefix(to, "/docs/")); err != nil {
					t.Errorf("%s shows %s: %v", name, to, err)
				} else {
					_ = f.Close()
				}
			}
		}
		text, err := m.Text(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range source.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join("../../docs", path.Dir(name), l[1])); err != nil {
				t.Errorf("%s leads to %s, which is not in the repository", name, l[1])
			}
		}
	}
}

// TestPage: links lead to pages of the factory, HTML of a page's own is left out,
// and a section can be read alone.
func TestPage(t *testing.T) {
	t.Parallel()
	m := manual.New(fstest.MapFS{
		"README.md":          {Data: []byte("# Contents\n\n## Begin\n\n- [First](how-to/first.md): how to begin\n- [Notes](notes.md)\n\n## Look up\n\n- [Words](reference/words.md): all of them\n")},
		"how-to/first.md":    {Data: []byte("# First steps\n\nSee [words](../reference/words.md#of-craft), [the code](../../main.go) and <script>alert(1)</script>[us](https://example.org).\n\n![A loop](../loop.svg)\n\n## Then\n\nGo *on*.\n\n### And on\n\nFar.\n\n## Last\n\nEnd.\n")},
		"notes.md":           {Data: []byte("# Notes\n\n| a | b |\n|---|---|\n| `x` | propeller |\n")},
		"reference/words.md": {Data: []byte("# Words\n\nOf a trade.\n\n## Of craft\n\nThe propeller turns the air, and where it turns it well the whole machine rises without a sound, as those say who have heard the others of its kind in the air above the town.\n")},
		"loop.svg":           {Data: []byte("<svg/>")},
	})
	p, err := m.Page("first")
	if err != nil {
		t.Fatal(err)
	}
	want := manual.Page{
		Path: "how-to/first", Title: "First steps",
		HTML: "<p>See <a href=\"/docs/reference/words#of-craft\">words</a>, the code and <!-- raw HTML omitted -->alert(1)<!-- raw HTML omitted --><a href=\"https://example.org\">us</a>.</p>\n<p><img src=\"/docs/loop.svg\" alt=\"A loop\"></p>\n" +
			"<h2 id=\"then\">Then</h2>\n<p>Go <em>on</em>.</p>\n<h3 id=\"and-on\">And on</h3>\n<p>Far.</p>\n<h2 id=\"last\">Last</h2>\n<p>End.</p>\n",
		Headings: []manual.Heading{{ID: "then", Title: "Then", Level: 2}, {ID: "and-on", Title: "And on", Level: 3}, {ID: "last", Title: "Last", Level: 2}},
		Next:     &manual.Entry{Path: "notes", Title: "Notes"},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Fatal(diff)
	}
	if text, err := m.Text("how-to/first#then"); err != nil || text != "## Then\n\nGo *on*.\n\n### And on\n\nFar.\n\n" {
		t.Fatalf("%q %v", text, err)
	}
	for _, name := range []string{"second", "../main", "first#nowhere", ""} {
		if _, err := m.Text(name); !errs.Is(err, errs.NotFound) {
			t.Errorf("%q: %v", name, err)
		}
	}
	found, err := m.Find("Propeller")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]manual.Found{
		{Path: "notes", Title: "Notes", Text: "a b x propeller"},
		{Path: "reference/words", Title: "Words", Heading: manual.Heading{ID: "of-craft", Title: "Of craft", Level: 2}, Text: "The propeller turns the air, and where it turns it well the whole machine rises without a sound, as those say who have heard the others of its kind in the air above …"},
	}, found); diff != "" {
		t.Fatal(diff)
	}
	if found, err := m.Find("craft propeller"); err != nil || len(found) != 1 || found[0].Heading.ID != "of-craft" {
		t.Fatalf("%+v %v", found, err)
	}
	if _, err := m.Picture("notes.md"); err == nil {
		t.Fatal("a page is no picture")
	}
}
