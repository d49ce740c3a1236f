package sandbox

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// initTasks is how many processes and threads process 1 of a sandbox may need
// for itself; the limits on processes are higher by as much, so that a command
// which exhausts its own cannot bring process 1 down.
const initTasks = 12

// hierarchies are the control group directories under which a group for each
// sandbox can be made. Linux has a unified hierarchy (version 2) and one for each
// controller (version 1); hybrid hosts have both, where only the version 1
// hierarchies limit and the unified one is good for killing and counting.
type hierarchies struct {
	unified     string            // the factory's directory in the unified hierarchy, or ""
	controllers map[string]bool   // those that the unified hierarchy gives to groups below
	v1          map[string]string // the factory's directory per version 1 controller
	prefix      string            // of the names of groups made by this Sandbox
}

// leaf is where the factory moves itself in the unified hierarchy, because a
// group there either holds processes or hands out controllers, not both.
const leaf = "factory-main"

// findHierarchies reads where this process is. mountinfo and cgroup are the
// contents of the files of that name in /proc/self.
func findHierarchies(mountinfo, cgroup, prefix string) hierarchies {
	at := map[string]string{} // controller, "" for the unified hierarchy, to path
	for line := range strings.Lines(cgroup) {
		part := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(part) != 3 {
			continue
		}
		for c := range strings.SplitSeq(part[1], ",") {
			at[c] = part[2]
		}
	}
	h := hierarchies{v1: map[string]string{}, controllers: map[string]bool{}, prefix: prefix}
	for line := range strings.Lines(mountinfo) {
		left, right, ok := strings.Cut(line, " - ")
		f, g := strings.Fields(left), strings.Fields(right)
		if !ok || len(f) < 5 || len(g) < 3 {
			continue
		}
		dir := func(path string) string {
			rest, below := strings.CutPrefix(path+"/", strings.TrimSuffix(f[3], "/")+"/")
			if !below {
				rest = "/" // mounted from outside of our control group namespace
			}
			return filepath.Join(f[4], rest)
		}
		switch g[0] {
		case "cgroup2":
			if path, ok := at[""]; ok && h.unified == "" {
				h.unified = dir(path)
			}
		case "cgroup":
			for c := range strings.SplitSeq(g[2], ",") {
				if path, ok := at[c]; ok && slices.Contains([]string{"memory", "pids", "cpu", "cpuacct"}, c) {
					h.v1[c] = dir(path)
				}
			}
		}
	}
	return h
}

// delegate makes the unified hierarchy hand its controllers to groups below the
// factory's own, moving the factory out of the way if it must.
func (h *hierarchies) delegate() {
	if h.unified == "" {
		return
	}
	if filepath.Base(h.unified) == leaf {
		h.unified = filepath.Dir(h.unified)
	}
	have, _ := os.ReadFile(filepath.Join(h.unified, "cgroup.controllers"))
	subtree := filepath.Join(h.unified, "cgroup.subtree_control")
	for _, c := range []string{"memory", "pids", "cpu"} {
		if h.v1[c] != "" || !slices.Contains(strings.Fields(string(have)), c) {
			continue
		}
		err := put(subtree, "+"+c)
		if err != nil {
			own := filepath.Join(h.unified, leaf)
			_ = os.Mkdir(own, 0o755)
			if put(filepath.Join(own, "cgroup.procs"), strconv.Itoa(os.Getpid())) == nil {
				err = put(subtree, "+"+c)
			}
		}
		h.controllers[c] = err == nil
	}
}

// sweep removes groups that a factory left which was killed. A group that is in
// use cannot be removed.
func (h *hierarchies) sweep() {
	for _, dir := range h.dirs("memory", "pids", "cpu", "cpuacct") {
		names, _ := filepath.Glob(filepath.Join(dir, "sandbox-*"))
		for _, name := range names {
			pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(name), "sandbox-"), "-")
			if _, err := os.Stat("/proc/" + pid); errors.Is(err, fs.ErrNotExist) {
				_ = os.Remove(name)
			}
		}
	}
}

// dirs returns the distinct directories of the controllers and, first, of the
// unified hierarchy.
func (h *hierarchies) dirs(controllers ...string) []string {
	var dirs []string
	if h.unified != "" {
		dirs = append(dirs, h.unified)
	}
	for _, c := range controllers {
		if d := h.v1[c]; d != "" && !slices.Contains(dirs, d) {
			dirs = append(dirs, d)
		}
	}
	return dirs
}

// group is the control group of one sandbox.
type group struct {
	dirs    []string // all there are, to remove
	v1      []string // those to which process 1 must be added by its id
	unified string
	memory  string // where memory is limited and counted, or ""
	v2      bool   // memory is of version 2
	cpuacct string
}

