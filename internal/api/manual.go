package api

import (
	"context"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/manual"
)

// manual registers the documentation, which everybody may read: it is the same
// in every factory.
func (a *API) manual() {
	register(a, access.Open, op("GET /docs", "docs", "Read the documentation's contents"),
		func(context.Context, access.Actor, *struct{}) (*body[client.Manual], error) {
			sections, err := a.Manual.Contents()
			return answer(client.Manual{Sections: mapped(sections, func(s manual.Section) client.ManualSection {
				return client.ManualSection{Title: s.Title, Pages: mapped(s.Pages, entryOut)}
			})}, err)
		})
	register(a, access.Open, op("GET /docs/page", "docs", "Read a page of the documentation"),
		func(_ context.Context, _ access.Actor, in *struct {
			Path string `query:"path" required:"true" maxLength:"200" example:"how-to/begin" doc:"Its path, or the last part of that where no two pages share it"`
		}) (*body[client.ManualPage], error) {
			p, err := a.Manual.Page(in.Path)
			return answer(client.ManualPage{
				Path: p.Path, Title: p.Title, HTML: p.HTML, Previous: pointed(p.Previous), Next: pointed(p.Next),
				Headings: mapped(p.Headings, func(h manual.Heading) client.ManualHeading { return client.ManualHeading(h) }),
			}, err)
		})
	register(a, access.Open, op("GET /docs/find", "docs", "Find places in the documentation in which all words stand"),
		func(_ context.Context, _ access.Actor, in *struct {
			Words string `query:"words" required:"true" maxLength:"200"`
		}) (*body[client.ManualFind], error) {
			list, err := a.Manual.Find(in.Words)
			return answer(client.ManualFind{Items: mapped(list, func(f manual.Found) client.ManualFound {
				return client.ManualFound{Path: f.Path, Title: f.Title, ID: f.Heading.ID, Heading: f.Heading.Title, Text: f.Text}
			})}, err)
		})
}

func entryOut(e manual.Entry) client.ManualEntry { return client.ManualEntry(e) }

func pointed(e *manual.Entry) *client.ManualEntry {
	if e == nil {
		return nil
	}
	out := entryOut(*e)
	return &out
}
