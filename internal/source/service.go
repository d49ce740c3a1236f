package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/life"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/source/git"
)

// Config says where and how repositories are kept.
type Config struct {
	Dir       string        // absolute; holds the repositories, our hook and its socket
	Hook      []string      // command line of RunHook: this program, "hook", "pre-receive"
	Limit     int64         // bytes of one push; 2 GiB when 0
	FileLimit int64         // bytes of one file; 100 MiB when 0
	Timeout   time.Duration // longest fetch or push; 30 minutes when 0
	// Hint returns lines for the terminal of who pushed a branch that is not the
	// trunk; nil for none.
	Hint func(ctx context.Context, component, branch string) []string
	// Spent takes the processor time that git used for a component; nil for nobody.
	Spent func(component string, cpu time.Duration)
}

// Service keeps the repositories.
type Service struct {
	db       *store.DB
	journal  *journal.Journal
	items    Items
	settings Settings
	cfg      Config
	now      func() time.Time

	gate  gate
	slots chan struct{} // bounds how many git processes serve clients at a time

	mu    sync.Mutex // guards locks
	locks map[string]*sync.Mutex
}

// New returns the service. It starts nothing; pushes wait until Run has begun.
func New(db *store.DB, j *journal.Journal, items Items, settings Settings, cfg Config, now func() time.Time) *Service {
	cfg.Limit = cmp.Or(cfg.Limit, 2<<30)
	cfg.FileLimit = cmp.Or(cfg.FileLimit, 100<<20)
	cfg.Timeout = cmp.Or(cfg.Timeout, 30*time.Minute)
	return &Service{
		db: db, journal: j, items: items, settings: settings, cfg: cfg, now: now,
		gate:  gate{ready: make(chan struct{}), pushes: map[string]push{}},
		slots: make(chan struct{}, 32),
		locks: map[string]*sync.Mutex{},
	}
}

// Effects registers the performer of source.create.
func (s *Service) Effects(l *effect.Log) { l.Handle("source.create", time.Minute, s.create) }

// Run answers our pre-receive hook and tells what an earlier crash left
// untold, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	if err := s.prepare(); err != nil {
		return fmt.Errorf("prepare the directory of repositories: %w", err)
	}
	if err := git.Check(ctx); err != nil {
		return err
	}
	// Once everything has been looked at, only pushes that could not be told
	// at once (their notes are still there) are left to look after.
	look := s.Reconcile
	return life.Together(ctx,
		life.Part{Name: "source gate", Run: s.runGate},
		life.Part{Name: "source reconcile", Run: func(ctx context.Context) error {
			return life.Every(ctx, "source reconcile", time.Minute, nil, func(ctx context.Context) error {
				err := look(ctx)
				if err == nil {
					look = s.reconcileNoted
				}
				return err
			})
		}})
}

// prepare writes our hook. It names this very program, so it is written anew
// at each start.
func (s *Service) prepare() error {
	hooks := filepath.Join(s.cfg.Dir, "hooks")
	if err := os.MkdirAll(hooks, 0o700); err != nil {
		return err
	}
	if err := s.sweep(); err != nil {
		return err
	}
	script := "#!/bin/sh\nexec"
	for _, word := range s.cfg.Hook {
		script += " " + quote(word)
	}
	fresh := filepath.Join(hooks, ".pre-receive")
	if err := os.WriteFile(fresh, []byte(script+"\n"), 0o700); err != nil {
		return err
	}
	return os.Rename(fresh, filepath.Join(hooks, "pre-receive"))
}

// sweep removes what a crash left of commits that were being made; those of
// another process that serves the same directory are younger.
func (s *Service) sweep() error {
	left, err := filepath.Glob(filepath.Join(s.cfg.Dir, "*.git", "objects", "incoming-*"))
	if err != nil {
		return err
	}
	for _, dir := range left {
		if info, err := os.Stat(dir); err == nil && s.now().Sub(info.ModTime()) > time.Hour {
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// Reconcile compares every repository's refs with those told and tells the
// difference: what a crash between a push and its fact left behind. A
// repository that fails does not keep the others waiting.
func (s *Service) Reconcile(ctx context.Context) error {
	repositories, err := s.all(ctx)
	if err != nil {
		return err
	}
	return s.reconcile(ctx, repositories)
}

func (s *Service) reconcileNoted(ctx context.Context) error {
	repositories, err := s.noted(ctx)
	if err != nil {
		return err
	}
	return s.reconcile(ctx, repositories)
}

func (s *Service) reconcile(ctx context.Context, repositories []owned) error {
	var failures error
	for _, o := range repositories {
		if err := s.record(ctx, o); err != nil {
			failures = errors.Join(failures, fmt.Errorf("reconcile %s: %w", o.component, err))
		}
	}
	if failures != nil {
		return failures
	}
	return s.settleOld(ctx)
}

// lock makes records of one component one after another.
func (s *Service) lock(component string) (unlock func()) {
	s.mu.Lock()
	l := s.locks[component]
	if l == nil {
		l = &sync.Mutex{}
		s.locks[component] = l
	}
	s.mu.Unlock()
	l.Lock()
	return l.Unlock
}

// mayFetch: a token's git scope is what lets it read through git, so that a
// machine's token needs no more than that one.
func mayFetch(who access.Actor, team string) error {
	if !who.Known() {
		return who.May(access.Read, team)
	}
	if err := who.MayUse(access.ScopeGit); err != nil {
		return err
	}
	if len(who.Scopes) > 0 {
		who.Scopes = []access.Scope{access.ScopeRead}
	}
	return who.May(access.Read, team)
}

func mayPush(who access.Actor, team string) error {
	if err := who.May(access.BuildComponent, team); err != nil {
		return err
	}
	return who.MayUse(access.ScopeGit)
}

func logFailure(what, component string, err error) {
	if err != nil {
		slog.Error(what, "component", component, "error", err)
	}
}

func (s *Service) repository(component string) git.Repository {
	r := git.Repository{Dir: filepath.Join(s.cfg.Dir, component+".git"), Hooks: filepath.Join(s.cfg.Dir, "hooks"), Limit: s.cfg.Limit}
	if s.cfg.Spent != nil {
		r.Spent = func(cpu time.Duration) { s.cfg.Spent(component, cpu) }
	}
	return r
}
