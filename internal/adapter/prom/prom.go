// Package prom is the embedded metric store: the Prometheus time series
// database and its query language behind a small interface in our own words.
// It is the only package that imports Prometheus, because Prometheus promises
// no Go API: an upgrade is done, and its breakage repaired, here alone.
//
// Samples come in two ways. [Store.Append] takes the factory's own samples,
// such as the gateway's counts. [Store.IngestMetrics] takes OTLP metrics of
// workloads and devices, which are not trusted: whoever received them says
// which attributes are forced on them, so that a workload cannot pass for
// another, and names beginning with a reserved prefix are refused, so that it
// cannot write into the factory's own metrics.
//
// Samples go out by [Store.Instant] and [Store.Range], and by [Store.Handler],
// the Prometheus HTTP API, which Grafana and promtool understand.
//
// Invariants: one process holds a directory at a time (a lock file says so);
// what was accepted survives a restart; one bad data point never costs its
// neighbours; neither a query nor a sender can use memory without bound.
package prom

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/compression"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Options says how much a store keeps and how much one caller may use of it.
// The zero value of each field means its default.
type Options struct {
	// Retention is how long samples are kept. Default 30 days.
	Retention time.Duration
	// OutOfOrderWindow is how far behind the newest sample an older one may
	// still arrive, so that a device can deliver what it buffered while it was
	// offline. Default 24 hours.
	OutOfOrderWindow time.Duration
	// QueryTimeout ends a query that takes longer. Default 1 minute.
	QueryTimeout time.Duration
	// MaxSamples is how many samples one query may hold in memory, 16 bytes
	// each. Default 10 million.
	MaxSamples int
	// MaxQueries is how many queries run at once; further ones wait for a place
	// until their timeout. Default 8.
	MaxQueries int
	// MaxSeries is how many series may be live before OTLP data points that
	// would begin another are refused. Default 500,000. The factory's own
	// samples are exempt.
	MaxSeries int
	// Reserved lists beginnings of metric names that only Append may write.
	Reserved []string
	// Logger receives what the database has to say. Default: nobody.
	Logger *slog.Logger
	// Now is the clock that incoming timestamps are held against. Default
	// time.Now.
	Now func() time.Time
}

// Store is an open metric store. It is safe for concurrent use.
type Store struct {
	opt    Options
	db     *tsdb.DB
	engine *promql.Engine
	parser parser.Parser
	deltas *deltas

	mu   sync.Mutex // guards meta
	meta map[string]metricMeta
}

// lookback is how long after its last sample a series still has a value.
const lookback = 5 * time.Minute

// Open opens the store in dir, creating it if need be, and replays what was
// not yet compacted (about 0.4 s for 7 million samples). It fails as
// unavailable when another process has the directory. The database compacts
// and expires on its own until Close.
func Open(dir string, opt Options) (*Store, error) {
	fill(&opt)
	o := tsdb.DefaultOptions()
	o.RetentionDuration = opt.Retention.Milliseconds()
	o.OutOfOrderTimeWindow = opt.OutOfOrderWindow.Milliseconds()
	o.WALCompression = compression.Snappy
	// A counter that says when it began counting gets a zero there. Without it
	// the first events of every new series are invisible to increase().
	o.EnableSTAsZeroSample = true
	log := slog.New(quiet{opt.Logger.Handler()})
	db, err := tsdb.Open(dir, log, nil, o, nil)
	if err != nil {
		return nil, errs.Because(errs.Unavailable, err, "the metric store in %s cannot be opened", dir).
			Do("see that no other factory runs on this directory and that it is writable")
	}
	p := parser.NewParser(parser.Options{})
	engine := promql.NewEngine(promql.EngineOpts{
		Logger:                   log,
		MaxSamples:               opt.MaxSamples,
		Timeout:                  opt.QueryTimeout,
		ActiveQueryTracker:       make(slots, opt.MaxQueries),
		LookbackDelta:            lookback,
		EnableAtModifier:         true,
		EnableNegativeOffset:     true,
		Parser:                   p,
		NoStepSubqueryIntervalFn: func(int64) int64 { return time.Minute.Milliseconds() },
	})
	return &Store{
		opt: opt, db: db, engine: engine, parser: p,
		deltas: newDeltas(), meta: map[string]metricMeta{},
	}, nil
}

func fill(o *Options) {
	setDefault(&o.Retention, 30*24*time.Hour)
	setDefault(&o.OutOfOrderWindow, 24*time.Hour)
	setDefault(&o.QueryTimeout, time.Minute)
	setDefault(&o.MaxSamples, 10_000_000)
	setDefault(&o.MaxQueries, 8)
	setDefault(&o.MaxSeries, 500_000)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

func setDefault[T int | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// Close flushes and releases the directory. Requests must have ended before;
// the store must not be used afterwards.
func (s *Store) Close() error {
	if err := errors.Join(s.engine.Close(), s.db.Close()); err != nil {
		return fmt.Errorf("close the metric store: %w", err)
	}
	return nil
}

// quiet turns the database's running commentary into debug messages: what it
// tells at info (blocks found, segments replayed) is no news to an operator.
type quiet struct{ slog.Handler }

func lower(l slog.Level) slog.Level {
	if l == slog.LevelInfo {
		return slog.LevelDebug
	}
	return l
}

// Enabled reports whether the lowered level is wanted.
func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return q.Handler.Enabled(ctx, lower(l))
}

// Handle passes the record on at the lowered level.
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	r.Level = lower(r.Level)
	return q.Handler.Handle(ctx, r)
}

// WithAttrs keeps the lowering.
func (q quiet) WithAttrs(a []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(a)} }

// WithGroup keeps the lowering.
func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }

// slots bounds how many queries run at once.
type slots chan struct{}

// GetMaxConcurrent returns the number of places.
func (s slots) GetMaxConcurrent() int { return cap(s) }

// Insert waits for a place.
func (s slots) Insert(ctx context.Context, _ string) (int, error) {
	select {
	case s <- struct{}{}:
		return 0, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Delete frees a place.
func (s slots) Delete(int) { <-s }

// Close has nothing to release.
func (s slots) Close() error { return nil }
