package prom

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/storage"
	otlp "github.com/prometheus/prometheus/storage/remote/otlptranslator/prometheusremotewrite"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/digital-factory/factory/internal/base/errs"
)

// promoted lists the resource attributes that become labels of every series,
// beside the forced ones. The rest are found on the series target_info.
var promoted = []string{
	"service.name", "service.namespace", "service.version",
	"component", "environment", "version", "deployment.environment.name",
	"device.id", "device.model", "cohort",
}

// Receipt says what became of the data points of one OTLP request.
type Receipt struct {
	Accepted int
	Rejected int
	Why      string // reasons for the rejected ones, for the sender; empty when there are none
}

// IngestMetrics stores OTLP metrics. Names and attributes become Prometheus
// names (http.server.duration in s is http_server_duration_seconds); the
// attributes in forced are set on every resource and become labels, whatever
// the sender says about them on resource or data point. Data points are
// refused one by one, and the receipt says how many and why: outside the
// store's time window, reserved names, too many or too long attributes,
// too many series. Delta sums and histograms are added up into cumulative
// ones. The error is for the store alone: unavailable, and then nothing was
// stored. md belongs to the store afterwards.
func (s *Store) IngestMetrics(ctx context.Context, md pmetric.Metrics, forced map[string]string) (Receipt, error) {
	sent := md.DataPointCount()
	tally := tally{}
	s.screen(md, forced, tally)
	s.deltas.convert(md, s.opt.Now(), tally)

	rec := &recorder{AppenderV2: s.db.AppenderV2(ctx), store: s, tally: tally, families: map[string]metadata.Metadata{}}
	_, err := otlp.NewPrometheusConverter(rec).FromMetrics(ctx, md, otlp.Settings{
		AddMetricSuffixes: true,
		LookbackDelta:     lookback,
		PromoteResourceAttributes: otlp.NewPromoteResourceAttributes(config.OTLPConfig{
			PromoteResourceAttributes: slices.AppendSeq(slices.Clone(promoted), maps.Keys(forced)),
		}),
	})
	if ctx.Err() != nil {
		_ = rec.Rollback()
		return Receipt{}, errs.Because(errs.Unavailable, ctx.Err(), "the metrics were not stored because the request ended")
	}
	if err := rec.Commit(); err != nil {
		return Receipt{}, errs.Because(errs.Unavailable, err, "the metrics could not be written").Do("send them again")
	}
	s.learn(rec.families)

	r := Receipt{Accepted: rec.accepted}
	r.Rejected = sent - r.Accepted
	if r.Rejected > 0 {
		r.Why = tally.String()
		if err != nil { // metrics the converter could not translate at all
			r.Why = strings.Join(slices.DeleteFunc([]string{r.Why, brief(err)}, func(s string) bool { return s == "" }), "; ")
		}
	}
	return r, nil
}

// brief is the first three lines of a joined error.
func brief(err error) string {
	lines := strings.SplitN(err.Error(), "\n", 4)
	return strings.Join(lines[:min(3, len(lines))], "; ")
}

// recorder stands between the converter and the database. The converter gives
// up a metric at the first sample that is refused, so a refusal is counted
// here and not passed on.
type recorder struct {
	storage.AppenderV2
	store    *Store
	tally    tally
	accepted int // data points
	families map[string]metadata.Metadata
	family   string // last one seen
	reserved bool   // whether it is reserved
}

// Append stores one sample. A data point of a summary or of a histogram with
// explicit bounds is several samples at one time; the one whose name ends in
// _count, of which each point has one, stands for the point.
func (r *recorder) Append(_ storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, opt storage.AOptions) (storage.SeriesRef, error) {
	if opt.MetricFamilyName != r.family {
		r.family = opt.MetricFamilyName
		r.reserved = slices.ContainsFunc(r.store.opt.Reserved, func(p string) bool { return strings.HasPrefix(r.family, p) })
		if !r.reserved {
			r.families[r.family] = opt.Metadata
		}
	}
	stands := r.family
	if typ := opt.Metadata.Type; typ == model.MetricTypeSummary || typ == model.MetricTypeHistogram && h == nil {
		stands += "_count"
	}
	count := 0
	if ls.Get(model.MetricNameLabel) == stands && r.family != targetInfo {
		count = 1
	}
	if r.reserved {
		r.tally.add(fmt.Sprintf("the name %s is kept for the factory's own metrics", r.family), count)
		return 0, nil
	}
	if r.store.db.Head().NumSeries() >= uint64(r.store.opt.MaxSeries) && !r.known(ls) {
		r.tally.add(fmt.Sprintf("the store already has %d live series: send fewer different attribute values", r.store.opt.MaxSeries), count)
		return 0, nil
	}
	ref, err := r.AppenderV2.Append(0, ls, st, t, v, h, fh, opt)
	if err != nil && !errors.Is(err, &storage.AppendPartialError{}) {
		r.tally.add(refusal(err), count)
		return 0, nil
	}
	r.accepted += count
	return ref, nil
}

const targetInfo = "target_info"

func (r *recorder) known(ls labels.Labels) bool {
	g, ok := r.AppenderV2.(storage.GetRef)
	if !ok {
		return false
	}
	ref, _ := g.GetRef(ls, ls.Hash())
	return ref != 0
}

// tally counts refused data points by reason.
type tally map[string]int

func (t tally) add(reason string, n int) {
	if n > 0 {
		t[reason] += n
	}
}

func (t tally) total() int {
	n := 0
	for _, k := range t {
		n += k
	}
	return n
}

// String lists the reasons, the most frequent first, at most five.
func (t tally) String() string {
	reasons := slices.SortedFunc(maps.Keys(t), func(a, b string) int {
		return cmp.Or(cmp.Compare(t[b], t[a]), cmp.Compare(a, b))
	})
	var b strings.Builder
	for i, r := range reasons {
		switch {
		case i == 5:
			fmt.Fprintf(&b, "; and %d more reasons", len(reasons)-5)
			return b.String()
		case i > 0:
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%d: %s", t[r], r)
	}
	return b.String()
}

func isAny(err error, targets ...error) bool {
	return slices.ContainsFunc(targets, func(t error) bool { return errors.Is(err, t) })
}