// open makes a group and sets the limits. The controllers that the limits need
// and the host does not give are returned as missing.
func (h *hierarchies) open(name string, l Limits) (g *group, missing []string, err error) {
	g = &group{}
	defer func() {
		if err != nil {
			g.close()
			g = nil
		}
	}()
	name = h.prefix + name
	wanted := []string{"memory"}
	if l.PIDs > 0 {
		wanted = append(wanted, "pids")
	}
	if l.CPUs > 0 {
		wanted = append(wanted, "cpu")
	}
	if h.unified == "" {
		wanted = append(wanted, "cpuacct")
	}
	made := map[string]string{}
	for _, dir := range h.dirs(wanted...) {
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, 0o755); err != nil {
			if dir == h.unified || errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
				continue // found missing below
			}
			return g, nil, fmt.Errorf("control group: %w", err)
		}
		made[dir] = path
		g.dirs = append(g.dirs, path)
		if dir == h.unified {
			g.unified = path
		} else {
			g.v1 = append(g.v1, path)
		}
	}
	// where returns the group's directory for a controller, and its version.
	where := func(c string) (string, int) {
		if d := made[h.v1[c]]; d != "" {
			return d, 1
		}
		if h.controllers[c] && g.unified != "" {
			return g.unified, 2
		}
		missing = append(missing, c)
		return "", 0
	}
	g.cpuacct = made[h.v1["cpuacct"]]
	switch dir, version := where("memory"); {
	case version == 1:
		g.memory = dir
		if l.MemoryBytes > 0 {
			n := strconv.FormatInt(l.MemoryBytes, 10)
			if err := put(filepath.Join(dir, "memory.limit_in_bytes"), n); err != nil {
				return g, nil, err
			}
			// Absent where swap is not accounted for; then there is none to take.
			_ = put(filepath.Join(dir, "memory.memsw.limit_in_bytes"), n)
		}
	case version == 2:
		g.memory, g.v2 = dir, true
		if l.MemoryBytes > 0 {
			if err := put(filepath.Join(dir, "memory.max"), strconv.FormatInt(l.MemoryBytes, 10)); err != nil {
				return g, nil, err
			}
			_ = put(filepath.Join(dir, "memory.swap.max"), "0")
		}
	}
	if l.PIDs > 0 {
		if dir, version := where("pids"); version > 0 {
			if err := put(filepath.Join(dir, "pids.max"), strconv.Itoa(l.PIDs+2*initTasks)); err != nil {
				return g, nil, err
			}
		}
	}
	if l.CPUs > 0 {
		quota := max(1000, int64(l.CPUs*100_000)) // microseconds in each 100 ms, the kernel's minimum 1 ms
		switch dir, version := where("cpu"); version {
		case 1:
			err = put(filepath.Join(dir, "cpu.cfs_quota_us"), strconv.FormatInt(quota, 10))
		case 2:
			err = put(filepath.Join(dir, "cpu.max"), fmt.Sprintf("%d 100000", quota))
		}
		if err != nil {
			return g, nil, err
		}
	}
	return g, missing, nil
}

// add puts a process that has just been started into the group. The unified
// hierarchy needs it only if the process was not started in it.
func (g *group) add(pid int, unified bool) error {
	dirs := g.v1
	if unified && g.unified != "" {
		dirs = append(slices.Clone(dirs), g.unified)
	}
	for _, dir := range dirs {
		if err := put(filepath.Join(dir, "cgroup.procs"), strconv.Itoa(pid)); err != nil {
			return err
		}
	}
	return nil
}

// kill kills whatever is in the group.
func (g *group) kill() {
	if g.unified != "" {
		_ = put(filepath.Join(g.unified, "cgroup.kill"), "1") // Linux 5.14; process 1 is killed anyway
	}
}

// outOfMemory reports whether the kernel killed a process for the limit's sake.
func (g *group) outOfMemory() bool {
	if g.memory == "" {
		return false
	}
	file := "memory.oom_control"
	if g.v2 {
		file = "memory.events"
	}
	return number(filepath.Join(g.memory, file), "oom_kill") > 0
}

// use reads what the group has used; ok is false where it counts nothing.
func (g *group) use() (u Usage, ok bool) {
	switch {
	case g.memory != "" && g.v2:
		u.MemoryBytes = number(filepath.Join(g.memory, "memory.current"), "")
		u.PeakBytes = number(filepath.Join(g.memory, "memory.peak"), "")
	case g.memory != "":
		u.MemoryBytes = number(filepath.Join(g.memory, "memory.usage_in_bytes"), "")
		u.PeakBytes = number(filepath.Join(g.memory, "memory.max_usage_in_bytes"), "")
	default:
		return u, false
	}
	switch {
	case g.unified != "":
		u.CPU = time.Duration(number(filepath.Join(g.unified, "cpu.stat"), "usage_usec")) * time.Microsecond
	case g.cpuacct != "":
		u.CPU = time.Duration(number(filepath.Join(g.cpuacct, "cpuacct.usage"), ""))
	default:
		return u, false
	}
	return u, true
}

// close removes the group, which must be empty.
func (g *group) close() {
	for _, dir := range g.dirs {
		_ = os.Remove(dir) // what stays is swept by the next factory
	}
}

// put writes a value to an existing control file.
func put(path, value string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// number reads a control file: the whole of it, or the line that begins with the
// key. What is not there is 0.
func number(path, key string) int64 {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		field := strings.Fields(lines.Text())
		if key == "" && len(field) == 1 || len(field) == 2 && field[0] == key {
			n, _ := strconv.ParseInt(field[len(field)-1], 10, 64)
			return n
		}
	}
	return 0
}
