package runtime

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/runtime/count"
	"github.com/digital-factory/factory/internal/runtime/replica"
)

// How a request says whose it is: the unit of randomisation, a customer or a
// device. Without header and cookie it is the address.
const (
	unitHeader = replica.UnitHeader
	unitCookie = "factory_unit"
)

func unitOf(r *http.Request) string {
	if u := r.Header.Get(unitHeader); u != "" {
		return u
	}
	if c, err := r.Cookie(unitCookie); err == nil && c.Value != "" {
		return c.Value
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// digest is the keyed hash of a unit: its first half places the unit, the
// second names it without telling who it is.
type digest [sha256.Size]byte

func hash(key, unit string) digest { return sha256.Sum256([]byte(key + "\x00" + unit)) }

// canary reports whether the unit is in the share. The threshold only grows
// within a rollout, so a unit that is in stays in.
func (d digest) canary(share float64) bool {
	if share >= 1 {
		return true
	}
	return float64(binary.BigEndian.Uint64(d[:8])>>11)/(1<<53) < share
}

// name identifies the unit within the rollout.
func (d digest) name() string { return d.unit().Name() }

func (d digest) unit() count.Unit { return count.Unit(d[16:]) }

// Member is a unit that a stage with a cohort admits.
type Member struct {
	Stage int
	Unit  string // its name under the split
}

// mostStages that cohorts can name: a member's are bits of a word.
const mostStages = 32

// prepare finds who takes part in what a route routes.
func (s *Service) prepare(ctx context.Context, r Route) (*route, error) {
	ready := &route{Route: r}
	if !slices.ContainsFunc(r.Strata, func(st Stratum) bool { return st.Cohort }) {
		return ready, nil
	}
	list, err := s.cohorts.Members(ctx, r.Rollout)
	if err != nil {
		return nil, err
	}
	ready.members = make(map[[16]byte]uint32, len(list))
	for _, m := range list {
		name, err := hex.DecodeString(m.Unit)
		if err != nil || len(name) != 16 || m.Stage < 0 || m.Stage >= mostStages {
			return nil, errs.New(errs.Invalid, "a member of the cohorts of rollout %s is damaged", r.Rollout)
		}
		ready.members[[16]byte(name)] |= 1 << m.Stage
	}
	return ready, nil
}

// assign returns the arm of a unit in a stage, the stage so far that admitted it,
// and whether it takes part at all.
func (r *route) assign(unit digest, in int) (arm count.Arm, stage int, takesPart bool) {
	var member uint32
	if r.members != nil {
		member = r.members[[16]byte(unit[16:])]
	}
	best := Stratum{Share: -1}
	for _, st := range r.Strata {
		if st.Stage <= in && (!st.Cohort || member&(1<<st.Stage) != 0) && st.Share > best.Share {
			best = st
		}
	}
	switch {
	case best.Share < 0:
		return count.Baseline, 0, false
	case unit.canary(best.Share):
		return count.Canary, best.Stage, true
	}
	return count.Baseline, best.Stage, true
}

// asked reports whether a request asks for the canary.
func (p Preview) asked(r *http.Request) bool {
	return p.Header != "" && r.Header.Get(p.Header) == p.Value
}

// Split tells which rollout a workload takes part in, and how its units are
// named there.
type Split struct {
	Rollout ref.Rollout
	Arm     count.Arm
	route   *route
}

// Unit returns the name that the gateway gives a unit under this split, the stage
// under whose share it was assigned when something happened to it, and whether
// that counts as evidence: it does not where the stage is not known, for units
// that take no part, and for those that look at the canary of their own choice.
func (p Split) Unit(unit string, at time.Time) (name string, stage int, counts bool) {
	if len(p.route.Strata) == 0 {
		// Workers take units themselves. The same one, done by both, is one of each.
		stage, counts = p.route.stageAt(at)
		return hash(p.route.Key, string(p.Arm)+"\x00"+unit).name(), stage, counts
	}
	of := hash(p.route.Key, unit)
	now, _, _ := p.route.assign(of, p.route.Stage)
	if p.Arm == count.Canary && now != count.Canary {
		return of.name(), 0, false // who is in the canary stays there
	}
	if stage, counts = p.route.stageAt(at); counts && p.route.members != nil {
		_, stage, counts = p.route.assign(of, stage)
	}
	return of.name(), stage, counts
}

// switching is how long after a change of the share what services tell is about
// requests that were assigned before it.
const switching = time.Second

// stageAt returns which stage was in force at a time. It is false for what was
// before the rollout, which was not split at all, and around a change, when it may
// be either.
func (r *route) stageAt(at time.Time) (stage int, known bool) {
	for _, f := range slices.Backward(r.stages) {
		if !at.Before(f.since) {
			return f.stage, at.Sub(f.since) >= switching
		}
	}
	return 0, false
}

// Name returns the name that a split with a key gives a unit.
func Name(key, unit string) string { return hash(key, unit).name() }

// SplitOf returns the split that a workload's traffic is under; false when
// there is none.
func (s *Service) SplitOf(w Workload) (Split, bool) {
	rt := s.routes.Load().routes[place{w.Component, w.Environment}]
	switch {
	case rt == nil || rt.Rollout == "":
		return Split{}, false
	case rt.Canary == w.ID:
		return Split{rt.Rollout, count.Canary, rt}, true
	case rt.Baseline == w.ID:
		return Split{rt.Rollout, count.Baseline, rt}, true
	}
	return Split{}, false
}

// check refuses what can never work.
func (r Route) check() error {
	// Without strata nobody is assigned: so it is with workers, to which nobody comes.
	sound := r.Baseline != "" && (r.Canary == "") == (r.Rollout == "") && (r.Canary != "" || len(r.Strata) == 0)
	for _, st := range r.Strata {
		sound = sound && st.Share >= 0 && st.Share <= 1 && st.Stage >= 0 && st.Stage < mostStages
	}
	if !sound {
		return errs.New(errs.Invalid, "the route of %s in %s is not sound", r.Component, r.Environment)
	}
	return nil
}

// now is the share that the stage in force gives the canary.
func (r Route) now() float64 {
	if n := len(r.Strata); n > 0 {
		return r.Strata[n-1].Share
	}
	return 0
}
