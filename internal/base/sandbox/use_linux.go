package sandbox

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// ticks is the unit of times in /proc/<pid>/stat, a constant of Linux.
const ticks = time.Second / 100

// processUse adds up what a process and its living descendants use, with the
// times of the children they have collected. It is for hosts whose control
// groups count nothing; there is no peak.
func processUse(pid int) (u Usage) {
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
	u.MemoryBytes = pages * int64(os.Getpagesize())
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	for _, t := range tasks {
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, t.Name()))
		for child := range strings.FieldsSeq(string(children)) {
			if n, err := strconv.Atoi(child); err == nil {
				below := processUse(n)
				u.CPU += below.CPU
				u.MemoryBytes += below.MemoryBytes
			}
		}
	}
	return u
}
