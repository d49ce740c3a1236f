package runtime

import "github.com/digital-factory/factory/internal/base/sandbox"

// Account is told of every life of a workload, and keeps what it uses. It
// returns what is to be called with its use when it has ended.
type Account func(w Workload, p *sandbox.Process) (end func(sandbox.Usage))

// AccountTo has an account kept, at wiring time.
func (s *Service) AccountTo(a Account) { s.account = a }

func (s *Service) spend(w Workload, p *sandbox.Process) (end func(sandbox.Usage)) {
	if s.account == nil {
		return func(sandbox.Usage) {}
	}
	return s.account(w, p)
}
