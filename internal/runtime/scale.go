package runtime

import (
	"cmp"
	"context"
	"log/slog"

	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/ref"
)

// Scale is what the operators of a component set for one environment. Zero
// values leave what the version itself says.
type Scale struct {
	Replicas int     // processes that serve each workload, 1..MostReplicas
	CPUs     float64 // of each process, at most
	Memory   int64   // of each process, at most; bytes
}

// MostReplicas of a workload.
const MostReplicas = 10

// Scales knows how the workloads of a component are scaled in an environment.
type Scales interface {
	// Scale returns it; the zero Scale when nothing is set. Never asked for previews.
	Scale(ctx context.Context, c ref.Component, e ref.Environment) (Scale, error)
}

// Rescale has the service look at once at what Scales says (it looks every 5 s besides).
func (s *Service) Rescale() { s.nudge() }

// ask asks how workloads are scaled. What cannot be known now is as it was known
// last.
func (s *Service) ask(ctx context.Context, want []Workload) map[place]Scale {
	known := make(map[place]Scale, len(want))
	for _, w := range want {
		at := place{w.Component, w.Environment}
		if _, preview := w.Environment.Change(); preview {
			continue
		}
		if _, asked := known[at]; asked {
			continue
		}
		scale, err := s.scales.Scale(ctx, w.Component, w.Environment)
		if err != nil {
			slog.Warn("how a component is scaled is not known now", "component", w.Component, "environment", w.Environment, "error", err)
			scale = s.scaled[at]
		}
		known[at] = scale
	}
	s.scaled = known
	return known
}

// bound narrows the platform's limits to what is set, else to what the image says
// that it needs.
func (i Image) bound(l sandbox.Limits, c Scale) sandbox.Limits {
	if n := cmp.Or(c.CPUs, i.CPUs); n > 0 {
		l.CPUs = min(l.CPUs, n)
	}
	if n := cmp.Or(c.Memory, i.Memory); n > 0 {
		l.MemoryBytes = min(l.MemoryBytes, n)
	}
	return l
}
