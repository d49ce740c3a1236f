// Package draft makes a rollout's plan ready to be frozen: of what the platform
// and the repository say, of what the live version did lately, and of who its
// cohorts are now.
package draft

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/release/assembly"
	"github.com/digital-factory/factory/internal/release/plan"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// Draft is a plan that is ready to be frozen, and what it was made from.
type Draft struct {
	Plan    plan.Plan
	First   bool             // nothing is live
	Base    rollout.Live     // what is
	Key     string           // of the split
	Members map[int][]string // of the stages with cohorts
}

// mostMembers of the cohorts of a rollout together.
const mostMembers = 100_000

// Latencies knows how long requests take.
type Latencies interface {
	// Latencies returns the requests that what is live answered lately, by how
	// long they took; nothing when it is not known to have served any.
	Latencies(ctx context.Context, l rollout.Live) (plan.Latencies, error)
}

// Units knows the customers or devices.
type Units interface {
	// Cohort returns who a cohort is at this moment, by the names that a split
	// with the key gives units.
	Cohort(ctx context.Context, c plan.Cohort, key string) (Members, error)
}

// Members is who a cohort is.
type Members struct {
	Names  []string
	Known  int      // units in all
	Lowest *float64 // number of the last that was taken, where they are ranked
}

// Maker makes drafts.
type Maker struct {
	DB        *store.DB
	Latencies Latencies
	Units     Units
}

// Make makes the draft of a rollout whose repository has a rollout section, JSON
// or empty. What is asked for and cannot be is an errs.Invalid or errs.Blocked.
func (m Maker) Make(ctx context.Context, r rollout.Rollout, section string) (d Draft, err error) {
	d.Key = SplitKey()
	err = m.DB.View(ctx, func(tx *store.Tx) error {
		found := false
		if d.Base, found, err = rollout.LiveIn(ctx, tx, r.Origin.Component, rollout.Production); err != nil {
			return err
		}
		d.First = !found
		if r.Release != "" { // all parts go to the same units
			rel, err := assembly.Get(ctx, tx, r.Release)
			d.Key = rel.SplitKey
			return err
		}
		return nil
	})
	if err != nil {
		return d, err
	}
	var before plan.Latencies
	if !d.First {
		if before, err = m.Latencies.Latencies(ctx, d.Base); err != nil {
			return d, err
		}
	}
	if d.Plan, err = plan.For(r.Origin.Lane, d.First, section, before); err != nil {
		return d, err
	}
	return d, m.gather(ctx, &d)
}

// SplitKey is fresh for each rollout, so that nobody is always the guinea pig.
func SplitKey() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails
	return hex.EncodeToString(raw)
}

// gather finds who the cohorts are.
func (m Maker) gather(ctx context.Context, d *Draft) error {
	d.Members = map[int][]string{}
	all := 0
	for k := range d.Plan.Stages {
		stage := &d.Plan.Stages[k]
		if stage.Cohort == nil {
			continue
		}
		found, err := m.Units.Cohort(ctx, *stage.Cohort, d.Key)
		if err != nil {
			return err
		}
		least, n := d.Plan.Minimum(k), len(found.Names)
		if all += n; all > mostMembers {
			return errs.New(errs.Blocked, "stage %d is for %s, which are %d: more than the %d that cohorts may have; give a share of everybody instead", k+1, stage.Cohort, n, mostMembers)
		}
		if float64(n)*stage.Share < float64(least) {
			return errs.New(errs.Blocked, "stage %d is for %s, which are %d of the %d units that are known; %g %% of them are fewer than the %d that must be served before the next stage. %s",
				k+1, stage.Cohort, n, found.Known, 100*stage.Share, least, "Record more units (factory unit import), or ask for fewer with units")
		}
		slices.Sort(found.Names)
		sum := sha256.Sum256([]byte(strings.Join(found.Names, "\n")))
		cohort := *stage.Cohort
		cohort.Found = &plan.Found{Units: n, Lowest: found.Lowest, Digest: hex.EncodeToString(sum[:])}
		stage.Cohort, d.Members[k] = &cohort, found.Names
	}
	return nil
}
