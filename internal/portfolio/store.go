package portfolio

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// vision returns the vision, nil when there is none.
func vision(ctx context.Context, tx *store.Tx) (*Vision, error) {
	v, err := store.One(ctx, tx, func(s store.Scanner) (Vision, error) {
		var v Vision
		var at int64
		err := s.Scan(&v.ID, &v.Text, &v.By, &at, &v.Version)
		v.At = store.Time(at)
		return v, err
	}, `select id, text, set_by, set_at, version from portfolio_vision where current = 1`)
	if err == store.ErrNone {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return &v, nil
}

func insertVision(ctx context.Context, tx *store.Tx, v Vision) error {
	_, err := tx.Exec(ctx, `insert into portfolio_vision (id, current, text, set_by, set_at, version) values ($1, 1, $2, $3, $4, $5)`,
		string(v.ID), v.Text, v.By, store.Micros(v.At), v.Version)
	if errs.Is(err, errs.Conflict) {
		return errs.New(errs.Conflict, "somebody else set the vision in the meantime").Do("look at it, then repeat your change on it")
	}
	return err
}

func updateVision(ctx context.Context, tx *store.Tx, v Vision) (int64, error) {
	return tx.Exec(ctx, `update portfolio_vision set text = $3, set_by = $4, set_at = $5, version = version + 1 where id = $1 and version = $2`,
		string(v.ID), v.Version-1, v.Text, v.By, store.Micros(v.At))
}

const objectiveColumns = `id, title, description, owner, created, version`

func scanObjective(s store.Scanner) (Objective, error) {
	o := Objective{KeyResults: []KeyResult{}}
	var created int64
	err := s.Scan(&o.ID, &o.Title, &o.Description, &o.Owner, &created, &o.Version)
	o.Created = store.Time(created)
	return o, err
}

func objectives(ctx context.Context, tx *store.Tx) ([]Objective, error) {
	return store.List(ctx, tx, scanObjective, `select `+objectiveColumns+` from portfolio_objective order by id`)
}

func objective(ctx context.Context, tx *store.Tx, id ref.Objective) (Objective, error) {
	o, err := store.One(ctx, tx, scanObjective, `select `+objectiveColumns+` from portfolio_objective where id = $1`, string(id))
	if err == store.ErrNone {
		return o, errs.New(errs.NotFound, "there is no objective %q", id).Do("look for it in: factory objective list")
	}
	return o, err
}

func insertObjective(ctx context.Context, tx *store.Tx, o Objective) error {
	_, err := tx.Exec(ctx, `insert into portfolio_objective (id, title, description, owner, created, version) values ($1, $2, $3, $4, $5, $6)`,
		string(o.ID), o.Title, o.Description, o.Owner, store.Micros(o.Created), o.Version)
	return err
}

func updateObjective(ctx context.Context, tx *store.Tx, o Objective) (int64, error) {
	return tx.Exec(ctx, `update portfolio_objective set title = $3, description = $4, owner = $5, version = version + 1 where id = $1 and version = $2`,
		string(o.ID), o.Version-1, o.Title, o.Description, o.Owner)
}

const keyResultColumns = `id, objective, title, unit, query, baseline, target, outcome, value, measured, told, problem, created, version`

func scanKeyResult(s store.Scanner) (KeyResult, error) {
	k := KeyResult{Spark: []Point{}}
	var outcome string
	var measured, created int64
	err := s.Scan(&k.ID, &k.Objective, &k.Title, &k.Unit, &k.Query, &k.Baseline, &k.Target, &outcome, &k.Value, &measured, &k.told, &k.Problem, &created, &k.Version)
	if err != nil {
		return k, err
	}
	k.Measured, k.Created = store.Time(measured), store.Time(created)
	if err := json.Unmarshal([]byte(outcome), &k.Outcome); err != nil {
		return k, fmt.Errorf("outcome of key result %s: %w", k.ID, err)
	}
	return k, nil
}

// keyResults returns the key results of an objective, "" for all, oldest first.
func keyResults(ctx context.Context, tx *store.Tx, o ref.Objective) ([]KeyResult, error) {
	return store.List(ctx, tx, scanKeyResult, `select `+keyResultColumns+` from portfolio_key_result where $1 = '' or objective = $1 order by id`, string(o))
}

func keyResult(ctx context.Context, tx *store.Tx, id ref.KeyResult) (KeyResult, error) {
	k, err := store.One(ctx, tx, scanKeyResult, `select `+keyResultColumns+` from portfolio_key_result where id = $1`, string(id))
	if err == store.ErrNone {
		return k, errs.New(errs.NotFound, "there is no key result %q", id).Do("look for it in: factory key-result list")
	}
	return k, err
}

func insertKeyResult(ctx context.Context, tx *store.Tx, k KeyResult) error {
	outcome, err := json.Marshal(k.Outcome)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `insert into portfolio_key_result
		(id, objective, title, unit, query, baseline, target, outcome, value, measured, told, problem, created, version)
		values ($1, $2, $3, $4, $5, $6, $7, $8, null, 0, null, $9, $10, $11)`,
		string(k.ID), string(k.Objective), k.Title, k.Unit, k.Query, k.Baseline, k.Target, string(outcome), k.Problem, store.Micros(k.Created), k.Version)
	return err
}

