package agent

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/life"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/pipeline/agent/wire"
	"github.com/digital-factory/factory/internal/pipeline/queue"
	"github.com/digital-factory/factory/internal/ref"
)

// tokenFor is how long a machine may take to join.
const tokenFor = time.Hour

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// me is the actor behind what the package does by itself.
func me() access.Actor { return access.System("agent") }

func (a Agent) subject() ref.Subject { return ref.Of("agent", a.ID) }

// List returns the agents with the runs that they have, by name.
func (s *Service) List(ctx context.Context, who access.Actor) ([]Agent, error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, err
	}
	list, err := s.all(ctx)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if err := s.runsOf(ctx, &list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// runsOf fills in what an agent has.
func (s *Service) runsOf(ctx context.Context, a *Agent) error {
	lent, err := s.Runs.LentTo(ctx, queue.Agent(string(a.ID)))
	a.Runs = nil
	for _, l := range lent {
		a.Runs = append(a.Runs, l.Run)
	}
	return err
}

// Create registers an agent, and returns the token with which its machine joins:
// its name, a secret that is nowhere else, and the fingerprint of the factory's
// authority. It holds for an hour, once.
func (s *Service) Create(ctx context.Context, who access.Actor, name string) (a Agent, token string, err error) {
	if err := who.May(access.ManageAgents, ""); err != nil {
		return a, "", err
	}
	if s.Door == "" {
		return a, "", errs.New(errs.Blocked, "this factory does not wait for agents").Do("start it with an address for them: factory up --agents 0.0.0.0:8443")
	}
	if !nameForm.MatchString(name) {
		return a, "", errs.New(errs.Invalid, "%q is no name of an agent: 1 to 40 lower-case letters, digits or hyphens", name).Do("choose one such as build-1")
	}
	secret, now := rand.Text(), s.now()
	a = Agent{ID: ref.Agent(ref.New()), Name: name, State: Expected, Created: now, CreatedBy: who.Name, token: hashed(secret), tokenUntil: now.Add(tokenFor)}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if old, err := s.byName(ctx, tx, name); err == nil {
			return errs.New(errs.Conflict, "there is an agent %s already; it is %s", name, old.State).Do("choose another name, or remove it first: factory agent remove %s", name)
		} else if !errs.Is(err, errs.NotFound) {
			return err
		}
		return s.insert(ctx, tx, a)
	})
	return a, name + "." + secret + "." + s.authority.Fingerprint(), err
}

func hashed(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Drain has an agent take no more runs, and end when those that it has have.
func (s *Service) Drain(ctx context.Context, who access.Actor, name string) (a Agent, err error) {
	if err := who.May(access.ManageAgents, ""); err != nil {
		return a, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if a, err = s.byName(ctx, tx, name); err != nil {
			return err
		}
		if a.State != Connected && a.State != Draining {
			return errs.New(errs.Blocked, "the agent %s is %s; there is nothing to drain", name, a.State).Do("see the agents: factory agent list")
		}
		a.drain = true
		a.State = a.state(s.now())
		tx.After(s.ring)
		_, err = tx.Exec(ctx, `update agent_agent set draining = 1 where id = $1`, string(a.ID))
		return err
	})
	if err == nil {
		err = s.runsOf(ctx, &a)
	}
	return a, err
}

// Remove takes an agent out of the registry: its certificate is refused from now
// on, and its runs begin again elsewhere.
func (s *Service) Remove(ctx context.Context, who access.Actor, name string) error {
	if err := who.May(access.ManageAgents, ""); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		a, err := s.byName(ctx, tx, name)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `delete from agent_agent where id = $1`, string(a.ID)); err != nil {
			return err
		}
		runs, err := s.lose(ctx, tx, a, "was removed by "+who.Name)
		if err != nil {
			return err
		}
		tx.After(s.ring)
		return s.journal.Append(ctx, tx, who.By(), a.subject(), fact.AgentRemoved{Agent: a.ID, Name: a.Name, Runs: runs})
	})
}

// lose takes an agent's runs from it, and says in them what became of it.
func (s *Service) lose(ctx context.Context, tx *store.Tx, a Agent, became string) ([]ref.Run, error) {
	why := fmt.Sprintf("agent %s %s at %s", a.Name, became, s.now().UTC().Format("2006-01-02 15:04:05 UTC"))
	runs, err := s.Runs.Lose(ctx, tx, queue.Agent(string(a.ID)), why)
	tx.After(func() { s.forget(runs) })
	return runs, err
}

// forget ends the accounts of runs.
func (s *Service) forget(runs []ref.Run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, end := range s.counts {
		if slices.Contains(runs, k.run) {
			end(0)
			delete(s.counts, k)
		}
	}
}

