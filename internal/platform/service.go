package platform

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/life"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// Service keeps golden paths and components.
type Service struct {
	db        *store.DB
	journal   *journal.Journal
	effects   *effect.Log
	teams     Teams
	addresses func() Addresses
	now       func() time.Time
	paths     map[string]*Path
}

// New returns the service. It starts nothing; an error means that a golden
// path that is compiled in is broken. addresses is called for every answer, so
// that it may be known only after the listeners are open.
func New(db *store.DB, j *journal.Journal, effects *effect.Log, teams Teams, addresses func() Addresses, now func() time.Time) (*Service, error) {
	paths, err := loadPaths()
	if err != nil {
		return nil, err
	}
	return &Service{db: db, journal: j, effects: effects, teams: teams, addresses: addresses, now: now, paths: paths}, nil
}

// Run tells of golden paths that are new in this program, then waits for the
// end.
func (s *Service) Run(ctx context.Context) error {
	return life.Every(ctx, "publish golden paths", time.Hour, nil, s.publish)
}

// publish tells each version of each path once.
func (s *Service) publish(ctx context.Context) error {
	for _, name := range s.pathNames() {
		p := s.paths[name]
		err := s.db.Update(ctx, func(tx *store.Tx) error {
			n, err := tx.Exec(ctx, `insert into platform_path (name, version, published) values ($1, $2, $3)
				on conflict (name, version) do nothing`, p.Name, p.Version, store.Micros(s.now()))
			if err != nil || n == 0 {
				return err
			}
			return s.journal.Append(ctx, tx, access.System("platform").By(), ref.Of("path", p.Name), fact.PathPublished{Path: p.Name, Version: p.Version})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) pathNames() []string { return slices.Sorted(maps.Keys(s.paths)) }

// Paths returns all golden paths by name.
func (s *Service) Paths(_ context.Context, who access.Actor) ([]Path, error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, err
	}
	list := []Path{}
	for _, name := range s.pathNames() {
		list = append(list, *s.paths[name])
	}
	return list, nil
}

// Path returns one golden path.
func (s *Service) Path(_ context.Context, who access.Actor, name string) (Path, error) {
	if err := who.May(access.Read, ""); err != nil {
		return Path{}, err
	}
	p, err := s.find(name)
	if err != nil {
		return Path{}, err
	}
	return *p, nil
}

// Failed is to be called, in the transaction that gives an effect up for good;
// it is what effect's OnFailed takes. When it was source.create, the component
// shows why it has no repository; other effects are none of platform's.
func (s *Service) Failed(ctx context.Context, tx *store.Tx, e effect.Effect) error {
	kind, component := e.Subject.Split()
	if kind != "component" || e.Kind != createKind {
		return nil
	}
	return s.step(ctx, tx, ref.Component(component), repositoryStep, Failed, e.Error, "", s.now())
}
