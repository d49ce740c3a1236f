package seccomp

import (
	"slices"

	"golang.org/x/sys/unix"
)

// systemCalls is the filter for x86-64, without its x32 numbers.
func systemCalls() []unix.SockFilter {
	calls := slices.Concat(refused, []uint32{
		unix.SYS_KEXEC_FILE_LOAD, unix.SYS_IOPL, unix.SYS_IOPERM, unix.SYS_MODIFY_LDT, unix.SYS_USELIB, unix.SYS_USTAT,
		unix.SYS_SYSFS, unix.SYS__SYSCTL, unix.SYS_CREATE_MODULE, unix.SYS_GET_KERNEL_SYMS, unix.SYS_QUERY_MODULE,
	})
	return program(unix.AUDIT_ARCH_X86_64, 0x40000000, calls, slices.Concat(tests, []test{
		{call: unix.SYS_CHMOD, arg: 1, bits: setUser},
		{call: unix.SYS_CREAT, arg: 1, bits: setUser},
		{call: unix.SYS_MKNOD, arg: 1, bits: setUser},
		{call: unix.SYS_OPEN, arg: 2, bits: setUser, whereArg: 1, whereBits: creating},
		{call: unix.SYS_SETRLIMIT, arg: 0, bits: unix.RLIMIT_NPROC, equal: true},
		{call: unix.SYS_SETRLIMIT, arg: 0, bits: unix.RLIMIT_DATA, equal: true},
	}))
}