// Run looks for agents that give no sign of life, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	if err := os.RemoveAll(s.dir); err != nil { // what was being sent when the factory stopped
		return err
	}
	// While the factory was away no agent could give a sign.
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `update agent_agent set seen = $1 where joined > 0 and lost = 0 and stopped = 0 and seen < $1`, store.Micros(s.now()))
		return err
	})
	if err != nil {
		return err
	}
	return life.Every(ctx, "agents", time.Second, nil, s.Look)
}

// Look gives up the agents that give no sign of life.
func (s *Service) Look(ctx context.Context) error {
	list, err := s.all(ctx)
	if err != nil {
		return err
	}
	for _, a := range list {
		if !a.overdue(s.now()) {
			continue
		}
		err := s.db.Update(ctx, func(tx *store.Tx) error {
			a, err := s.byID(ctx, tx, a.ID)
			if err != nil || !a.overdue(s.now()) {
				return err // it came back, or is gone, or another replica was first
			}
			n, err := tx.Exec(ctx, `update agent_agent set lost = $2 where id = $1 and lost = 0 and seen = $3`, string(a.ID), store.Micros(s.now()), store.Micros(a.Seen))
			if err != nil || n == 0 {
				return err
			}
			runs, err := s.lose(ctx, tx, a, "was lost")
			if err != nil {
				return err
			}
			slog.Warn("an agent gives no sign of life; what it ran begins again elsewhere", "agent", a.Name, "seen", a.Seen, "runs", len(runs))
			return s.journal.Append(ctx, tx, me().By(), a.subject(), fact.AgentLost{Agent: a.ID, Name: a.Name, Runs: runs})
		})
		if err != nil && !errs.Is(err, errs.Denied) {
			return err
		}
	}
	return nil
}

// join gives a machine a certificate for the secret of a token, once.
func (s *Service) join(ctx context.Context, in wire.Join) (out wire.Joined, err error) {
	if !s.joins.allow() {
		return out, errs.New(errs.Unavailable, "too many machines try to join").Do("try again in a minute")
	}
	if in.Host.Version != s.version {
		return out, errs.New(errs.Blocked, "this agent is version %s of the program, the factory is version %s; both must be the same, so that steps do the same on each", in.Host.Version, s.version).
			Do("use the factory's program on this machine")
	}
	refused := errs.New(errs.Denied, "the token is not accepted: it was used, is older than %s, or is not this factory's", tokenFor).
		Do("ask a platform engineer for another: factory agent create NAME")
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		a, err := s.byName(ctx, tx, in.Name)
		if errs.Is(err, errs.NotFound) {
			return refused
		} else if err != nil {
			return err
		}
		fits := subtle.ConstantTimeCompare([]byte(hashed(in.Secret)), []byte(a.token)) == 1
		if !fits || a.token == "" || s.now().After(a.tokenUntil) {
			return refused
		}
		a.Joined, a.Seen, a.Host = s.now(), s.now(), in.Host
		if out.Certificate, a.Expires, err = s.authority.sign(in.Request, a.ID); err != nil {
			return err
		}
		if first, err := s.joined(ctx, tx, a, a.token); err != nil {
			return err
		} else if !first {
			return refused
		}
		return s.journal.Append(ctx, tx, me().By(), a.subject(), fact.AgentJoined{Agent: a.ID, Name: a.Name, System: in.Host.System, Version: in.Host.Version})
	})
	return out, err
}

// renew gives an agent its next certificate.
func (s *Service) renew(ctx context.Context, a Agent, in wire.Join) (out wire.Joined, err error) {
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if a, err = s.byID(ctx, tx, a.ID); err != nil {
			return err
		}
		if out.Certificate, a.Expires, err = s.authority.sign(in.Request, a.ID); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `update agent_agent set expires = $2 where id = $1`, string(a.ID), store.Micros(a.Expires))
		return err
	})
	return out, err
}

// limiter lets few machines try to join: secrets are not to be guessed, and each
// try costs the database something.
type limiter struct {
	now func() time.Time

	mu   sync.Mutex // guards what follows
	left float64
	last time.Time
}

const (
	joinsAtOnce   = 20
	joinsInSecond = 1.0
)

func (l *limiter) allow() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if l.last.IsZero() {
		l.left = joinsAtOnce
	} else {
		l.left = min(joinsAtOnce, l.left+now.Sub(l.last).Seconds()*joinsInSecond)
	}
	l.last = now
	if l.left < 1 {
		return false
	}
	l.left--
	return true
}
