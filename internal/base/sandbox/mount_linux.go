package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// mount is one entry of a sandbox's root file system: a symbolic link, or a
// part of the host's tree.
type mount struct {
	Target string
	Link   string // what the symbolic link says, or ""
	Source string // a path of the host
	FD     int    // the open tree in process 1, or 0: process 1 opens Source
	Dir    bool   // a directory, not a file
	Attr   uint64 // mount attributes, unix.MOUNT_ATTR_*
	Bind   bool   // asked for in Spec.Binds; others are of the base
	Give   bool   // it is the command's to use: Spec.Binds and Spec.Root
}

const (
	attrFile = unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV
	attrNode = unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NOEXEC
)

// hostTree is what a sandbox sees of the host when it has no root of its own.
// Of /etc only what programs need to find libraries, certificates, the time zone
// and their alternatives.
var hostTree = []string{
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store",
	"/etc/alternatives", "/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/etc/crypto-policies",
	"/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime",
	"/etc/mime.types", "/etc/protocols", "/etc/services",
}

// ownTree is what is always ours and never the root's.
var ownTree = map[string]bool{"proc": true, "dev": true, "sys": true, "tmp": true}

// tree lists the mounts for spec, in order, and whether an /etc is among them.
func tree(spec Spec) (list []mount, etc bool, err error) {
	add := func(path, target string, give bool) error {
		m, err := entry(path, target, attrFile)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		m.Give = give
		list = append(list, m)
		return err
	}
	if spec.Root == "" {
		for _, path := range hostTree {
			if err := add(path, path, false); err != nil {
				return nil, false, err
			}
		}
	} else {
		entries, err := os.ReadDir(spec.Root)
		if err != nil {
			return nil, false, fmt.Errorf("root file system: %w", err)
		}
		for _, e := range entries {
			if ownTree[e.Name()] {
				continue
			}
			etc = etc || e.Name() == "etc"
			if err := add(filepath.Join(spec.Root, e.Name()), "/"+e.Name(), true); err != nil {
				return nil, false, err
			}
		}
	}
	if spec.HostNetwork && !etc {
		// Where a resolver manages it this is a link to somewhere else.
		if path, err := filepath.EvalSymlinks("/etc/resolv.conf"); err == nil {
			if err := add(path, "/etc/resolv.conf", false); err != nil {
				return nil, false, err
			}
		}
	}
	for _, node := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		m, err := entry("/dev/"+node, "/dev/"+node, attrNode)
		if err != nil {
			return nil, false, err
		}
		list = append(list, m)
	}
	for _, b := range spec.Binds {
		info, err := os.Stat(b.Source)
		if err != nil {
			return nil, false, err
		}
		attr := uint64(attrFile)
		if b.Writable {
			attr &^= unix.MOUNT_ATTR_RDONLY
		}
		list = append(list, mount{Target: filepath.Clean(b.Target), Source: b.Source, Dir: info.IsDir(), Attr: attr, Bind: true, Give: true})
	}
	return list, etc, nil
}

func entry(path, target string, attr uint64) (mount, error) {
	m := mount{Target: target, Source: path, Attr: attr}
	info, err := os.Lstat(path)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		m.Link, err = os.Readlink(path)
	}
	m.Dir = err == nil && info.IsDir()
	return m, err
}

// openTree clones the tree of mounts at path, detached from any namespace, with
// the attributes; ids is the user namespace to map its ids by, or -1.
func openTree(path string, attr uint64, ids int) (int, error) {
	fd, err := unix.OpenTree(unix.AT_FDCWD, path, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return -1, &fs.PathError{Op: "open_tree", Path: path, Err: err}
	}
	set := unix.MountAttr{Attr_set: attr}
	if ids >= 0 {
		set.Attr_set |= unix.MOUNT_ATTR_IDMAP
		set.Userns_fd = uint64(ids)
	}
	if err := unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &set); err != nil {
		_ = unix.Close(fd)
		return -1, &fs.PathError{Op: "mount_setattr", Path: path, Err: err}
	}
	return fd, nil
}

