package manual_test

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/docs"
	"github.com/digital-factory/factory/internal/manual"
)

// TestPictures: each picture of a page of the product is shown somewhere, every
// picture says in words what it shows, and all together stay small, since every
// factory carries them.
func TestPictures(t *testing.T) {
	t.Parallel()
	const most = 2_500_000 // bytes
	m := manual.New(docs.Files)
	contents, err := m.Contents()
	if err != nil {
		t.Fatal(err)
	}
	image := regexp.MustCompile(`<img src="/docs/([^"]+)" alt="([^"]*)"([^>]*)>`)
	var shown []string
	for _, s := range contents {
		for _, e := range s.Pages {
			p, err := m.Page(e.Path)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range image.FindAllStringSubmatch(p.HTML, -1) {
				if len(i[2]) < 15 {
					t.Errorf("%s shows %s and says of it only %q", e.Path, i[1], i[2])
				}
				if path.Ext(i[1]) == ".webp" {
					shown = append(shown, i[1])
					if !strings.Contains(i[3], `width="1280" height="800"`) {
						t.Errorf("%s is not of the size of the others:%s", i[1], i[3])
					}
				}
			}
		}
	}
	slices.Sort(shown)
	var there []string
	var size int64
	err = fs.WalkDir(docs.Files, "pages", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		there, size = append(there, name), size+info.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(there, slices.Compact(shown)); diff != "" {
		t.Errorf("pictures that are there, and those that a page shows:\n%s", diff)
	}
	if size > most {
		t.Errorf("the pictures are %d bytes together, more than %d", size, most)
	}
}

// TestPictureSize: the place of a picture is kept free while it is on its way;
// what is no picture of ours has none.
func TestPictureSize(t *testing.T) {
	t.Parallel()
	webp := "RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\xff\x04\x00\x1f\x03\x00"
	for name, c := range map[string]struct{ file, want string }{
		"extended": {webp, `<a href="/docs/pages/a.webp"><img src="/docs/pages/a.webp" alt="A page" width="1280" height="800" loading="lazy"></a>`},
		"cut off":  {webp[:29], `<img src="/docs/pages/a.webp" alt="A page">`},
		"another":  {strings.Replace(webp, "VP8X", "VP8L", 1), `<img src="/docs/pages/a.webp" alt="A page">`},
		"empty":    {"", `<img src="/docs/pages/a.webp" alt="A page">`},
	} {
		m := manual.New(fstest.MapFS{
			"README.md":    {Data: []byte("# Contents\n\n## Begin\n\n- [First](first.md)\n")},
			"first.md":     {Data: []byte("# First\n\n![A page](pages/a.webp)\n")},
			"pages/a.webp": {Data: []byte(c.file)},
		})
		p, err := m.Page("first")
		if err != nil {
			t.Fatal(err)
		}
		if want := "<p>" + c.want + "</p>\n"; p.HTML != want {
			t.Errorf("%s: %s", name, cmp.Diff(want, p.HTML))
		}
	}
}
