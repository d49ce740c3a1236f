package dossier

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/ref"
)

//go:embed page.html
var source string

// The signed content stands between these. No text on the page can look like
// them: angle brackets of texts are escaped.
const (
	opening = `<script type="application/json" id="dossier">`
	closing = `</script>`
	slot    = "<!-- the signed content -->" // in the page as it is rendered
)

// around is the page before and after the place of the signed content.
type around struct{ before, after []byte }

// hash is the SHA-256 of the page without the signed content, lower-case hex.
func (a around) hash() string {
	h := sha256.New()
	h.Write(a.before)
	h.Write(a.after)
	return hex.EncodeToString(h.Sum(nil))
}

func (a around) with(bundle []byte) []byte {
	return bytes.Join([][]byte{a.before, bundle, a.after}, nil)
}

// apart splits a file into the page and the signed content in it.
func apart(file []byte) (a around, bundle []byte, err error) {
	before, rest, found := bytes.Cut(file, []byte(opening))
	bundle, after, closed := bytes.Cut(rest, []byte(closing))
	if !found || !closed || bytes.Contains(after, []byte(opening)) {
		return a, nil, errs.New(errs.Invalid, "this file is no dossier: it holds no signed content").Do("make one: factory dossier make ROLLOUT")
	}
	return around{join(before, opening), join([]byte(closing), string(after))}, bundle, nil
}

func join(a []byte, b string) []byte { return append(slices.Clone(a), b...) }

// view is what the page shows, all of it out of the content.
type view struct {
	Content
	Rules   evidence.Plan
	Inputs  evidence.Inputs
	Verdict evidence.Verdict
	Picture picture
	Titles  map[ref.Subject]string
}

// render returns the page of a content. The same content gives the same bytes.
func render(c Content) (around, error) {
	v := view{Content: c, Titles: map[ref.Subject]string{}}
	for _, doc := range []struct {
		raw  json.RawMessage
		into any
	}{{c.Release.Rules, &v.Rules}, {c.Release.Inputs, &v.Inputs}, {c.Release.Verdict, &v.Verdict}} {
		if err := json.Unmarshal(doc.raw, doc.into); err != nil {
			return around{}, fmt.Errorf("render the dossier of %s: %w", c.Release.Rollout, err)
		}
	}
	v.Picture = draw(c.Release.Trace, v.Verdict)
	for _, s := range c.Thread {
		for _, n := range s.Nodes {
			v.Titles[n.Subject] = n.Title
		}
	}
	var page bytes.Buffer
	if err := template.Must(template.New("dossier").Funcs(words).Parse(source)).Execute(&page, v); err != nil {
		return around{}, err
	}
	before, after, found := bytes.Cut(page.Bytes(), []byte(slot))
	if !found {
		return around{}, fmt.Errorf("the page has no place for the signed content")
	}
	return around{join(before, opening), join([]byte(closing), string(after))}, nil
}

var words = template.FuncMap{
	"when": func(t time.Time) string {
		if t.IsZero() {
			return "never"
		}
		return t.UTC().Format("2 Jan 2006 15:04:05 UTC")
	},
	"moment":  func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05") },
	"kind":    func(s ref.Subject) string { kind, _ := s.Split(); return kind },
	"percent": func(share float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", 100*share), ".0") + " %" },
	"slot":    func() template.HTML { return slot },
	"spaced":  func(text string) string { return strings.NewReplacer("_", " ", "-", " ").Replace(text) },
	"pretty": func(raw json.RawMessage) string {
		var out bytes.Buffer
		if json.Indent(&out, raw, "", "  ") != nil {
			return string(raw)
		}
		return out.String()
	},
	"figure": func(v float64) string { return strings.TrimSuffix(fmt.Sprintf("%.2f", v), ".00") },
}