// buildRoot mounts everything below a new root and makes that the root. It runs
// in process 1.
func buildRoot(o *order) error {
	for i := range o.Mounts {
		if m := &o.Mounts[i]; m.Link == "" && m.FD == 0 {
			var err error
			if m.FD, err = openTree(m.Source, m.Attr, -1); err != nil {
				return err
			}
		}
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	// Any directory of the host does to mount the new root on.
	base := ""
	for _, dir := range []string{"/tmp", "/usr", "/dev", "/sys"} {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			base = dir
			break
		}
	}
	if err := tmpfs(base, "size=16m,nr_inodes=16k,mode=755"); err != nil {
		return err
	}
	root, err := unix.Open(base, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	for _, dir := range []string{"/proc", "/dev", "/dev/shm", "/tmp"} {
		if err := os.Mkdir(base+dir, 0o755); err != nil {
			return err
		}
	}
	if err := unix.Mount("proc", base+"/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	if err := tmpfs(base+"/dev/shm", "size=64m,mode=1777"); err != nil {
		return err
	}
	if err := tmpfs(base+"/tmp", fmt.Sprintf("size=%d,mode=1777", o.TempBytes)); err != nil {
		return err
	}
	for name, to := range map[string]string{"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"} {
		if err := os.Symlink(to, base+"/dev/"+name); err != nil {
			return err
		}
	}
	if o.Etc {
		if err := writeEtc(base+"/etc", o.Hostname); err != nil {
			return err
		}
	}
	for _, m := range o.Mounts {
		if err := place(root, m); err != nil {
			return &fs.PathError{Op: "mount", Path: m.Target, Err: err}
		}
	}
	if err := unix.MountSetattr(root, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: attrFile}); err != nil {
		return fmt.Errorf("make the root read-only: %w", err)
	}
	if err := unix.Fchdir(root); err != nil {
		return err
	}
	// The new root is stacked on the old, which is then on top and let go.
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("let go of the host's root: %w", err)
	}
	return os.Chdir("/")
}

func tmpfs(dir, options string) error {
	if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		return fmt.Errorf("mount a tmpfs: %w", err)
	}
	return nil
}

// writeEtc writes the few files that programs expect.
func writeEtc(dir, hostname string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for name, text := range map[string]string{
		"passwd":        fmt.Sprintf("root:x:0:0:root:/:/usr/sbin/nologin\nsandbox:x:%d:%d:sandbox:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n", insideID, insideID),
		"group":         fmt.Sprintf("root:x:0:\nsandbox:x:%d:\nnogroup:x:65534:\n", insideID),
		"hosts":         "127.0.0.1 localhost " + hostname + "\n",
		"hostname":      hostname + "\n",
		"nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// place puts a mount at its target below root, making the way there. It follows
// no symbolic link: those inside a bind are the work of earlier commands.
func place(root int, m mount) error {
	const walk = unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC
	dir, err := unix.Openat(root, ".", walk|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(dir) }()
	parts := strings.Split(strings.Trim(m.Target, "/"), "/")
	last := parts[len(parts)-1]
	for _, part := range parts[:len(parts)-1] {
		next, err := openDir(dir, part)
		if err != nil {
			return err
		}
		_ = unix.Close(dir)
		dir = next
	}
	if m.Link != "" {
		return unix.Symlinkat(m.Link, dir, last)
	}
	var at int
	if m.Dir {
		at, err = openDir(dir, last)
	} else {
		at, err = unix.Openat(dir, last, walk, 0)
		if errors.Is(err, unix.ENOENT) {
			var fd int
			if fd, err = unix.Openat(dir, last, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_CLOEXEC, 0o644); err == nil {
				_ = unix.Close(fd)
				at, err = unix.Openat(dir, last, walk, 0)
			}
		}
		var st unix.Stat_t
		if err == nil && unix.Fstat(at, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFLNK {
			_ = unix.Close(at)
			err = syscall.ELOOP
		}
	}
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(at) }()
	defer func() { _ = unix.Close(m.FD) }()
	return unix.MoveMount(m.FD, "", at, "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH)
}

// openDir opens a directory, making it if it is missing.
func openDir(dir int, name string) (int, error) {
	const walk = unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC | unix.O_DIRECTORY
	fd, err := unix.Openat(dir, name, walk, 0)
	if errors.Is(err, unix.ENOENT) {
		if err = unix.Mkdirat(dir, name, 0o755); err == nil {
			fd, err = unix.Openat(dir, name, walk, 0)
		}
	}
	return fd, err
}
