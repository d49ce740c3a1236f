package source

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/source/git"
)

// gate is where hooks ask. ready is closed once the socket answers.
type gate struct {
	ready  chan struct{}
	once   sync.Once
	socket string // set before ready is closed

	mu     sync.Mutex // guards pushes
	pushes map[string]push
}

// push is a receive-pack that is running, found by the one-time secret in its
// hook's environment.
type push struct {
	id  string
	who access.Actor
	owned
}

// register makes a secret for a push. forget must be called when git ended.
func (g *gate) register(p push) (secret string, forget func()) {
	secret = rand.Text()
	g.mu.Lock()
	g.pushes[secret] = p
	g.mu.Unlock()
	return secret, func() { g.take(secret) }
}

// take returns the push of a secret; the secret is worth nothing afterwards.
func (g *gate) take(secret string) (p push, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p, ok = g.pushes[secret]
	delete(g.pushes, secret)
	return p, ok
}

// wait blocks until hooks can be answered.
func (g *gate) wait(ctx context.Context) error {
	select {
	case <-g.ready:
		return nil
	case <-ctx.Done():
		return errs.Because(errs.Unavailable, ctx.Err(), "the factory is still starting").Do("push again in a moment")
	}
}

// socketLimit is what a Unix socket's address can hold, less a reserve.
const socketLimit = 100

// runGate answers hooks until ctx ends.
func (s *Service) runGate(ctx context.Context) error {
	socket := filepath.Join(s.cfg.Dir, "hooks", "socket")
	if len(socket) > socketLimit {
		short, err := os.MkdirTemp("", "factory-hook-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(short) }()
		socket = filepath.Join(short, "socket")
	}
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err // left behind by a crash, and cannot be removed
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", socket)
	if err != nil {
		return fmt.Errorf("listen for hooks: %w", err)
	}
	if err := os.Chmod(socket, 0o600); err != nil {
		return errors.Join(err, l.Close())
	}
	s.gate.socket = socket
	s.gate.once.Do(func() { close(s.gate.ready) })
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	var hooks sync.WaitGroup
	defer hooks.Wait()
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("listen for hooks: %w", err)
		}
		hooks.Go(func() { s.runHook(ctx, conn) })
	}
}

// runHook answers one hook.
func (s *Service) runHook(ctx context.Context, conn net.Conn) {
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(ctx, hookBound)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	var q question
	if err := json.NewDecoder(io.LimitReader(conn, mostMessage)).Decode(&q); err != nil {
		slog.Warn("a hook sent no question", "error", err)
		return
	}
	v := s.answer(ctx, q)
	if err := json.NewEncoder(conn).Encode(v); err != nil {
		slog.Warn("a hook did not wait for its answer", "error", err)
	}
}

// answer judges a whole push: one refused ref refuses it all.
func (s *Service) answer(ctx context.Context, q question) verdict {
	p, ok := s.gate.take(q.Secret)
	if !ok {
		return verdict{Lines: []string{"this hook belongs to no push of this factory"}}
	}
	repo := s.repository(p.component)
	quarantine, err := quarantineOf(repo, q.Quarantine)
	if err != nil {
		slog.Error("a hook named a foreign quarantine", "component", p.component, "path", q.Quarantine)
		return verdict{Lines: []string{err.Error()}}
	}
	repo.Quarantine = quarantine
	updates := make([]update, len(q.Updates))
	for i, line := range q.Updates {
		u := update{before: line[0], after: line[1], ref: line[2]}
		if !git.ObjectName.MatchString(u.before) || !git.ObjectName.MatchString(u.after) {
			return verdict{Lines: []string{"git sent a damaged line"}}
		}
		if git.Zero(u.before) {
			u.before = ""
		}
		if git.Zero(u.after) {
			u.after = ""
		}
		updates[i] = u
	}
	for _, u := range updates {
		if err := s.judge(ctx, repo, p.owned, u); err != nil {
			return s.reject(ctx, p, u, err)
		}
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		for _, u := range updates {
			if err := insertPending(ctx, tx, p.component, accepted{p.id, u.ref, u.before, u.after, p.who.By()}, s.now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return s.unclear(p, err)
	}
	return verdict{Accepted: true, Lines: s.hint(ctx, p.component, updates)}
}

// hint tells the pusher of one branch what they may do with it now.
func (s *Service) hint(ctx context.Context, component string, updates []update) []string {
	if s.cfg.Hint == nil || len(updates) != 1 || updates[0].after == "" {
		return nil
	}
	branch, ok := strings.CutPrefix(updates[0].ref, "refs/heads/")
	if !ok || branch == Trunk {
		return nil
	}
	return s.cfg.Hint(ctx, component, branch)
}

// quarantineOf accepts only a directory that git made inside the repository's
// object store, or none: a push that only deletes brings no objects.
func quarantineOf(r git.Repository, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	objects := filepath.Join(r.Dir, "objects")
	if filepath.Dir(path) != objects || !strings.Contains(filepath.Base(path), "incoming") {
		return "", errors.New("git did not put this push aside, so it cannot be checked")
	}
	return path, nil
}

// reject tells the refusal and words it for the pusher's terminal.
func (s *Service) reject(ctx context.Context, p push, u update, reason error) verdict {
	if !errs.Is(reason, errs.Blocked) {
		return s.unclear(p, reason)
	}
	e := errs.Of(reason)
	s.tellRejected(ctx, p.who, p.component, u, e)
	lines := []string{"", "Digital Factory rejects this push:", "  " + e.Text}
	for _, f := range e.Fields {
		lines = append(lines, "  "+f.At+": "+f.Text)
	}
	if e.Next != "" {
		lines = append(lines, "  next: "+e.Next)
	}
	return verdict{Lines: append(lines, "")}
}

// tellRejected tells that a rule refused an update.
func (s *Service) tellRejected(ctx context.Context, who access.Actor, component string, u update, e *errs.Error) {
	text := e.Text
	for _, f := range e.Fields {
		text += "; " + f.At + ": " + f.Text
	}
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		return s.journal.Append(ctx, tx, who.By(), ref.Of("component", component), fact.PushRejected{
			Component: ref.Component(component), Branch: git.Cut(strings.ToValidUTF8(u.branch(), "\uFFFD"), 200), Reason: text,
		})
	})
	logFailure("a rejected push could not be told", component, err)
}

// unclear words that the rules could not be checked: not the pusher's fault.
func (s *Service) unclear(p push, err error) verdict {
	logFailure("a push could not be checked", p.component, err)
	e := errs.Of(err)
	lines := []string{"", "Digital Factory could not check this push, so nothing was changed:", "  " + e.Text}
	if e.Next != "" {
		lines = append(lines, "  next: "+e.Next)
	}
	return verdict{Lines: append(lines, "")}
}
