// Package app puts the program together: it is the only package that knows
// every room. New wires and starts nothing, Run blocks until its context ends,
// Close closes what New opened, last first.
package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/digital-factory/factory/docs"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/api"
	"github.com/digital-factory/factory/internal/app/local"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/life"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/manual"
)

// App is a whole factory in one process.
type App struct {
	opts    Options
	born    time.Time
	ready   time.Duration
	db      *store.DB
	journal *journal.Journal
	effects *effect.Log
	access  *access.Service
	box     *sandbox.Sandbox
	rooms   rooms
	manual  *manual.Manual
	api     *api.API
	doors   []door
	parts   []life.Part
	closing life.Stack
}

// door is an opened listener and how it is served.
type door struct {
	name     string
	listener net.Listener
	serve    func(ctx context.Context, l net.Listener) error
}

// New opens the data directory, the database and the listeners, and wires the
// rooms. On an error everything opened so far is closed again.
func New(ctx context.Context, opts Options) (a *App, err error) {
	a = &App{opts: opts.withDefaults(), born: time.Now(), manual: manual.New(docs.Files)}
	defer func() {
		if err != nil {
			_ = a.Close(ctx)
		}
	}()
	if err := a.opts.validate(); err != nil {
		return a, err
	}
	for _, dir := range []*string{&a.opts.Data, &a.opts.Cache} {
		if *dir, err = filepath.Abs(*dir); err != nil {
			return a, err
		}
		if err := os.MkdirAll(*dir, 0o700); err != nil {
			return a, fmt.Errorf("create the data directory: %w", err)
		}
	}
	if err := a.ground(ctx); err != nil {
		return a, err
	}
	fresh, err := a.access.Fresh(ctx)
	if err != nil {
		return a, err
	}
	if err := refuseOpenDoor(fresh, a.opts.listeners()...); err != nil {
		return a, err
	}
	if err := a.open(); err != nil {
		return a, err
	}
	return a, a.furnish(ctx)
}

// ground opens the database and what all rooms stand on.
func (a *App) ground(ctx context.Context) error {
	db, err := store.Open(ctx, a.opts.Database)
	if err != nil {
		return err
	}
	a.db = db
	a.closing.Push("database", func(context.Context) error { return db.Close() })
	if err := db.Migrate(ctx, schemas()...); err != nil {
		return err
	}
	a.journal = journal.New(db, time.Now)
	a.effects = effect.New(db, time.Now)
	a.access = access.New(db, a.journal, time.Now)
	if a.box, err = sandbox.New(ctx, sandbox.Options{}); err != nil {
		return err
	}
	for _, missing := range a.box.Isolation().Missing {
		slog.Warn("THIS HOST CANNOT ISOLATE FULLY", "missing", missing)
	}
	return nil
}

// open opens the doors, so that addresses are known before anything is wired.
func (a *App) open() error {
	names := []string{"main", "gateway", "otlp", "agents"}
	for i, addr := range a.opts.listeners() {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return errs.Because(errs.Unavailable, err, "the %s door cannot be opened at %s", names[i], addr).Do("stop what listens there, or choose another address: factory up --help")
		}
		a.doors = append(a.doors, door{name: names[i], listener: l})
		a.closing.Push(names[i]+" door", func(context.Context) error { _ = l.Close(); return nil })
	}
	return nil
}

// URL is the address of the UI and the API.
func (a *App) URL() string { return "http://" + a.doors[0].listener.Addr().String() }

// GatewayURL is the address of the traffic to components.
func (a *App) GatewayURL() string { return "http://" + a.doors[1].listener.Addr().String() }

// Run serves until ctx ends, then stops: doors first, so that no request is
// cut, then followers, workers and workloads. Close is still to be called.
func (a *App) Run(ctx context.Context) error {
	parts := append([]life.Part{}, a.parts...)
	for _, d := range a.doors {
		parts = append(parts, life.Part{Name: d.name + " door", Run: func(ctx context.Context) error { return d.serve(ctx, d.listener) }})
	}
	// Starting makes twice as much garbage as what is kept, which an idle factory
	// would hold for minutes.
	debug.FreeOSMemory()
	a.ready = time.Since(a.born)
	slog.Info("the factory is ready", "version", local.Version(), "url", a.URL(), "gateway", a.GatewayURL(), "otlp", a.doors[2].listener.Addr().String(), "seconds", a.ready.Seconds(), "data", a.opts.Data)
	return life.Together(ctx, parts...)
}

// Close closes what New opened.
func (a *App) Close(ctx context.Context) error { return a.closing.Close(ctx, 15*time.Second) }

// drain is how long requests in flight may take when the factory stops.
const drain = 5 * time.Second

// serveHTTP returns how a door serves a handler.
func serveHTTP(handler http.Handler) func(context.Context, net.Listener) error {
	return func(ctx context.Context, l net.Listener) error {
		srv := &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: 10 * time.Second,
			IdleTimeout:       2 * time.Minute,
			MaxHeaderBytes:    64 << 10,
			BaseContext:       func(net.Listener) context.Context { return ctx }, // streams end with the factory
			ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
		}
		ended := make(chan error, 1)
		go func() { ended <- srv.Serve(l) }()
		select {
		case err := <-ended:
			return err
		case <-ctx.Done():
		}
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		if err := srv.Shutdown(bounded); err != nil {
			_ = srv.Close()
		}
		<-ended
		return nil
	}
}
