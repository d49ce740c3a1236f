package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ticks is the unit of times in /proc/<pid>/stat, a constant of Linux.
const ticks = time.Second / 100

// Of returns what a process and its descendants use.
func Of(pid int) (u Use) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return u // it ended meanwhile
	}
	// The second field is the name, which may hold anything; see proc(5).
	field := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(field) < 22 {
		return u
	}
	for _, i := range []int{11, 12, 13, 14} { // utime stime cutime cstime
		n, _ := strconv.ParseInt(field[i], 10, 64)
		u.CPU += time.Duration(n) * ticks
	}
	pages, _ := strconv.ParseInt(field[21], 10, 64)
	u.Memory = pages * int64(os.Getpagesize())
	below := living(strconv.Itoa(pid))
	return Use{u.CPU + below.CPU, u.Memory + below.Memory}
}

// Children returns the processor time that all processes used which this one
// started, and theirs: those that ended, and those that run.
func Children() (cpu time.Duration) {
	var ended syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &ended); err == nil {
		cpu = time.Duration(ended.Utime.Nano() + ended.Stime.Nano())
	}
	return cpu + living("self").CPU
}

// living adds up the living children of a process.
func living(pid string) (u Use) {
	tasks, _ := os.ReadDir("/proc/" + pid + "/task")
	for _, t := range tasks {
		children, _ := os.ReadFile("/proc/" + pid + "/task/" + t.Name() + "/children")
		for child := range strings.FieldsSeq(string(children)) {
			if n, err := strconv.Atoi(child); err == nil {
				below := Of(n)
				u = Use{u.CPU + below.CPU, u.Memory + below.Memory}
			}
		}
	}
	return u
}
