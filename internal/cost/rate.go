package cost

import (
	"context"
	"math"
	"regexp"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// Rates are what a unit costs.
type Rates struct {
	CPUHour        float64 // an hour of a processor; not that of builds
	MemoryGBHour   float64 // 10^9 bytes for an hour
	StorageGBMonth float64 // 10^9 bytes for 730 hours
	BuildMinute    float64 // a minute of a step, with all that it uses
	Currency       string  // ISO 4217
	Version        int64   // 1: the defaults, which nobody changed yet
	By             string
	Changed        time.Time
}

// Defaults are of the order of what clouds ask for; they are there so that teams
// compare, and to be replaced by what the company pays.
func Defaults() Rates {
	return Rates{CPUHour: 0.04, MemoryGBHour: 0.005, StorageGBMonth: 0.10, BuildMinute: 0.008, Currency: "EUR", Version: 1}
}

const monthHours = 730

// Price is what uses cost.
type Price struct{ CPU, Memory, Storage, Build, Total float64 }

func (p Price) plus(o Price) Price {
	return Price{p.CPU + o.CPU, p.Memory + o.Memory, p.Storage + o.Storage, p.Build + o.Build, p.Total + o.Total}
}

// price prices what was used at a place. The processor time of builds is priced
// with their minutes.
func (r Rates) price(at Place, u Use) Price {
	p := Price{Memory: u.Memory * r.MemoryGBHour, Storage: u.Storage / monthHours * r.StorageGBMonth, Build: u.Build * r.BuildMinute}
	if at != Builds {
		p.CPU = u.CPU / 3600 * r.CPUHour
	}
	p.Total = p.CPU + p.Memory + p.Storage + p.Build
	return p
}

var currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)

const mostRate = 1e6

func (r Rates) check() error {
	bad := errs.New(errs.Invalid, "these cannot be rates")
	for _, f := range []struct {
		at string
		v  float64
	}{{"cpuHour", r.CPUHour}, {"memoryGBHour", r.MemoryGBHour}, {"storageGBMonth", r.StorageGBMonth}, {"buildMinute", r.BuildMinute}} {
		if math.IsNaN(f.v) || f.v < 0 || f.v > mostRate {
			bad.In(f.at, "must be 0 to %g", float64(mostRate))
		}
	}
	if !currencyForm.MatchString(r.Currency) {
		bad.In("currency", "%q must be three capital letters, such as EUR", r.Currency)
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// Rates returns the rates in force.
func (s *Service) Rates(ctx context.Context, who access.Actor) (r Rates, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return r, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		r, err = rates(ctx, tx)
		return err
	})
	return r, err
}

// SetRates replaces the rates that have a version; errs.Conflict with the
// current ones when they have another by now.
func (s *Service) SetRates(ctx context.Context, who access.Actor, r Rates) (Rates, error) {
	if err := who.May(access.SetRates, ""); err != nil {
		return r, err
	}
	if err := r.check(); err != nil {
		return r, err
	}
	from := r.Version
	r.Version, r.By, r.Changed = from+1, who.Name, s.now().UTC().Truncate(time.Microsecond)
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		now, err := rates(ctx, tx)
		if err != nil {
			return err
		}
		if now.Version != from {
			return store.Changed(0, "what a unit costs", now)
		}
		if err := setRates(ctx, tx, r); err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("rates", "cost"), fact.RatesChanged{CPUHour: r.CPUHour, MemoryGBHour: r.MemoryGBHour, StorageGBMonth: r.StorageGBMonth,
			BuildMinute: r.BuildMinute, Currency: r.Currency})
	})
	return r, err
}
