// Package journal is the record of what happened: facts in one order, each
// chained to the one before by its hash. It is the audit trail and the only
// coupling between modules.
//
// Owns: journal_fact, journal_cursor.
//
// Tells: nothing of its own.
//
// Asks: nothing.
//
// Invariants: a fact is appended in the transaction of the change it reports,
// so both exist or neither. Sequence numbers have no gaps. A follower's work
// and its cursor commit together, so each fact is handled exactly once.
package journal

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

//go:embed migrations
var files embed.FS

// Schema is the module's tables.
func Schema() store.Schema { return store.Schema{Module: "journal", Files: files} }

// By is who caused a fact.
type By struct {
	ID   string // account identifier, or "system/<part>"
	Name string
}

// Fact is one entry. Data is the JSON of the payload struct of Kind in package
// fact. Hash covers all other fields and Prev.
type Fact struct {
	Seq     int64
	ID      string
	Kind    string
	At      time.Time
	Actor   By
	Subject ref.Subject
	Data    json.RawMessage
	Prev    string
	Hash    string
}

// Decode reads the payload of f into the payload struct P; the caller has
// checked the kind.
func Decode[P fact.Payload](f Fact) (P, error) {
	var p P
	if f.Kind != p.Kind() {
		return p, fmt.Errorf("fact %d is a %s, not a %s", f.Seq, f.Kind, p.Kind())
	}
	if err := json.Unmarshal(f.Data, &p); err != nil {
		return p, fmt.Errorf("fact %d (%s): %w", f.Seq, f.Kind, err)
	}
	return p, nil
}

// Journal appends and reads facts.
type Journal struct {
	db        *store.DB
	now       func() time.Time
	followers []Follower

	mu       sync.Mutex // guards watchers
	watchers map[chan struct{}]struct{}
}

// New returns a journal on db. It starts nothing.
func New(db *store.DB, now func() time.Time) *Journal {
	return &Journal{db: db, now: now, watchers: map[chan struct{}]struct{}{}}
}

// appendLock makes appends on PostgreSQL one after another: without it a
// cursor reader loses facts, because identities become visible in the order of
// commits, not of numbers. It is taken last in the transaction, and no
// transaction waits for the network.
const appendLock = 4_201_002

const channel = "factory_journal"

// Append records that something happened, as part of tx. Call it last in the
// transaction.
func (j *Journal) Append(ctx context.Context, tx *store.Tx, by By, subject ref.Subject, payload fact.Payload) error {
	data, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("encode fact %s: %w", payload.Kind(), err)
	}
	if tx.Postgres() {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock($1)`, appendLock); err != nil {
			return err
		}
	}
	last, err := head(ctx, tx)
	if err != nil {
		return err
	}
	f := Fact{
		Seq: last.Seq + 1, ID: ref.New(), Kind: payload.Kind(), At: j.now().UTC().Truncate(time.Microsecond),
		Actor: by, Subject: subject, Data: data, Prev: last.Hash,
	}
	f.Hash = f.sum()
	if _, err := tx.Exec(ctx, `insert into journal_fact
		(seq, id, kind, at, actor, actor_name, subject, data, prev, hash)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		f.Seq, f.ID, f.Kind, store.Micros(f.At), f.Actor.ID, f.Actor.Name, string(f.Subject), string(f.Data), f.Prev, f.Hash); err != nil {
		return fmt.Errorf("append fact %s: %w", f.Kind, err)
	}
	tx.After(j.wake)
	return tx.Notify(ctx, channel)
}

// sum is the SHA-256 over the fact without its hash, in a form that does not
// depend on the database.
func (f Fact) sum() string {
	h := sha256.New()
	fmt.Fprintf(h, "%d\n%s\n%s\n%d\n%q\n%q\n%q\n%s\n%s", f.Seq, f.ID, f.Kind, f.At.UnixMicro(),
		f.Actor.ID, f.Actor.Name, string(f.Subject), f.Prev, f.Data)
	return hex.EncodeToString(h.Sum(nil))
}

// Intact reports whether the fact's hash is that of its content.
func (f Fact) Intact() bool { return f.sum() == f.Hash }

const columns = `seq, id, kind, at, actor, actor_name, subject, data, prev, hash`

func scan(s store.Scanner) (Fact, error) {
	var f Fact
	var at int64
	var data string
	err := s.Scan(&f.Seq, &f.ID, &f.Kind, &at, &f.Actor.ID, &f.Actor.Name, &f.Subject, &data, &f.Prev, &f.Hash)
	f.At, f.Data = store.Time(at), json.RawMessage(data)
	return f, err
}

func head(ctx context.Context, tx *store.Tx) (Fact, error) {
	f, err := store.One(ctx, tx, func(s store.Scanner) (Fact, error) {
		var f Fact
		return f, s.Scan(&f.Seq, &f.Hash)
	}, `select seq, hash from journal_fact order by seq desc limit 1`)
	if err == store.ErrNone {
		return Fact{}, nil
	}
	return f, err
}

// Head returns the number of the last fact; 0 when there is none.
func (j *Journal) Head(ctx context.Context) (seq int64, err error) {
	err = j.db.View(ctx, func(tx *store.Tx) error {
		f, err := head(ctx, tx)
		seq = f.Seq
		return err
	})
	return seq, err
}

// Since returns up to limit facts after seq, in order.
func (j *Journal) Since(ctx context.Context, seq int64, limit int) (facts []Fact, err error) {
	err = j.db.View(ctx, func(tx *store.Tx) error {
		facts, err = since(ctx, tx, seq, limit)
		return err
	})
	return facts, err
}

func since(ctx context.Context, tx *store.Tx, seq int64, limit int) ([]Fact, error) {
	return store.List(ctx, tx, scan, `select `+columns+` from journal_fact where seq > $1 order by seq limit $2`, seq, limit)
}

// Filter narrows a list of facts; empty fields do not.
type Filter struct {
	Subject ref.Subject
	Kind    string // a whole kind, "rollout.started", or the part before the dot
	Actor   string
}

// List returns facts, newest first, a page at a time.
func (j *Journal) List(ctx context.Context, f Filter, ask page.Ask) (facts []Fact, next string, err error) {
	before := int64(1) << 62
	if _, err := ask.Key(&before); err != nil {
		return nil, "", err
	}
	err = j.db.View(ctx, func(tx *store.Tx) error {
		var where store.Where
		where.And("seq < $1", before)
		where.Is("subject", string(f.Subject))
		if f.Kind != "" {
			where.And("(kind = $1 or kind like $2)", f.Kind, f.Kind+".%")
		}
		where.Is("actor", f.Actor)
		facts, err = store.List(ctx, tx, scan, `select `+columns+` from journal_fact`+where.String()+`order by seq desc limit `+where.Value(ask.Size()+1), where.Args()...)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	facts, next = page.Of(ask, facts, func(f Fact) any { return f.Seq })
	return facts, next, nil
}
