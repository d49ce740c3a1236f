package replica

import (
	"fmt"
	"time"
)

// State of a replica, and of a workload.
type State string

// The states.
const (
	Starting State = "starting"
	Ready    State = "ready"
	Crashed  State = "crashed" // waits before it is started again
	Broken   State = "broken"  // never became ready; not started again
	Stopping State = "stopping"
)

// Replica is one of the processes that serve a workload, and how it does.
type Replica struct {
	Number   int // from 1
	State    State
	Restarts int
	Reason   string // why it crashed, is broken or is not healthy
	CPU      time.Duration
	Memory   int64 // bytes now
	Peak     int64 // bytes
	InFlight int64
	Since    time.Time // when the state began; of one that is ready, also when its process did
	Healthy  bool      // it is ready and answers its health check well
}

// Status is how a workload does: what it uses is the sum of its replicas.
type Status struct {
	State    State // ready when one replica is; else as the worst is
	Restarts int
	Reason   string // why it crashed, is broken or is not healthy
	CPU      time.Duration
	Memory   int64 // bytes now
	Peak     int64 // bytes
	InFlight int64
	Rolling  bool // its processes are being replaced
	Replicas []Replica
}

// worst orders states by how much they are worth knowing.
var worst = map[State]int{Stopping: 1, Starting: 2, Crashed: 3, Broken: 4, Ready: 5}

// Status returns how the workload and its replicas do.
func (g *Group) Status() Status {
	st := Status{State: Starting}
	g.mu.Lock()
	defer g.mu.Unlock()
	list := *g.slots.Load()
	st.Rolling, st.Reason = g.rolling, g.because
	for i, sl := range list {
		r := Replica{Number: sl.number, State: sl.state, Restarts: sl.restarts, Reason: sl.reason, Since: sl.since}
		if in := sl.current.Load(); in != nil {
			u := in.Process.Usage()
			r.CPU, r.Memory, r.Peak, r.InFlight = u.CPU, u.MemoryBytes, u.PeakBytes, in.inFlight.Load()
			r.Healthy = r.State == Ready && !in.unwell.Load()
		}
		if i == 0 || worst[r.State] > worst[st.State] {
			st.State = r.State
		}
		if r.Reason != "" && st.Reason == "" {
			if st.Reason = r.Reason; len(list) > 1 {
				st.Reason = fmt.Sprintf("replica %d: %s", r.Number, r.Reason)
			}
		}
		st.Restarts, st.CPU, st.Memory, st.Peak, st.InFlight = st.Restarts+r.Restarts, st.CPU+r.CPU, st.Memory+r.Memory, st.Peak+r.Peak, st.InFlight+r.InFlight
		st.Replicas = append(st.Replicas, r)
	}
	return st
}

// Broken says why the workload never became ready, and what to do if that is
// known; nothing when it did.
func (g *Group) Broken() (reason, advice string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := *g.slots.Load()
	for _, sl := range list {
		if sl.state == Broken {
			if reason = sl.reason; len(list) > 1 {
				reason = fmt.Sprintf("replica %d: %s", sl.number, reason)
			}
			return reason, sl.advice
		}
	}
	return "", ""
}
