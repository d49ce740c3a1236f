package unit

import (
	"cmp"
	"context"
	"crypto/sha256"
	"slices"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
)

// Word is how a condition names the unit: `unit.country == "de"`.
const Word = "unit"

// Ask says which units make a cohort: those of which a condition holds, of
// these the first Take by an attribute, the highest first.
type Ask struct {
	Where string // condition; empty: all
	Rank  string // attribute, a number; empty: by chance
	Take  int    // 0: all
	Key   string // breaks ties, and is the chance
}

// Cohort is who was found.
type Cohort struct {
	Members  []string // ids, in the order in which they were taken
	Known    int      // units at all
	Matching int      // of which the condition holds and that have the attribute
	Lowest   *float64 // number of the last that was taken, when they are ranked
}

// Find makes a cohort of what is known now. Units without the attribute that
// ranks are left out.
func (s *Service) Find(ctx context.Context, who access.Actor, ask Ask) (c Cohort, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return c, err
	}
	holds, err := matcher(ask.Where)
	if err != nil {
		return c, err
	}
	if ask.Take < 0 || ask.Rank != "" && !name.MatchString(ask.Rank) {
		return c, errs.New(errs.Invalid, "the cohort cannot be made").In("rank, take", "rank must be the name of an attribute, take not be negative")
	}
	var found []candidate
	err = s.each(ctx, "", func(u Unit) bool {
		c.Known++
		of := candidate{id: u.ID, chance: sha256.Sum256([]byte(ask.Key + "\x00cohort\x00" + u.ID))}
		number, ranked := u.Attributes[ask.Rank].(float64)
		if of.number = number; holds(u) && (ranked || ask.Rank == "") {
			found = append(found, of)
		}
		return true
	})
	if err != nil {
		return c, err
	}
	c.Matching = len(found)
	if ask.Take > 0 || ask.Rank != "" {
		slices.SortFunc(found, candidate.compare)
	}
	if ask.Take > 0 && len(found) > ask.Take {
		found = found[:ask.Take]
	}
	for _, f := range found {
		c.Members = append(c.Members, f.id)
	}
	if n := len(found); ask.Rank != "" && n > 0 {
		c.Lowest = &found[n-1].number
	}
	return c, nil
}

// candidate is a unit that may be taken.
type candidate struct {
	id     string
	number float64
	chance [sha256.Size]byte
}

// compare sorts the highest number first, equal ones by chance.
func (a candidate) compare(b candidate) int {
	if c := cmp.Compare(b.number, a.number); c != 0 {
		return c
	}
	return slices.Compare(a.chance[:], b.chance[:])
}
