package flag

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

const selectFlag = `select id, component, key, team, title, description, feature, created, archived, archived_reason, version from flag_flag `

func scan(s store.Scanner) (Flag, error) {
	var f Flag
	var created, archived int64
	err := s.Scan(&f.ID, &f.Component, &f.Key, &f.Team, &f.Title, &f.Description, &f.Feature, &created, &archived, &f.ArchivedReason, &f.Version)
	f.Created, f.Archived = store.Time(created), store.Time(archived)
	return f, err
}

// row is a setting and whose it is.
type row struct {
	flag ref.Flag
	Setting
}

const selectSetting = `select flag, environment, state, share, units, changed, changed_by, reason from flag_setting `

func scanSetting(s store.Scanner) (row, error) {
	var r row
	var changed int64
	var units string
	if err := s.Scan(&r.flag, &r.Environment, &r.State, &r.Share, &units, &changed, &r.ChangedBy, &r.Reason); err != nil {
		return r, err
	}
	r.Changed = store.Time(changed)
	if err := json.Unmarshal([]byte(units), &r.Units); err != nil {
		return r, fmt.Errorf("units of flag %s: %w", r.flag, err)
	}
	return r, nil
}

// settle puts settings where they belong.
func settle(flags []Flag, rows []row) []Flag {
	by := map[ref.Flag]map[ref.Environment]Setting{}
	for _, r := range rows {
		if by[r.flag] == nil {
			by[r.flag] = map[ref.Environment]Setting{}
		}
		by[r.flag][r.Environment] = r.Setting
	}
	for i := range flags {
		for _, e := range Environments() {
			flags[i].Settings = append(flags[i].Settings, by[flags[i].ID][e])
		}
	}
	return flags
}

func insert(ctx context.Context, tx *store.Tx, f Flag) error {
	_, err := tx.Exec(ctx, `insert into flag_flag (id, component, key, team, title, description, feature, created, archived, archived_reason, version)
		values ($1, $2, $3, $4, $5, $6, $7, $8, 0, '', $9)`,
		string(f.ID), string(f.Component), f.Key, string(f.Team), f.Title, f.Description, string(f.Feature), store.Micros(f.Created), f.Version)
	if errs.Is(err, errs.Conflict) {
		return errs.Because(errs.Conflict, err, "%s has or had a flag %q, and a key is not given twice: running versions may still ask for it", f.Component, f.Key).
			Do("choose another key, or look at that one: factory flag get %s", f.ID)
	} else if err != nil {
		return err
	}
	for _, s := range f.Settings {
		if _, err := tx.Exec(ctx, `insert into flag_setting (flag, environment, state, share, units, changed, changed_by, reason) values ($1, $2, $3, 0, '[]', 0, '', '')`,
			string(f.ID), string(s.Environment), string(s.State)); err != nil {
			return err
		}
	}
	return nil
}

func get(ctx context.Context, tx *store.Tx, id ref.Flag) (Flag, error) {
	f, err := store.One(ctx, tx, scan, selectFlag+`where id = $1`, string(id))
	if errors.Is(err, store.ErrNone) {
		return Flag{}, errs.New(errs.NotFound, "there is no flag %q", id).Do("list the flags: factory flag list; a flag is written component:key, for example engine-controller:gust-hold")
	} else if err != nil {
		return Flag{}, err
	}
	rows, err := store.List(ctx, tx, scanSetting, selectSetting+`where flag = $1`, string(id))
	return settle([]Flag{f}, rows)[0], err
}

// claim makes the next version of a flag this transaction's, so that nobody
// else changes the flag before it ends. It returns whether the version is the
// one that is there; whatever does not ask.
func claim(ctx context.Context, tx *store.Tx, id ref.Flag, version int64, whatever bool) (bool, error) {
	n, err := tx.Exec(ctx, `update flag_flag set version = version + 1 where id = $1 and (version = $2 or $3 = 1)`, string(id), version, store.Flag(whatever))
	return n > 0, err
}

// save writes what can change of a flag and of its settings, and that memory
// is old.
func save(ctx context.Context, tx *store.Tx, f Flag) error {
	if _, err := tx.Exec(ctx, `update flag_flag set title = $2, description = $3, feature = $4, archived = $5, archived_reason = $6 where id = $1`,
		string(f.ID), f.Title, f.Description, string(f.Feature), store.Micros(f.Archived), f.ArchivedReason); err != nil {
		return err
	}
	for _, s := range f.Settings {
		units, err := json.Marshal(append([]string{}, s.Units...))
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `update flag_setting set state = $3, share = $4, units = $5, changed = $6, changed_by = $7, reason = $8 where flag = $1 and environment = $2`,
			string(f.ID), string(s.Environment), string(s.State), s.Share, string(units), store.Micros(s.Changed), s.ChangedBy, s.Reason); err != nil {
			return err
		}
	}
	return age(ctx, tx)
}

// age says that what any process has in memory is old.
func age(ctx context.Context, tx *store.Tx) error {
	_, err := tx.Exec(ctx, `update flag_revision set revision = revision + 1 where id = 1`)
	return err
}

func revision(ctx context.Context, tx *store.Tx) (int64, error) {
	return store.One(ctx, tx, store.Scan1[int64], `select revision from flag_revision where id = 1`)
}

// everything returns all flags, archived ones too.
func everything(ctx context.Context, tx *store.Tx) ([]Flag, error) {
	flags, err := store.List(ctx, tx, scan, selectFlag+`order by id`)
	if err != nil {
		return nil, err
	}
	rows, err := store.List(ctx, tx, scanSetting, selectSetting+`order by flag`)
	return settle(flags, rows), err
}

// after returns flags by id.
func after(ctx context.Context, tx *store.Tx, f Filter, id string, limit int) ([]Flag, error) {
	var where store.Where
	where.And("id > $1", id)
	where.Is("component", string(f.Component))
	where.Is("feature", string(f.Feature))
	where.Is("team", string(f.Team))
	if f.On != "" {
		where.And("exists (select 1 from flag_setting s where s.flag = flag_flag.id and s.environment = $1 and s.state <> 'off')", string(f.On))
	}
	if f.Archived {
		where.And("archived > 0")
	} else {
		where.And("archived = 0")
	}
	flags, err := store.List(ctx, tx, scan, selectFlag+where.String()+`order by id limit `+where.Value(limit), where.Args()...)
	if err != nil || len(flags) == 0 {
		return flags, err
	}
	rows, err := store.List(ctx, tx, scanSetting, selectSetting+`where flag >= $1 and flag <= $2`, string(flags[0].ID), string(flags[len(flags)-1].ID))
	return settle(flags, rows), err
}
