package sandbox

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ChildrenCPU returns the processor time that all processes used which this one
// started, and theirs: those that ended, and those that run.
func ChildrenCPU() (cpu time.Duration) {
	var ended syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &ended); err == nil {
		cpu = time.Duration(ended.Utime.Nano() + ended.Stime.Nano())
	}
	tasks, _ := os.ReadDir("/proc/self/task")
	for _, t := range tasks {
		children, _ := os.ReadFile(fmt.Sprintf("/proc/self/task/%s/children", t.Name()))
		for child := range strings.FieldsSeq(string(children)) {
			if pid, err := strconv.Atoi(child); err == nil {
				cpu += processUse(pid).CPU
			}
		}
	}
	return cpu
}
