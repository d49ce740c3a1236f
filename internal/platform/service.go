package platform

import (
	"context"
	"time"

	"github.com/digital-factory/factory/internal/base/life"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/platform/path"
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
	shipped   map[string]*path.Path

	repositories Repositories
	adopting     Adopting // set when the rooms are wired
}

// New returns the service. It starts nothing; an error means that a golden
// path that is compiled in is broken. addresses is called for every answer, so
// that it may be known only after the listeners are open.
func New(db *store.DB, j *journal.Journal, effects *effect.Log, teams Teams, repositories Repositories, addresses func() Addresses, now func() time.Time) (*Service, error) {
	shipped, err := path.Shipped()
	if err != nil {
		return nil, err
	}
	return &Service{db: db, journal: j, effects: effects, teams: teams, addresses: addresses, now: now, shipped: shipped, repositories: repositories}, nil
}

// Run tells of golden paths that are new in this program, then waits for the
// end.
func (s *Service) Run(ctx context.Context) error {
	return life.Every(ctx, "publish golden paths", time.Hour, nil, s.publish)
}

// Failed is to be called, in the transaction that gives an effect up for good;
// it is what effect's OnFailed takes. When it was source.create, the component
// shows why it has no repository; when it was path.try, the version is refused; when it was
// component.adopt, the component shows why there is no change. Other effects are none of platform's.
func (s *Service) Failed(ctx context.Context, tx *store.Tx, e effect.Effect) error {
	kind, component := e.Subject.Split()
	switch e.Kind {
	case tryKind:
		return s.untried(ctx, tx, e)
	case adoptKind:
		return s.step(ctx, tx, ref.Component(component), runStep, Failed, e.Error, "", s.now())
	}
	if kind != "component" || e.Kind != createKind {
		return nil
	}
	return s.step(ctx, tx, ref.Component(component), repositoryStep, Failed, e.Error, "", s.now())
}
