// Package product is where customers' problems become features: each names the
// benefit that it should bring and the key result that it should move, and
// shows what it did move once it was released.
//
// # Owns
//
// Products, features and their order (tables product_*), and what it learned
// from facts about the items of a feature and what rollouts measured.
//
// # Tells
//
// product.created, product.changed, feature.created, feature.changed,
// feature.moved.
//
// # Asks
//
// [Portfolio] which key result a feature of an initiative should move.
//
// # Invariants
//
// A feature belongs to one product and one initiative for ever, and always
// names a key result. Its state follows from its items alone; nobody types it.
// The order of a product's features has no gaps and no ties.
package product

import (
	"context"
	"embed"
	"regexp"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

//go:embed migrations
var files embed.FS

// Schema is the module's tables.
func Schema() store.Schema { return store.Schema{Module: "product", Files: files} }

// Portfolio returns the key result that a feature of the initiative should
// move: k itself, or the initiative's when k is empty. What does not exist is
// an errs.Invalid that names the field.
type Portfolio interface {
	Aim(ctx context.Context, who access.Actor, i ref.Initiative, k ref.KeyResult) (ref.KeyResult, error)
}

// Service keeps products and features.
type Service struct {
	db        *store.DB
	journal   *journal.Journal
	portfolio Portfolio
	now       func() time.Time
}

// New returns the service. It starts nothing.
func New(db *store.DB, j *journal.Journal, p Portfolio, now func() time.Time) *Service {
	return &Service{db: db, journal: j, portfolio: p, now: now}
}

func (s *Service) clock() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// Product is what customers use.
type Product struct {
	ID ref.Product
	Fields
	Features Counts
	Version  int64
	Created  time.Time
}

// Fields is what a person says about a product.
type Fields struct {
	Name        string
	Description string
	Owner       string // product manager
}

// Counts are features by state.
type Counts struct{ Planned, Building, Released int }

func (c *Counts) add(s State, n int) {
	switch s {
	case Planned:
		c.Planned += n
	case Building:
		c.Building += n
	case Released:
		c.Released += n
	}
}

var slug = regexp.MustCompile(`^[a-z][a-z0-9-]{0,38}[a-z0-9]$`)

func (f *Fields) check(w *wrong) {
	f.Name, f.Owner = strings.TrimSpace(f.Name), strings.TrimSpace(f.Owner)
	w.text("name", f.Name, 1, 200)
	w.text("description", f.Description, 0, 5000)
	w.text("owner", f.Owner, 0, 200)
}

// Create adds a product under a slug that it keeps.
func (s *Service) Create(ctx context.Context, who access.Actor, id ref.Product, f Fields) (p Product, err error) {
	if err := who.May(access.ShapeProduct, ""); err != nil {
		return p, err
	}
	var w wrong
	if !slug.MatchString(string(id)) {
		w.in("id", "%q is no slug: 2 to 40 lower-case letters, digits and dashes, beginning with a letter and not ending in a dash", id)
	}
	if f.check(&w); w.err != nil {
		return p, w.err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		p = Product{ID: id, Fields: f, Version: 1, Created: s.clock()}
		if err := insertProduct(ctx, tx, p); errs.Is(err, errs.Conflict) {
			return errs.New(errs.Conflict, "there is a product %q already", id).Do("choose another slug, or change that one")
		} else if err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("product", id), fact.ProductCreated{Product: id, Name: f.Name})
	})
	return p, err
}

// Change replaces a product's fields. A version that is not the current one is
// an errs.Conflict with the current Product.
func (s *Service) Change(ctx context.Context, who access.Actor, id ref.Product, version int64, f Fields) (p Product, err error) {
	if err := who.May(access.ShapeProduct, ""); err != nil {
		return p, err
	}
	var w wrong
	if f.check(&w); w.err != nil {
		return p, w.err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		have, err := product(ctx, tx, id)
		if err != nil {
			return err
		}
		if have.Version != version {
			return store.Changed(0, "product "+have.Name, have)
		}
		p = have
		p.Fields, p.Version = f, version+1
		n, err := updateProduct(ctx, tx, p)
		if err != nil {
			return err
		}
		if err := store.Changed(n, "product "+have.Name, have); err != nil {
			return err
		}
		fields := changed(diff{"name", f.Name != have.Name}, diff{"description", f.Description != have.Description}, diff{"owner", f.Owner != have.Owner})
		if len(fields) == 0 {
			return nil
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("product", id), fact.ProductChanged{Product: id, Fields: fields, Name: p.Name})
	})
	return p, err
}

// List returns products by slug, a page at a time.
func (s *Service) List(ctx context.Context, who access.Actor, ask page.Ask) (list []Product, next string, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, "", err
	}
	var after string
	if _, err := ask.Key(&after); err != nil {
		return nil, "", err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = products(ctx, tx, after, ask.Size()+1)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	list, next = page.Of(ask, list, func(p Product) any { return p.ID })
	return list, next, nil
}

// Get returns one product.
func (s *Service) Get(ctx context.Context, who access.Actor, id ref.Product) (p Product, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return p, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		p, err = product(ctx, tx, id)
		return err
	})
	return p, err
}

// wrong gathers the parts of a request that are wrong.
type wrong struct{ err *errs.Error }

func (w *wrong) in(at, format string, args ...any) {
	if w.err == nil {
		w.err = errs.New(errs.Invalid, "the request cannot be carried out as it stands").Do("correct the parts named and send it again")
	}
	w.err.In(at, format, args...)
}

// text checks a text's length in characters.
func (w *wrong) text(at, text string, least, most int) {
	switch n := len([]rune(text)); {
	case n < least:
		w.in(at, "must not be empty")
	case n > most:
		w.in(at, "has %d characters; at most %d are allowed", n, most)
	}
}

type diff struct {
	name    string
	differs bool
}

// changed lists the names whose values differ.
func changed(pairs ...diff) []string {
	names := []string{}
	for _, p := range pairs {
		if p.differs {
			names = append(names, p.name)
		}
	}
	return names
}
