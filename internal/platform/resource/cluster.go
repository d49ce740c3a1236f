package resource

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/postgres/server"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// serverLimits bound one server with all connections to it.
var serverLimits = sandbox.Limits{MemoryBytes: 1 << 30, CPUs: 2, PIDs: 512, TempBytes: 64 << 20}

const (
	mostConnections = 200 // of a server
	perDatabase     = 40
	previews        = "previews"
)

// clusterOf names the server of an environment. Staging and production have one
// each; all others, which come and go with changes, share one.
func clusterOf(e ref.Environment) string {
	if e == "staging" || e == "production" {
		return string(e)
	}
	return previews
}

// cluster is a server that runs while somebody needs it. Its fields are guarded
// by Service.mu.
type cluster struct {
	name     string
	users    int // who need it
	idle     time.Time
	running  bool           // somebody keeps it running
	server   *server.Server // while it answers
	why      error          // why it does not run
	failures int
	restarts int
	changed  chan struct{} // closed and made anew when it starts or fails
	stop     context.CancelFunc
	tenants  map[place]tenant // databases that workloads use just now
}

// tenant is how many use a database, and whose it is.
type tenant struct {
	team ref.Team
	n    int
}

// Run keeps the servers running that somebody needs and measures, until ctx ends
// and the workloads have ended.
func (s *Service) Run(ctx context.Context) error {
	served, end := context.WithCancel(context.WithoutCancel(ctx))
	var ending, servers sync.WaitGroup
	defer ending.Wait()
	defer servers.Wait()
	defer end()
	ending.Go(func() {
		select {
		case <-ctx.Done():
			s.awaitUnused()
			end()
		case <-served.Done():
		}
	})
	return s.runParts(served, &servers)
}

// awaitUnused returns when nobody needs a server, or it lasts too long.
func (s *Service) awaitUnused() {
	late, tick := time.NewTimer(s.pace.drain), time.NewTicker(20*time.Millisecond)
	defer late.Stop()
	defer tick.Stop()
	for {
		s.mu.Lock()
		s.ended = true
		users := 0
		for _, c := range s.clusters {
			users += c.users
		}
		s.mu.Unlock()
		if users == 0 {
			return
		}
		select {
		case <-late.C:
			return
		case <-tick.C:
		}
	}
}

// runNeeded starts the servers that are needed and stops the others.
func (s *Service) runNeeded(ctx context.Context, group *sync.WaitGroup) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.clusters {
		switch {
		case c.users > 0 && !c.running && ctx.Err() == nil:
			bounded, stop := context.WithCancel(ctx)
			c.running, c.stop = true, stop
			group.Go(func() { s.runCluster(bounded, c) })
		case c.users == 0 && c.running && s.now().Sub(c.idle) > s.pace.linger:
			c.stop()
		}
	}
	return nil
}

// runCluster keeps a server running until ctx ends.
func (s *Service) runCluster(ctx context.Context, c *cluster) {
	defer func() {
		s.mu.Lock()
		c.running = false
		c.stop()
		s.mu.Unlock()
		s.nudge() // somebody may need it again
	}()
	log, err := openLog(filepath.Join(s.clusterDir(c.name), "log"))
	if err != nil {
		s.changeCluster(c, nil, err)
		return
	}
	defer func() { _ = log.Close() }()
	pause := s.pace.first
	for ctx.Err() == nil {
		began := s.now()
		srv, err := s.startServer(ctx, c.name, log)
		if err == nil {
			s.changeCluster(c, srv, nil)
			select {
			case <-ctx.Done():
			case <-srv.Done():
				err = errs.New(errs.Unavailable, "%s", srv.Why())
			}
			s.changeCluster(c, nil, err)
			srv.Stop()
			if err != nil && ctx.Err() == nil {
				s.tellFailed(ctx, c, err)
			}
		} else if ctx.Err() == nil {
			s.changeCluster(c, nil, err)
		}
		if err == nil || ctx.Err() != nil {
			return
		}
		slog.Error("the PostgreSQL server of an environment does not run", "environment", c.name, "error", err)
		if s.now().Sub(began) > s.pace.steady {
			pause = s.pace.first
		}
		wait := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-wait.C:
		}
		wait.Stop()
		pause = min(2*pause, s.pace.longest)
	}
}

