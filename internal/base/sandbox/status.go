package sandbox

import (
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/digital-factory/factory/internal/base/process"
)

// ended translates how a process ended.
func ended(status syscall.WaitStatus) Result {
	if status.Signaled() {
		return Result{ExitCode: 128 + int(status.Signal()), Signal: unix.SignalName(status.Signal())}
	}
	return Result{ExitCode: status.ExitStatus()}
}

// collected is what an ended process and all its collected children used.
func collected(state *os.ProcessState) Usage {
	u := Usage{CPU: state.UserTime() + state.SystemTime()}
	if r, ok := state.SysUsage().(*syscall.Rusage); ok {
		u.PeakBytes = int64(r.Maxrss) // of the largest process
		if runtime.GOOS != "darwin" {
			u.PeakBytes *= 1024
		}
	}
	return u
}

// useOf is what a process and its descendants use.
func useOf(pid int) Usage {
	u := process.Of(pid)
	return Usage{CPU: u.CPU, MemoryBytes: u.Memory}
}
