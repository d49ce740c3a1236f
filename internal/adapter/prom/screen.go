package prom

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Bounds on one data point. Prometheus itself has none, and would index a
// label of a megabyte or make a million series of one histogram.
const (
	maxAttributes = 64
	maxValue      = 2048 // bytes of one attribute's value
	maxBuckets    = 512
)

// screening is one request's pass before conversion: it removes what the
// sender may not say and the data points the store cannot take.
type screening struct {
	forced  map[string]string
	names   map[string]bool // label names the forced attributes become
	namer   otlptranslator.LabelNamer
	dropped map[string]bool // by attribute key: whether it is removed
	oldest  pcommon.Timestamp
	newest  pcommon.Timestamp
	begun   pcommon.Timestamp // start times before this are forgotten
	tally   tally
	outside string
}

// screen removes from md every attribute that would become the label of a
// forced one (service_name and service.name are the same label, and on a data
// point it would win), sets the forced ones, repairs broken UTF-8, and
// removes the data points outside the bounds, counting them in t.
func (s *Store) screen(md pmetric.Metrics, forced map[string]string, t tally) {
	now := s.opt.Now()
	oldest, newest := s.window(now)
	c := &screening{
		forced: forced, names: map[string]bool{}, dropped: map[string]bool{}, tally: t,
		oldest: pcommon.NewTimestampFromTime(oldest), newest: pcommon.NewTimestampFromTime(newest),
		begun:   pcommon.NewTimestampFromTime(now.Add(-s.opt.OutOfOrderWindow)),
		outside: fmt.Sprintf("timestamps must lie between %s and %s", oldest.UTC().Format(time.RFC3339), newest.UTC().Format(time.RFC3339)),
	}
	for k := range forced {
		if name, err := c.namer.Build(k); err == nil {
			c.names[name] = true
		}
	}
	for i := range md.ResourceMetrics().Len() {
		rm := md.ResourceMetrics().At(i)
		c.resource(rm.Resource().Attributes())
		for j := range rm.ScopeMetrics().Len() {
			ms := rm.ScopeMetrics().At(j).Metrics()
			for k := range ms.Len() {
				c.metric(ms.At(k))
			}
		}
	}
}

func (c *screening) resource(m pcommon.Map) {
	m.RemoveIf(func(k string, v pcommon.Value) bool {
		repair(v)
		if v.Type() == pcommon.ValueTypeStr && len(v.Str()) > maxValue {
			v.SetStr(strings.ToValidUTF8(v.Str()[:maxValue], ""))
		}
		return c.drop(k)
	})
	for k, v := range c.forced {
		m.PutStr(k, v)
	}
}

// drop reports whether an attribute is removed: it is forced, would become one
// of the labels beginning with __ that the database keeps for itself, or has a
// name no label can have.
func (c *screening) drop(key string) bool {
	d, ok := c.dropped[key]
	if !ok {
		name, err := c.namer.Build(key)
		d = err != nil || c.names[name] || strings.HasPrefix(name, "__")
		c.dropped[key] = d
	}
	return d
}

func repair(v pcommon.Value) {
	if v.Type() == pcommon.ValueTypeStr && !utf8.ValidString(v.Str()) {
		v.SetStr(strings.ToValidUTF8(v.Str(), "\uFFFD"))
	}
}

// metric screens the data points. A gauge has no beginning, and neither has a
// sum that goes down, so their start times are cleared: the database would put
// a zero there.
func (c *screening) metric(m pmetric.Metric) {
	if d := m.Description(); len(d) > maxValue || !utf8.ValidString(d) {
		m.SetDescription(strings.ToValidUTF8(d[:min(len(d), maxValue)], ""))
	}
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		c.numbers(m.Gauge().DataPoints(), false)
	case pmetric.MetricTypeSum:
		delta := m.Sum().AggregationTemporality() == pmetric.AggregationTemporalityDelta
		c.numbers(m.Sum().DataPoints(), m.Sum().IsMonotonic() || delta)
	case pmetric.MetricTypeHistogram:
		m.Histogram().DataPoints().RemoveIf(func(p pmetric.HistogramDataPoint) bool {
			if p.ExplicitBounds().Len() > maxBuckets || p.BucketCounts().Len() > maxBuckets+1 {
				c.tally.add(fmt.Sprintf("histograms may have %d buckets", maxBuckets), 1)
				return true
			}
			return c.refuse(p.Timestamp(), p.Attributes(), p.SetStartTimestamp, p.StartTimestamp() >= c.begun)
		})
	case pmetric.MetricTypeExponentialHistogram:
		m.ExponentialHistogram().DataPoints().RemoveIf(func(p pmetric.ExponentialHistogramDataPoint) bool {
			if p.Positive().BucketCounts().Len()+p.Negative().BucketCounts().Len() > maxBuckets {
				c.tally.add(fmt.Sprintf("histograms may have %d buckets", maxBuckets), 1)
				return true
			}
			return c.refuse(p.Timestamp(), p.Attributes(), p.SetStartTimestamp, p.StartTimestamp() >= c.begun)
		})
	case pmetric.MetricTypeSummary:
		m.Summary().DataPoints().RemoveIf(func(p pmetric.SummaryDataPoint) bool {
			if p.QuantileValues().Len() > maxBuckets {
				c.tally.add(fmt.Sprintf("summaries may have %d quantiles", maxBuckets), 1)
				return true
			}
			return c.refuse(p.Timestamp(), p.Attributes(), p.SetStartTimestamp, p.StartTimestamp() >= c.begun)
		})
	}
}

func (c *screening) numbers(ps pmetric.NumberDataPointSlice, counts bool) {
	ps.RemoveIf(func(p pmetric.NumberDataPoint) bool {
		return c.refuse(p.Timestamp(), p.Attributes(), p.SetStartTimestamp, counts && p.StartTimestamp() >= c.begun)
	})
}

func (c *screening) refuse(at pcommon.Timestamp, m pcommon.Map, setStart func(pcommon.Timestamp), keepStart bool) bool {
	if !keepStart {
		setStart(0)
	}
	if at < c.oldest || at > c.newest {
		c.tally.add(c.outside, 1)
		return true
	}
	if m.Len() > maxAttributes {
		c.tally.add(fmt.Sprintf("a data point may have %d attributes", maxAttributes), 1)
		return true
	}
	long := false
	m.RemoveIf(func(k string, v pcommon.Value) bool {
		repair(v)
		long = long || len(k) > maxValue || v.Type() == pcommon.ValueTypeStr && len(v.Str()) > maxValue
		return c.drop(k)
	})
	if long {
		c.tally.add(fmt.Sprintf("an attribute may be %d bytes long", maxValue), 1)
	}
	return long
}
