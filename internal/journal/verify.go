package journal

import (
	"context"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Verified is the outcome of walking the chain.
type Verified struct {
	Facts int64
	Head  string // hash of the last fact; compare it with one noted elsewhere to prove that nothing was cut off
}

// Verify walks the whole chain and recomputes every hash. A break is an
// errs.Conflict that names the first fact that does not fit.
func (j *Journal) Verify(ctx context.Context) (Verified, error) {
	var v Verified
	for {
		facts, err := j.Since(ctx, v.Facts, 1000)
		if err != nil {
			return v, err
		}
		for _, f := range facts {
			switch {
			case f.Seq != v.Facts+1:
				return v, broken(v.Facts+1, "it is missing")
			case f.Prev != v.Head:
				return v, broken(f.Seq, "it does not follow the fact before it")
			case f.Hash != f.sum():
				return v, broken(f.Seq, "its content does not match its hash")
			}
			v = Verified{Facts: f.Seq, Head: f.Hash}
		}
		if len(facts) == 0 {
			return v, nil
		}
	}
}

func broken(seq int64, why string) error {
	return errs.New(errs.Conflict, "the journal is broken at fact %d: %s", seq, why).
		Do("keep a copy of the database as evidence and compare it with a backup from before the change")
}
