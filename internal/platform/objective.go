package platform

import (
	"cmp"
	"encoding/json"
	"strings"
	"unicode"

	"github.com/digital-factory/factory/internal/base/document"
	"github.com/digital-factory/factory/internal/base/errs"
)

// Objective is the one thing that a component promises (SLO): of requests, or of
// an outcome event that it tells.
type Objective struct {
	// Availability is the percentage of requests in 30 days that are not answered
	// with a server error; 0 when the promise is of an event.
	Availability float64 `yaml:"availability" json:"availability,omitempty"`
	Event        string  `yaml:"event" json:"event,omitempty"`
	Success      float64 `yaml:"success" json:"success,omitempty"` // percent of these in 30 days that are a success
	// Jobs says that each unit of the event is one job: told again, it is the same.
	Jobs bool `yaml:"-" json:"jobs,omitempty"`
}

// Share is the promised share, 0..1.
func (o Objective) Share() float64 { return cmp.Or(o.Success, o.Availability) / 100 }

// DefaultAvailability is the golden path's, for a manifest that sets none.
const DefaultAvailability = 99.5

// Of the share that a manifest may promise. Below the least no failure could burn
// the error budget fast enough to page; above the most, 26 seconds of failures in
// a month are the whole budget.
const (
	leastPromise = 95
	mostPromise  = 99.999
	mostEvent    = 256 // bytes of its name, as telemetry takes them
)

// promise checks what is promised, and fills in the default.
func (m *Manifest) promise(places document.Places, bad *errs.Error) {
	o := &m.SLO
	if m.Worker != nil && o.Availability != 0 {
		bad.In(places.Of("$.slo.availability"), "slo.availability is of requests, and nobody sends any to a worker: promise how its jobs go, with slo.event and slo.success")
		return
	}
	if o.Event == "" {
		if o.Success != 0 {
			bad.In(places.Of("$.slo.success"), "slo.success is of the outcome events that the component tells: say of which, such as event: jobs")
			return
		}
		o.Availability = cmp.Or(o.Availability, DefaultAvailability)
		percentage(places, bad, "slo.availability", o.Availability)
		return
	}
	o.Jobs = m.Worker != nil
	switch {
	case o.Availability != 0:
		bad.In(places.Of("$.slo.event"), "slo promises one thing: take out either availability, or event and success")
	case len(o.Event) > mostEvent || strings.ContainsFunc(o.Event, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }):
		bad.In(places.Of("$.slo.event"), "slo.event %.40q is the name of an outcome event: at most %d bytes, without spaces", o.Event, mostEvent)
	case o.Success == 0:
		bad.In(places.Of("$.slo.event"), "slo.event needs slo.success: what percentage of the events %s shall be a success, such as success: 99", o.Event)
	default:
		percentage(places, bad, "slo.success", o.Success)
	}
}

func percentage(places document.Places, bad *errs.Error, field string, v float64) {
	if !(v >= leastPromise && v <= mostPromise) {
		bad.In(places.Of("$."+field), "%s %v is a percentage from %v to %v", field, v, leastPromise, mostPromise)
	}
}

// ObjectiveOf reads what an image promises; one that was built before there
// were objectives promises the golden path's.
func ObjectiveOf(labels map[string]string) (Objective, error) {
	text, ok := labels[SLOLabel]
	if !ok {
		return Objective{Availability: DefaultAvailability}, nil
	}
	var o Objective
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return o, errs.Because(errs.Invalid, err, "the label %s cannot be read", SLOLabel)
	}
	if o.Share() == 0 {
		o.Availability = DefaultAvailability
	}
	return o, nil
}
