package sandbox

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFindHierarchies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mountinfo, cgroup string
		unified           string
		v1                map[string]string
	}{
		"version 2 only": {
			"29 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n",
			"0::/system.slice/factory.service\n",
			"/sys/fs/cgroup/system.slice/factory.service", map[string]string{},
		},
		"hybrid": {
			"35 31 0:31 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n" +
				"36 31 0:32 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n" +
				"37 31 0:33 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio\n" +
				"38 31 0:34 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
			"4:memory:/a/b\n3:blkio:/\n2:cpu,cpuacct:/c\n1:name=systemd:/d\n0::/\n",
			"/sys/fs/cgroup/unified",
			map[string]string{"memory": "/sys/fs/cgroup/memory/a/b", "cpu": "/sys/fs/cgroup/cpu,cpuacct/c", "cpuacct": "/sys/fs/cgroup/cpu,cpuacct/c"},
		},
		"container that sees its part of the host's": {
			"35 31 0:31 /docker/1 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n" +
				"36 31 0:32 /docker/1 /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n" +
				"37 31 0:33 /docker/1 /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n",
			"3:memory:/docker/1\n2:pids:/docker/1/sub\n1:cpu:/docker/12\n",
			"",
			map[string]string{"memory": "/sys/fs/cgroup/memory", "pids": "/sys/fs/cgroup/pids/sub", "cpu": "/sys/fs/cgroup/cpu"},
		},
		"nothing mounted": {"22 27 0:21 / /proc rw - proc proc rw\n", "0::/\n", "", map[string]string{}},
		"not readable":    {"", "", "", map[string]string{}},
	} {
		got := findHierarchies(c.mountinfo, c.cgroup, "")
		if diff := cmp.Diff(c.unified, got.unified) + cmp.Diff(c.v1, got.v1); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
