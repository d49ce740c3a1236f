package seccomp

import (
	"slices"

	"golang.org/x/sys/unix"
)

// systemCalls is the filter for 64-bit ARM.
func systemCalls() []unix.SockFilter {
	return program(unix.AUDIT_ARCH_AARCH64, 0, slices.Concat(refused, []uint32{unix.SYS_KEXEC_FILE_LOAD}), slices.Concat(tests, []test{
		{call: unix.SYS_SETRLIMIT, arg: 0, bits: unix.RLIMIT_NPROC, equal: true},
		{call: unix.SYS_SETRLIMIT, arg: 0, bits: unix.RLIMIT_DATA, equal: true},
	}))
}
