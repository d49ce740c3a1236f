package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// open opens the tree of a mount for process 1, when that runs as another user
// than the factory and could not find its way to the source.
func (s *Sandbox) open(m mount) (int, error) {
	if !m.Give {
		return openTree(m.Source, m.Attr, -1)
	}
	info, err := os.Stat(m.Source)
	if err != nil {
		return -1, err
	}
	owner := int(info.Sys().(*syscall.Stat_t).Uid)
	if owner == s.opts.HostUID {
		return openTree(m.Source, m.Attr, -1)
	}
	if !s.host.plainID {
		ids, err := s.mapping(owner)
		if err != nil {
			return -1, err
		}
		fd, err := openTree(m.Source, m.Attr, int(ids.Fd()))
		if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.EPERM) {
			return fd, err
		}
	}
	// The file system, or one mounted below, cannot map ids.
	if m.Attr&unix.MOUNT_ATTR_RDONLY == 0 {
		if err := give(m.Source, s.opts.HostUID, s.opts.HostGID); err != nil {
			return -1, err
		}
	}
	return openTree(m.Source, m.Attr, -1)
}

// give makes the user the owner of everything at and below path. It cannot be
// led out of there by a symbolic link.
func give(path string, uid, gid int) error {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return errors.Join(err, os.Chown(path, uid, gid))
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	return fs.WalkDir(root.FS(), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return root.Lchown(name, uid, gid)
	})
}

// mapping returns a user namespace that says how ids are mapped in a bind whose
// files belong to owner: owner and the command's user change places. All others
// stay what they are, for the kernel lets nobody write to a file whose ids it
// cannot map. Groups stay, too: what the command makes belongs on disk to its own
// group, not the owner's.
func (s *Sandbox) mapping(owner int) (_ *os.File, err error) {
	s.host.mu.Lock()
	defer s.host.mu.Unlock()
	if f := s.host.ids[owner]; f != nil {
		return f, nil
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{roleIDs}
	cmd.Env = []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: exchange(owner, s.opts.HostUID),
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: lastID + 1}},
	}
	hold, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("map ids: %w", err)
	}
	f, err := os.Open(fmt.Sprintf("/proc/%d/ns/user", cmd.Process.Pid))
	_ = hold.Close()
	if waited := cmd.Wait(); err == nil {
		err = waited
	}
	if err != nil {
		return nil, fmt.Errorf("map ids: %w", err)
	}
	s.host.ids[owner] = f
	return f, nil
}

// lastID is the highest id there is; the one above means none.
const lastID = 1<<32 - 2

// exchange maps a to b, b to a and all other ids to themselves.
func exchange(a, b int) []syscall.SysProcIDMap {
	a, b = min(a, b), max(a, b)
	list := []syscall.SysProcIDMap{
		{ContainerID: 0, HostID: 0, Size: a},
		{ContainerID: a, HostID: b, Size: 1},
		{ContainerID: a + 1, HostID: a + 1, Size: b - a - 1},
		{ContainerID: b, HostID: a, Size: 1},
		{ContainerID: b + 1, HostID: b + 1, Size: lastID - b},
	}
	return slices.DeleteFunc(list, func(m syscall.SysProcIDMap) bool { return m.Size == 0 })
}
