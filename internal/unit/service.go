package unit

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/condition"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// Service keeps units.
type Service struct {
	db      *store.DB
	journal *journal.Journal
	now     func() time.Time
}

// New returns the service. It starts nothing.
func New(db *store.DB, j *journal.Journal, now func() time.Time) *Service {
	return &Service{db: db, journal: j, now: now}
}

// subject is what facts about units are about: all of them.
var subject = ref.Of("units", "known")

// Record keeps units with their attributes, in place of what was known of them;
// all of them or, with an errs.Invalid, none.
func (s *Service) Record(ctx context.Context, who access.Actor, list []Unit) error {
	if err := who.May(access.Ingest, ""); err != nil {
		return err
	}
	if err := check(list); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		for part := range slices.Chunk(list, 200) {
			if err := upsert(ctx, tx, part, store.Micros(s.now())); err != nil {
				return err
			}
		}
		return s.journal.Append(ctx, tx, who.By(), subject, fact.UnitsRecorded{Units: len(list)})
	})
}

func upsert(ctx context.Context, tx *store.Tx, list []Unit, now int64) error {
	var rows strings.Builder
	args := []any{now}
	for i, u := range list {
		attributes, err := json.Marshal(u.Attributes)
		if err != nil {
			return err
		}
		if u.Attributes == nil {
			attributes = []byte("{}")
		}
		if i > 0 {
			rows.WriteString(", ")
		}
		fmt.Fprintf(&rows, "($%d, $%d, $1)", len(args)+1, len(args)+2)
		args = append(args, u.ID, string(attributes))
	}
	_, err := tx.Exec(ctx, `insert into unit_unit (id, attributes, recorded) values `+rows.String()+`
		on conflict (id) do update set attributes = excluded.attributes, recorded = excluded.recorded`, args...)
	return err
}

// Forget removes what is known of units, as a customer may ask; ids that are
// not known are no error. It returns how many were. A cohort that was made
// before keeps its members, by a hash that does not tell who they are.
func (s *Service) Forget(ctx context.Context, who access.Actor, ids []string) (forgotten int64, err error) {
	if err := who.May(access.Ingest, ""); err != nil {
		return 0, err
	}
	if len(ids) == 0 || len(ids) > MostAtOnce {
		return 0, errs.New(errs.Invalid, "the units cannot be forgotten").In("ids", "has %d; 1 to %d are forgotten at once", len(ids), MostAtOnce)
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		forgotten = 0
		for _, id := range ids {
			n, err := tx.Exec(ctx, `delete from unit_unit where id = $1`, id)
			if err != nil {
				return err
			}
			forgotten += n
		}
		if forgotten == 0 {
			return nil
		}
		return s.journal.Append(ctx, tx, who.By(), subject, fact.UnitsForgotten{Units: int(forgotten)})
	})
	return forgotten, err
}

// List returns units by id, a page at a time; where narrows it when not empty.
func (s *Service) List(ctx context.Context, who access.Actor, where string, ask page.Ask) (list []Unit, next string, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, "", err
	}
	after := ""
	if _, err := ask.Key(&after); err != nil {
		return nil, "", err
	}
	holds, err := matcher(where)
	if err != nil {
		return nil, "", err
	}
	err = s.each(ctx, after, func(u Unit) bool {
		if holds(u) {
			list = append(list, u)
		}
		return len(list) <= ask.Size()
	})
	if err != nil {
		return nil, "", err
	}
	list, next = page.Of(ask, list, func(u Unit) any { return u.ID })
	return list, next, nil
}

// matcher compiles a condition; an empty one holds of every unit.
func matcher(where string) (func(Unit) bool, error) {
	if strings.TrimSpace(where) == "" {
		return func(Unit) bool { return true }, nil
	}
	c, err := condition.Compile(Word, where)
	if err != nil {
		return nil, err
	}
	return func(u Unit) bool {
		of := make(map[string]any, len(u.Attributes)+1)
		for k, v := range u.Attributes {
			of[k] = v
		}
		of["id"] = u.ID
		return c.Holds(of)
	}, nil
}

// each hands every unit whose id comes after to f, by id, until f says no. It
// reads in slices, so that a million units hold up nobody and fit into memory.
func (s *Service) each(ctx context.Context, after string, f func(Unit) bool) error {
	const slice = 2000
	for {
		var list []Unit
		err := s.db.View(ctx, func(tx *store.Tx) (err error) {
			list, err = store.List(ctx, tx, scan, `select `+columns+` from unit_unit where id > $1 order by id limit $2`, after, slice)
			return err
		})
		if err != nil {
			return err
		}
		for _, u := range list {
			if !f(u) {
				return nil
			}
		}
		if len(list) < slice {
			return nil
		}
		after = list[len(list)-1].ID
	}
}
