package product

import (
	"context"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

const productQuery = `select p.id, p.name, p.description, p.owner, p.created, p.version,
	(select count(*) from product_feature f where f.product = p.id and f.state = 'planned'),
	(select count(*) from product_feature f where f.product = p.id and f.state = 'building'),
	(select count(*) from product_feature f where f.product = p.id and f.state = 'released')
	from product_product p`

func scanProduct(s store.Scanner) (Product, error) {
	var p Product
	var created int64
	err := s.Scan(&p.ID, &p.Name, &p.Description, &p.Owner, &created, &p.Version, &p.Features.Planned, &p.Features.Building, &p.Features.Released)
	p.Created = store.Time(created)
	return p, err
}

func product(ctx context.Context, tx *store.Tx, id ref.Product) (Product, error) {
	p, err := store.One(ctx, tx, scanProduct, productQuery+` where p.id = $1`, string(id))
	if err == store.ErrNone {
		return p, errs.New(errs.NotFound, "there is no product %q", id).Do("look for it in: factory product list")
	}
	return p, err
}

func products(ctx context.Context, tx *store.Tx, after string, limit int) ([]Product, error) {
	return store.List(ctx, tx, scanProduct, productQuery+` where p.id > $1 order by p.id limit $2`, after, limit)
}

func insertProduct(ctx context.Context, tx *store.Tx, p Product) error {
	_, err := tx.Exec(ctx, `insert into product_product (id, name, description, owner, created, version) values ($1, $2, $3, $4, $5, $6)`,
		string(p.ID), p.Name, p.Description, p.Owner, store.Micros(p.Created), p.Version)
	return err
}

func updateProduct(ctx context.Context, tx *store.Tx, p Product) (int64, error) {
	return tx.Exec(ctx, `update product_product set name = $3, description = $4, owner = $5, version = version + 1 where id = $1 and version = $2`,
		string(p.ID), p.Version-1, p.Name, p.Description, p.Owner)
}

// lockOrder keeps other changes of the product's order out until the end of tx,
// and is an errs.NotFound when there is no such product.
func lockOrder(ctx context.Context, tx *store.Tx, id ref.Product) error {
	n, err := tx.Exec(ctx, `update product_product set version = version where id = $1`, string(id))
	if err == nil && n == 0 {
		return errs.New(errs.NotFound, "there is no product %q", id).Do("look for it in: factory product list")
	}
	return err
}

const featureQuery = `select f.id, f.product, f.initiative, f.key_result, f.title, f.hypothesis, f.predicted, f.rank, f.state, f.since, f.because,
	f.proposed_by, f.created, f.version,
	(select count(*) from product_item i where i.feature = f.id and i.state = 'ready'),
	(select count(*) from product_item i where i.feature = f.id and i.state <> 'ready' and i.state <> 'done'),
	(select count(*) from product_item i where i.feature = f.id and i.state = 'done')
	from product_feature f`

func scanFeature(s store.Scanner) (Feature, error) {
	f := Feature{Effects: []Effect{}}
	var since, created int64
	err := s.Scan(&f.ID, &f.Product, &f.Initiative, &f.KeyResult, &f.Title, &f.Hypothesis, &f.Predicted, &f.Rank, &f.State, &since, &f.Because,
		&f.By, &created, &f.Version, &f.Items.Ready, &f.Items.InWork, &f.Items.Done)
	f.Since, f.Created = store.Time(since), store.Time(created)
	return f, err
}

func feature(ctx context.Context, tx *store.Tx, id ref.Feature) (Feature, error) {
	f, err := store.One(ctx, tx, scanFeature, featureQuery+` where f.id = $1`, string(id))
	if err == store.ErrNone {
		return f, errs.New(errs.NotFound, "there is no feature %q", id).Do("look for it in: factory feature list")
	}
	return f, err
}

func features(ctx context.Context, tx *store.Tx, f Filter, after place, limit int) ([]Feature, error) {
	var where store.Where
	where.Is("f.product", string(f.Product))
	where.Is("f.initiative", string(f.Initiative))
	where.Is("f.key_result", string(f.KeyResult))
	where.Is("f.state", string(f.State))
	where.And("(f.product > $1 or f.product = $1 and f.rank > $2)", string(after.Product), after.Rank)
	return store.List(ctx, tx, scanFeature, featureQuery+where.String()+`order by f.product, f.rank limit `+where.Value(limit), where.Args()...)
}

func insertFeature(ctx context.Context, tx *store.Tx, f Feature) error {
	_, err := tx.Exec(ctx, `insert into product_feature
		(id, product, initiative, key_result, title, hypothesis, predicted, rank, state, since, because, proposed_by, created, version)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		string(f.ID), string(f.Product), string(f.Initiative), string(f.KeyResult), f.Title, f.Hypothesis, f.Predicted, f.Rank,
		string(f.State), store.Micros(f.Since), f.Because, f.By, store.Micros(f.Created), f.Version)
	return err
}

func updateFeature(ctx context.Context, tx *store.Tx, f Feature) (int64, error) {
	return tx.Exec(ctx, `update product_feature set key_result = $3, title = $4, hypothesis = $5, predicted = $6, rank = $7, version = version + 1
		where id = $1 and version = $2`, string(f.ID), f.Version-1, string(f.KeyResult), f.Title, f.Hypothesis, f.Predicted, f.Rank)
}

func lastRank(ctx context.Context, tx *store.Tx, id ref.Product) (int64, error) {
	return store.One(ctx, tx, store.Scan1[int64], `select coalesce(max(rank), 0) from product_feature where product = $1`, string(id))
}

// shift closes the gap at a rank and makes room at another.
func shift(ctx context.Context, tx *store.Tx, id ref.Product, from, to int64) error {
	if _, err := tx.Exec(ctx, `update product_feature set rank = rank - 1 where product = $1 and rank > $2 and rank <= $3`, string(id), from, to); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `update product_feature set rank = rank + 1 where product = $1 and rank >= $3 and rank < $2`, string(id), from, to)
	return err
}

// moveFeature sets the state that facts gave; it raises no version, for it
// changes nothing that people edit.
func moveFeature(ctx context.Context, tx *store.Tx, id ref.Feature, to State, because string, at time.Time) error {
	_, err := tx.Exec(ctx, `update product_feature set state = $2, because = $3, since = $4 where id = $1`, string(id), string(to), because, store.Micros(at))
	return err
}

func countsByInitiative(ctx context.Context, tx *store.Tx) (map[ref.Initiative]Counts, error) {
	type row struct {
		initiative ref.Initiative
		state      State
		n          int
	}
	rows, err := store.List(ctx, tx, func(s store.Scanner) (row, error) {
		var r row
		return r, s.Scan(&r.initiative, &r.state, &r.n)
	}, `select initiative, state, count(*) from product_feature group by initiative, state`)
	out := map[ref.Initiative]Counts{}
	for _, r := range rows {
		c := out[r.initiative]
		c.add(r.state, r.n)
		out[r.initiative] = c
	}
	return out, err
}

func featureOf(ctx context.Context, tx *store.Tx, id ref.Item) (ref.Feature, error) {
	return store.One(ctx, tx, store.Scan1[ref.Feature], `select feature from product_item where id = $1`, string(id))
}

func putItem(ctx context.Context, tx *store.Tx, id ref.Item, f ref.Feature, state string) error {
	_, err := tx.Exec(ctx, `insert into product_item (id, feature, state) values ($1, $2, $3)
		on conflict (id) do update set feature = $2, state = $3`, string(id), string(f), state)
	return err
}

// aimOf returns what an item should move, store.ErrNone when it has no feature.
func aimOf(ctx context.Context, tx *store.Tx, id ref.Item) (Aim, error) {
	return store.One(ctx, tx, func(s store.Scanner) (Aim, error) {
		a := Aim{Item: id}
		return a, s.Scan(&a.Feature, &a.KeyResult)
	}, `select f.id, f.key_result from product_item i join product_feature f on f.id = i.feature where i.id = $1`, string(id))
}

func putEffect(ctx context.Context, tx *store.Tx, f ref.Feature, e Effect) error {
	_, err := tx.Exec(ctx, `insert into product_effect (feature, rollout, key_result, component, event, estimate, low, high, level, units, grade, at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		on conflict (feature, rollout, key_result) do update set component = $4, event = $5, estimate = $6, low = $7, high = $8, level = $9, units = $10, grade = $11, at = $12`,
		string(f), string(e.Rollout), string(e.KeyResult), string(e.Component), e.Event, e.Estimate, e.Low, e.High, e.Level, e.Units, e.Grade, store.Micros(e.At))
	return err
}

func putRollout(ctx context.Context, tx *store.Tx, id ref.Rollout, outcome string) error {
	_, err := tx.Exec(ctx, `insert into product_rollout (id, outcome) values ($1, $2) on conflict (id) do update set outcome = $2`, string(id), outcome)
	return err
}

// effects returns what a feature's rollouts measured, newest first.
func effects(ctx context.Context, tx *store.Tx, id ref.Feature, limit int) ([]Effect, error) {
	return store.List(ctx, tx, func(s store.Scanner) (Effect, error) {
		var e Effect
		var at int64
		err := s.Scan(&e.Rollout, &e.KeyResult, &e.Component, &e.Event, &e.Estimate, &e.Low, &e.High, &e.Level, &e.Units, &e.Grade, &e.Kept, &at)
		e.At = store.Time(at)
		return e, err
	}, `select e.rollout, e.key_result, e.component, e.event, e.estimate, e.low, e.high, e.level, e.units, e.grade, coalesce(r.outcome, 'running'), e.at
		from product_effect e left join product_rollout r on r.id = e.rollout where e.feature = $1
		order by e.at desc, e.rollout desc, e.key_result limit $2`, string(id), limit)
}