func updateKeyResult(ctx context.Context, tx *store.Tx, k KeyResult) (int64, error) {
	outcome, err := json.Marshal(k.Outcome)
	if err != nil {
		return 0, err
	}
	return tx.Exec(ctx, `update portfolio_key_result set title = $3, unit = $4, query = $5, baseline = $6, target = $7, outcome = $8, version = version + 1
		where id = $1 and version = $2`, string(k.ID), k.Version-1, k.Title, k.Unit, k.Query, k.Baseline, k.Target, string(outcome))
}

const initiativeColumns = `id, objective, fields, state, since, approved, evaluated, scored_by, scored_at, before_value, before_at, proposed_by, created, version`

func scanInitiative(s store.Scanner) (Initiative, error) {
	var i Initiative
	var fields string
	var since, approved, evaluated, scoredAt, beforeAt, created int64
	var before *float64
	err := s.Scan(&i.ID, &i.Objective, &fields, &i.State, &since, &approved, &evaluated, &i.scoredBy, &scoredAt, &before, &beforeAt, &i.By, &created, &i.Version)
	if err != nil {
		return i, err
	}
	if err := json.Unmarshal([]byte(fields), &i.Fields); err != nil {
		return i, fmt.Errorf("fields of initiative %s: %w", i.ID, err)
	}
	i.Since, i.Created, i.scoredAt = store.Time(since), store.Time(created), store.Time(scoredAt)
	i.Approved, i.evaluated = approved == 1, evaluated == 1
	if before != nil {
		i.before = &reading{*before, store.Time(beforeAt)}
	}
	return i, nil
}

func initiatives(ctx context.Context, tx *store.Tx) ([]Initiative, error) {
	return store.List(ctx, tx, scanInitiative, `select `+initiativeColumns+` from portfolio_initiative order by id`)
}

// initiative reads one initiative without what is computed.
func initiative(ctx context.Context, tx *store.Tx, id ref.Initiative) (Initiative, error) {
	i, err := store.One(ctx, tx, scanInitiative, `select `+initiativeColumns+` from portfolio_initiative where id = $1`, string(id))
	if err == store.ErrNone {
		return i, errs.New(errs.NotFound, "there is no initiative %q", id)
	}
	return i, err
}

func insertInitiative(ctx context.Context, tx *store.Tx, i Initiative) error {
	fields, err := json.Marshal(i.Fields)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `insert into portfolio_initiative
		(id, objective, fields, state, since, approved, evaluated, scored_by, scored_at, before_value, before_at, proposed_by, created, version)
		values ($1, $2, $3, $4, $5, 0, 0, $6, $7, null, 0, $8, $9, $10)`,
		string(i.ID), string(i.Objective), string(fields), string(i.State), store.Micros(i.Since), i.scoredBy, store.Micros(i.scoredAt), i.By, store.Micros(i.Created), i.Version)
	return err
}

func updateInitiative(ctx context.Context, tx *store.Tx, i Initiative) (int64, error) {
	fields, err := json.Marshal(i.Fields)
	if err != nil {
		return 0, err
	}
	var before *float64
	var beforeAt int64
	if i.before != nil {
		before, beforeAt = &i.before.value, store.Micros(i.before.at)
	}
	return tx.Exec(ctx, `update portfolio_initiative set fields = $3, state = $4, since = $5, approved = $6, evaluated = $7,
		scored_by = $8, scored_at = $9, before_value = $10, before_at = $11, version = version + 1 where id = $1 and version = $2`,
		string(i.ID), i.Version-1, string(fields), string(i.State), store.Micros(i.Since), store.Flag(i.Approved), store.Flag(i.evaluated),
		i.scoredBy, store.Micros(i.scoredAt), before, beforeAt)
}

func insertDecision(ctx context.Context, tx *store.Tx, d Decision) error {
	_, err := tx.Exec(ctx, `insert into portfolio_decision (id, initiative, verdict, reason, decided_by, at, from_state, to_state, evidence, hash)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		string(d.ID), string(d.Initiative), string(d.Verdict), d.Reason, d.By, store.Micros(d.At), string(d.From), string(d.To), d.Evidence, d.Hash)
	return err
}

// decisions returns an initiative's decisions, newest first.
func decisions(ctx context.Context, tx *store.Tx, id ref.Initiative) ([]Decision, error) {
	return store.List(ctx, tx, func(s store.Scanner) (Decision, error) {
		var d Decision
		var at int64
		err := s.Scan(&d.ID, &d.Initiative, &d.Verdict, &d.Reason, &d.By, &at, &d.From, &d.To, &d.Evidence, &d.Hash)
		d.At = store.Time(at)
		return d, err
	}, `select id, initiative, verdict, reason, decided_by, at, from_state, to_state, evidence, hash
		from portfolio_decision where initiative = $1 order by id desc`, string(id))
}
