//go:build linux && (amd64 || arm64)

package seccomp

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// refused are the system calls that fail with EPERM: those that change mounts,
// namespaces, the kernel or the clock, that look into other processes, and those
// with a long record of holes and no use in a build or a service.
var refused = []uint32{
	unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE,
	unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_MOUNT_SETATTR,
	unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV,
	unix.SYS_PIDFD_GETFD, unix.SYS_KCMP, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_KEYCTL,
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_FANOTIFY_INIT,
	unix.SYS_KEXEC_LOAD, unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE,
	unix.SYS_REBOOT, unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_ACCT, unix.SYS_QUOTACTL, unix.SYS_QUOTACTL_FD,
	unix.SYS_SYSLOG, unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME, unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME,
	unix.SYS_ADJTIMEX, unix.SYS_CLOCK_ADJTIME, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_NFSSERVCTL, unix.SYS_VHANGUP,
}

// unknown are the system calls that fail as on a kernel that lacks them, so that
// programs fall back: their arguments lie in memory, where a filter cannot look.
var unknown = []uint32{unix.SYS_CLONE3, unix.SYS_OPENAT2, unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER}

// test refuses a system call if an argument has any of the bits, or with equal
// set is the value; where says which other argument must have which bits first.
type test struct {
	call      uint32
	arg       uint32
	bits      uint32
	equal     bool
	whereArg  uint32
	whereHigh uint32 // 1: the argument's upper half
	whereBits uint32
}

const (
	newNamespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
		unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWTIME
	// Files belong on disk to the bind's owner: one with the set-user-id bit
	// would run under that owner for whoever on the host can reach it.
	setUser = unix.S_ISUID
	// O_TMPFILE contains O_DIRECTORY; its own bit is this.
	creating = unix.O_CREAT | unix.O_TMPFILE&^unix.O_DIRECTORY
	any32    = 1<<32 - 1
)

// tests are common to all architectures. The limits that the command may not
// raise again are set as soft limits, see (*order).limit.
var tests = []test{
	{call: unix.SYS_CLONE, arg: 0, bits: newNamespaces &^ unix.CLONE_NEWTIME}, // there its bit is in the exit signal
	{call: unix.SYS_FCHMOD, arg: 1, bits: setUser},
	{call: unix.SYS_FCHMODAT, arg: 2, bits: setUser},
	{call: unix.SYS_FCHMODAT2, arg: 2, bits: setUser},
	{call: unix.SYS_MKNODAT, arg: 2, bits: setUser},
	{call: unix.SYS_OPENAT, arg: 3, bits: setUser, whereArg: 2, whereBits: creating},
	{call: unix.SYS_IOCTL, arg: 1, bits: unix.TIOCSTI, equal: true},
	{call: unix.SYS_PRLIMIT64, arg: 1, bits: unix.RLIMIT_NPROC, equal: true, whereArg: 2, whereBits: any32},
	{call: unix.SYS_PRLIMIT64, arg: 1, bits: unix.RLIMIT_NPROC, equal: true, whereArg: 2, whereHigh: 1, whereBits: any32},
	{call: unix.SYS_PRLIMIT64, arg: 1, bits: unix.RLIMIT_DATA, equal: true, whereArg: 2, whereBits: any32},
	{call: unix.SYS_PRLIMIT64, arg: 1, bits: unix.RLIMIT_DATA, equal: true, whereArg: 2, whereHigh: 1, whereBits: any32},
}

// program assembles the filter for one architecture, highest the first number
// that is no system call of it (0: any).
func program(arch, highest uint32, calls []uint32, tests []test) []unix.SockFilter {
	const (
		load  = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		above = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
		bits  = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
		give  = unix.BPF_RET | unix.BPF_K
		// The layout of struct seccomp_data; both architectures are little-endian.
		number, archAt, args = 0, 4, 16
		perm                 = uint32(unix.SECCOMP_RET_ERRNO) | uint32(unix.EPERM)
		nosys                = uint32(unix.SECCOMP_RET_ERRNO) | uint32(unix.ENOSYS)
	)
	p := []unix.SockFilter{
		{Code: load, K: archAt},
		{Code: equal, K: arch, Jt: 1},
		{Code: give, K: nosys}, // another architecture's numbers mean other calls
		{Code: load, K: number},
	}
	if highest > 0 {
		p = append(p, unix.SockFilter{Code: above, K: highest, Jf: 1}, unix.SockFilter{Code: give, K: nosys})
	}
	for _, c := range calls {
		p = append(p, unix.SockFilter{Code: equal, K: c, Jf: 1}, unix.SockFilter{Code: give, K: perm})
	}
	for _, c := range unknown {
		p = append(p, unix.SockFilter{Code: equal, K: c, Jf: 1}, unix.SockFilter{Code: give, K: nosys})
	}
	for _, t := range tests {
		check := []unix.SockFilter{{Code: load, K: args + 8*t.arg}}
		code := uint16(bits)
		if t.equal {
			code = equal
		}
		check = append(check, unix.SockFilter{Code: code, K: t.bits, Jf: 1}, unix.SockFilter{Code: give, K: perm})
		if t.whereBits != 0 {
			check = append([]unix.SockFilter{
				{Code: load, K: args + 8*t.whereArg + 4*t.whereHigh},
				{Code: bits, K: t.whereBits, Jf: uint8(len(check))},
			}, check...)
		}
		p = append(p, unix.SockFilter{Code: equal, K: t.call, Jf: uint8(len(check))})
		p = append(p, check...)
		p = append(p, unix.SockFilter{Code: load, K: number})
	}
	return append(p, unix.SockFilter{Code: give, K: unix.SECCOMP_RET_ALLOW})
}

// Filter puts the calling thread, and whatever it starts from now on, under the
// filter. The thread must have no_new_privs set.
func Filter() error {
	p := systemCalls()
	prog := unix.SockFprog{Len: uint16(len(p)), Filter: &p[0]}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&prog)), 0, 0); err != nil {
		return fmt.Errorf("system call filter: %w", err)
	}
	return nil
}
