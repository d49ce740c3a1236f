package thread

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// Service answers what is joined to what.
type Service struct{ db *store.DB }

// New returns the service. It starts nothing.
func New(db *store.DB) *Service { return &Service{db: db} }

// Of returns the thread through an object. A commit may be named by seven or
// more of its first characters, when they are of one commit only.
func (s *Service) Of(ctx context.Context, who access.Actor, kind, id string) (t Thread, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return Thread{}, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		here, err := resolve(ctx, tx, kind, id)
		if err != nil {
			return err
		}
		t, err = walk(ctx, tx, here)
		return err
	})
	return t, err
}

func resolve(ctx context.Context, tx *store.Tx, kind, id string) (Node, error) {
	n, err := node(ctx, tx, ref.Of(kind, id))
	if err == nil || !errors.Is(err, store.ErrNone) {
		return n, err
	}
	if kind == "commit" && len(id) < shortest && id != "" {
		return Node{}, errs.New(errs.Invalid, "%q is too short to name a commit", id).In("id", "needs at least %d characters", shortest)
	}
	if kind == "commit" && len(id) >= shortest {
		found, err := abbreviated(ctx, tx, kind, id, 4)
		if err != nil {
			return Node{}, err
		}
		if len(found) == 1 {
			return found[0], nil
		}
		if len(found) > 1 {
			e := errs.New(errs.Invalid, "%q begins the names of several commits", id).Do("give more characters")
			for _, f := range found[:min(3, len(found))] {
				e.In("id", "%s %s", f.ID(), f.Title)
			}
			return Node{}, e
		}
	}
	return Node{}, errs.New(errs.NotFound, "nothing is known of %s %q", kind, id).
		Do("search for it: factory search TEXT; a subject is written kind/identifier, for example item/ENG-1")
}

// Search returns nodes whose identifier or title holds all words of the text:
// those that are called so first, then the newest.
func (s *Service) Search(ctx context.Context, who access.Actor, text string, limit int) (list []Node, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, err
	}
	words := strings.Fields(strings.ToLower(text))
	if len(words) == 0 {
		return []Node{}, nil
	}
	words = words[:min(6, len(words))]
	if limit <= 0 || limit > 100 {
		limit = 20
	}
	if _, id, ok := strings.Cut(words[0], "/"); ok && len(words) == 1 { // "item/eng-1"
		words[0] = id
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = named(ctx, tx, words[0], limit)
		if err != nil || len(words) > 1 {
			list = nil
		}
		rest, err := find(ctx, tx, words, limit)
		if err != nil {
			return err
		}
		for _, n := range rest {
			if len(list) < limit && !slices.ContainsFunc(list, func(m Node) bool { return m.Subject == n.Subject }) {
				list = append(list, n)
			}
		}
		return nil
	})
	if list == nil {
		list = []Node{}
	}
	return list, err
}
