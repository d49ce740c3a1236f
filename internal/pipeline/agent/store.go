package agent

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

const columns = `id, name, created, created_by, token, token_until, joined, expires, seen, lost, stopped, draining, host`

func (s *Service) scan(sc store.Scanner) (Agent, error) {
	var a Agent
	var host string
	var created, until, joined, expires, seen, lost, stopped, draining int64
	if err := sc.Scan(&a.ID, &a.Name, &created, &a.CreatedBy, &a.token, &until, &joined, &expires, &seen, &lost, &stopped, &draining, &host); err != nil {
		return a, err
	}
	a.Created, a.tokenUntil, a.Joined, a.Expires = store.Time(created), store.Time(until), store.Time(joined), store.Time(expires)
	a.Seen, a.lost, a.stopped, a.drain = store.Time(seen), store.Time(lost), store.Time(stopped), draining == 1
	err := json.Unmarshal([]byte(host), &a.Host)
	a.otherBuild = a.Host.Version != s.version
	a.State = a.state(s.now())
	return a, err
}

func (s *Service) insert(ctx context.Context, tx *store.Tx, a Agent) error {
	_, err := tx.Exec(ctx, `insert into agent_agent (id, name, created, created_by, token, token_until, joined, expires, seen, lost, stopped, draining, host)
		values ($1, $2, $3, $4, $5, $6, 0, 0, 0, 0, 0, 0, '{}')`, string(a.ID), a.Name, store.Micros(a.Created), a.CreatedBy, a.token, store.Micros(a.tokenUntil))
	return err
}

// Each change writes only what it is about: others write to the row meanwhile.

// joined writes that an agent used its token; false when another did before.
func (s *Service) joined(ctx context.Context, tx *store.Tx, a Agent, token string) (first bool, err error) {
	host, err := json.Marshal(a.Host)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(ctx, `update agent_agent set token = '', joined = $3, expires = $4, seen = $5, host = $6 where id = $1 and token = $2`,
		string(a.ID), token, store.Micros(a.Joined), store.Micros(a.Expires), store.Micros(a.Seen), string(host))
	return n > 0, err
}

// saw writes a sign of life.
func (s *Service) saw(ctx context.Context, tx *store.Tx, a Agent, drains, begins bool) error {
	host, err := json.Marshal(a.Host)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `update agent_agent set seen = $2, host = $3, lost = 0, stopped = $4, draining = case when $5 = 1 then 1 when $6 = 1 then 0 else draining end where id = $1`,
		string(a.ID), store.Micros(a.Seen), string(host), store.Micros(a.stopped), store.Flag(drains), store.Flag(begins))
	return err
}

func (s *Service) byID(ctx context.Context, tx *store.Tx, id ref.Agent) (Agent, error) {
	a, err := store.One(ctx, tx, s.scan, `select `+columns+` from agent_agent where id = $1`, string(id))
	if errors.Is(err, store.ErrNone) {
		return a, errs.New(errs.Denied, "this agent was removed from the factory").Do("let it join again: factory agent create NAME")
	}
	return a, err
}

func (s *Service) byName(ctx context.Context, tx *store.Tx, name string) (Agent, error) {
	a, err := store.One(ctx, tx, s.scan, `select `+columns+` from agent_agent where name = $1`, name)
	if errors.Is(err, store.ErrNone) {
		return a, errs.New(errs.NotFound, "there is no agent %s", name).Do("see the agents: factory agent list")
	}
	return a, err
}

func (s *Service) all(ctx context.Context) (list []Agent, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = store.List(ctx, tx, s.scan, `select `+columns+` from agent_agent order by name`)
		return err
	})
	return list, err
}