func (s *Service) clusterDir(name string) string { return filepath.Join(s.dir, "postgres", name) }

func (s *Service) startServer(ctx context.Context, name string, log io.Writer) (*server.Server, error) {
	var password string
	err := s.db.Update(ctx, func(tx *store.Tx) (err error) {
		password, err = s.secret(ctx, tx, "postgres/"+name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return server.Start(ctx, server.Options{Dir: s.clusterDir(name), Password: password, Log: log, Limits: serverLimits, Most: mostConnections, Stop: s.pace.stop, Box: s.box})
}

// changeCluster notes how a server does, and tells who waits for it.
func (s *Service) changeCluster(c *cluster, srv *server.Server, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.server, c.why = srv, why
	if why != nil {
		c.failures++
	}
	if srv != nil && c.failures > 0 {
		c.restarts++
	}
	close(c.changed)
	c.changed = make(chan struct{})
}

// need keeps the server of an environment running until release is called.
func (s *Service) need(name string) (c *cluster, release func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return nil, nil, errs.New(errs.Unavailable, "the factory is stopping")
	}
	if c = s.clusters[name]; c == nil {
		c = &cluster{name: name, changed: make(chan struct{}), tenants: map[place]tenant{}}
		s.clusters[name] = c
	}
	c.users++
	s.nudge()
	return c, sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		c.users--
		c.idle = s.now()
	}), nil
}

// await returns the server of a cluster once it answers. When it fails to start
// meanwhile that is errs.Blocked with the reason.
func (s *Service) await(ctx context.Context, c *cluster, patience time.Duration) (*server.Server, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	failures := -1
	for {
		s.mu.Lock()
		srv, why, n, changed := c.server, c.why, c.failures, c.changed
		s.mu.Unlock()
		if srv != nil {
			return srv, nil
		}
		if failures < 0 {
			failures = n
		}
		if n > failures {
			e := errs.Of(why)
			return nil, errs.Because(errs.Blocked, why, "the PostgreSQL server of %s does not run: %s", c.name, e.Text).Do("%s", e.Next)
		}
		select {
		case <-ctx.Done():
			return nil, errs.Because(errs.Unavailable, ctx.Err(), "the PostgreSQL server of %s does not answer yet", c.name)
		case <-changed:
		}
	}
}

// tellFailed tells for each database that a workload has that it was gone.
func (s *Service) tellFailed(ctx context.Context, c *cluster, why error) {
	s.mu.Lock()
	hit := maps.Clone(c.tenants)
	s.mu.Unlock()
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		for p, t := range hit {
			err := s.journal.Append(ctx, tx, me(), ref.Of("component", p.component), fact.ResourceFailed{Component: p.component, Team: t.team,
				Environment: p.environment, Resource: p.name, Type: Postgres, Reason: errs.Of(why).Text})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		slog.Error("a fact about a resource could not be told", "environment", c.name, "error", err)
	}
}

func me() journal.By { return journal.By{ID: "system/resource", Name: "resource"} }

// logBytes is how much a server's log holds; the one before is kept too.
const logBytes = 8 << 20

// serverLog is a file that is turned over.
type serverLog struct {
	mu   sync.Mutex // guards all
	path string
	file *os.File
	size int64
}

func openLog(path string) (*serverLog, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	l := &serverLog{path: path}
	return l, l.open()
}

func (l *serverLog) open() (err error) {
	if l.file, err = os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	info, err := l.file.Stat()
	if err == nil {
		l.size = info.Size()
	}
	return err
}

// Write never fails: a full disk must not stop the server by its log.
func (l *serverLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size > logBytes {
		_ = l.file.Close()
		_ = os.Rename(l.path, l.path+".1")
		if l.open() != nil {
			return len(p), nil
		}
	}
	n, _ := l.file.Write(p)
	l.size += int64(n)
	return len(p), nil
}

// Close closes the file.
func (l *serverLog) Close() error { return l.file.Close() }
