package preview

import (
	"context"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// State of a change's preview.
type State string

// There is none, it is being started, it takes traffic, its process ended and is
// started again, or the head could not be started and nothing else runs.
const (
	None     State = "none"
	Starting State = "starting"
	Running  State = "running"
	Crashed  State = "crashed"
	Failed   State = "failed"
)

// Preview is what of a change can be tried.
type Preview struct {
	Environment ref.Environment
	State       State
	URL         string     // while something takes traffic
	Commit      ref.Commit // that takes traffic
	Head        bool       // it is the head
	Since       time.Time
	Workload    ref.Workload
	Note        string // why there is none, or why it crashed
	Failure     Failure
}

// Failure is why a later head does not run; with an empty Commit none failed.
type Failure struct {
	Commit ref.Commit
	Reason string
	Log    string // the last lines that it printed, each with its time
}

// Of returns the preview of a change.
func (s *Service) Of(ctx context.Context, who access.Actor, id ref.Change) (p Preview, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return p, err
	}
	var r row
	var known bool
	err = s.db.View(ctx, func(tx *store.Tx) error {
		r, known, err = get(ctx, tx, id)
		return err
	})
	p.State = None
	if err != nil || !known {
		return p, err
	}
	p.Environment, p.Note, p.Failure = r.environment(), r.note, Failure{r.failed, r.reason, r.log}
	switch {
	case r.run != "" && r.leaving == "":
		p.State, p.Commit, p.Head, p.Since, p.Workload = Running, r.commit, r.commit == r.head, r.since, r.workload(r.run)
		p.URL = s.address(r.component, p.Environment)
		if p.Note = s.runtime.Crashing(p.Workload); p.Note != "" {
			p.State = Crashed
		}
		if r.want != "" {
			p.State = Starting
		}
	case r.want != "" && r.living:
		p.State = Starting
	case r.failed != "":
		p.State = Failed
	}
	return p, nil
}
