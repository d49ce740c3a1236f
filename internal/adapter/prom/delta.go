package prom

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"maps"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Bounds on what is remembered for delta senders.
const (
	maxStreams = 100_000
	streamIdle = time.Hour // after this a stream may be forgotten
)

// deltas adds up delta data points, of which each says only what happened
// since the one before, into the cumulative ones Prometheus stores. The sums
// live in memory: after a restart they begin again at zero with a new start
// time, which rate() and increase() take for a counter reset, as they should.
type deltas struct {
	mu      sync.Mutex
	streams map[streamKey]*stream
	swept   time.Time
}

type streamKey [16]byte

// stream is the sum so far of one series.
type stream struct {
	start, last pcommon.Timestamp
	seen        time.Time
	count       uint64
	sum         float64
	ints        int64
	bounds      []float64
	buckets     []uint64
}

func newDeltas() *deltas { return &deltas{streams: map[streamKey]*stream{}} }

// convert makes md cumulative where it is delta. A point that is not newer
// than the last one of its stream is refused, for it may have been added
// already. Delta exponential histograms, whose buckets move, and delta sums
// that go down, whose level a restart would lose, are refused.
func (d *deltas) convert(md pmetric.Metrics, now time.Time, t tally) {
	for i := range md.ResourceMetrics().Len() {
		rm := md.ResourceMetrics().At(i)
		var resource []byte
		for j := range rm.ScopeMetrics().Len() {
			sm := rm.ScopeMetrics().At(j)
			for k := range sm.Metrics().Len() {
				m := sm.Metrics().At(k)
				if !isDelta(m) {
					continue
				}
				if resource == nil {
					h := sha256.New()
					hashMap(h, rm.Resource().Attributes())
					resource = h.Sum(nil)
				}
				h := sha256.New()
				h.Write(resource)
				hashText(h, sm.Scope().Name(), m.Name(), m.Unit(), m.Type().String())
				d.metric(m, h.Sum(nil), now, t)
			}
		}
	}
}

func isDelta(m pmetric.Metric) bool {
	switch m.Type() {
	case pmetric.MetricTypeSum:
		return m.Sum().AggregationTemporality() == pmetric.AggregationTemporalityDelta
	case pmetric.MetricTypeHistogram:
		return m.Histogram().AggregationTemporality() == pmetric.AggregationTemporalityDelta
	case pmetric.MetricTypeExponentialHistogram:
		return m.ExponentialHistogram().AggregationTemporality() == pmetric.AggregationTemporalityDelta
	}
	return false
}

const wantCumulative = "; set OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative"

func (d *deltas) metric(m pmetric.Metric, prefix []byte, now time.Time, t tally) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sweep(now)
	switch m.Type() {
	case pmetric.MetricTypeSum:
		if !m.Sum().IsMonotonic() {
			t.add("delta sums that go down are not taken"+wantCumulative, m.Sum().DataPoints().Len())
			m.Sum().DataPoints().RemoveIf(func(pmetric.NumberDataPoint) bool { return true })
			return
		}
		m.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		m.Sum().DataPoints().RemoveIf(func(p pmetric.NumberDataPoint) bool {
			s := d.stream(prefix, p.Attributes(), p.StartTimestamp(), p.Timestamp(), now, t)
			if s == nil {
				return true
			}
			p.SetStartTimestamp(s.start)
			if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
				s.ints += p.IntValue()
			} else {
				s.sum += p.DoubleValue()
			}
			if s.sum != 0 {
				p.SetDoubleValue(s.sum + float64(s.ints))
			} else {
				p.SetIntValue(s.ints)
			}
			return false
		})
	case pmetric.MetricTypeHistogram:
		m.Histogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		m.Histogram().DataPoints().RemoveIf(func(p pmetric.HistogramDataPoint) bool {
			s := d.stream(prefix, p.Attributes(), p.StartTimestamp(), p.Timestamp(), now, t)
			if s == nil {
				return true
			}
			s.addHistogram(p)
			return false
		})
	case pmetric.MetricTypeExponentialHistogram:
		t.add("delta exponential histograms are not taken"+wantCumulative, m.ExponentialHistogram().DataPoints().Len())
		m.ExponentialHistogram().DataPoints().RemoveIf(func(pmetric.ExponentialHistogramDataPoint) bool { return true })
	}
}

// addHistogram adds p to the stream and gives p the sums. New bounds begin a
// new sum.
func (s *stream) addHistogram(p pmetric.HistogramDataPoint) {
	bounds, counts := p.ExplicitBounds().AsRaw(), p.BucketCounts().AsRaw()
	if !slices.Equal(bounds, s.bounds) || len(counts) != len(s.buckets) {
		if s.count > 0 {
			s.start = p.StartTimestamp()
		}
		s.bounds, s.buckets, s.count, s.sum = bounds, make([]uint64, len(counts)), 0, 0
	}
	for i, c := range counts {
		s.buckets[i] += c
	}
	s.count += p.Count()
	s.sum += p.Sum()
	p.SetStartTimestamp(s.start)
	p.SetCount(s.count)
	if p.HasSum() {
		p.SetSum(s.sum)
	}
	p.BucketCounts().FromRaw(s.buckets)
	p.RemoveMin() // the extremes of one interval are not those of all
	p.RemoveMax()
}

// stream returns the stream of a point after noting its time, or nil when the
// point is refused.
func (d *deltas) stream(prefix []byte, attrs pcommon.Map, start, at pcommon.Timestamp, now time.Time, t tally) *stream {
	h := sha256.New()
	h.Write(prefix)
	hashMap(h, attrs)
	var key streamKey
	copy(key[:], h.Sum(nil))
	s := d.streams[key]
	if s == nil {
		if len(d.streams) >= maxStreams {
			t.add(fmt.Sprintf("more than %d delta series%s", maxStreams, wantCumulative), 1)
			return nil
		}
		s = &stream{start: start}
		d.streams[key] = s
	}
	if at <= s.last {
		t.add("delta points must arrive in the order of time, each once", 1)
		return nil
	}
	s.last, s.seen = at, now
	return s
}

// sweep forgets idle streams, at most once a minute and only when half the
// room is taken.
func (d *deltas) sweep(now time.Time) {
	if len(d.streams) < maxStreams/2 || now.Sub(d.swept) < time.Minute {
		return
	}
	d.swept = now
	maps.DeleteFunc(d.streams, func(_ streamKey, s *stream) bool { return now.Sub(s.seen) > streamIdle })
}

// hashMap hashes attributes in the order of their keys.
func hashMap(h hash.Hash, m pcommon.Map) {
	keys := make([]string, 0, m.Len())
	m.Range(func(k string, _ pcommon.Value) bool {
		keys = append(keys, k)
		return true
	})
	slices.Sort(keys)
	for _, k := range keys {
		v, _ := m.Get(k)
		hashText(h, k, v.AsString())
	}
}

// hashText hashes texts with their lengths, so that no two lists are alike.
func hashText(h hash.Hash, texts ...string) {
	var n [8]byte
	for _, s := range texts {
		binary.LittleEndian.PutUint64(n[:], uint64(len(s)))
		h.Write(n[:])
		h.Write([]byte(s))
	}
}
