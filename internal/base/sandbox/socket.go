package sandbox

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/digital-factory/factory/internal/base/errs"
)

// connect connects the non-blocking TCP socket f to the port of 127.0.0.1.
func connect(ctx context.Context, f *os.File, port int) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	to := &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}
	if deadline, ok := ctx.Deadline(); ok {
		_ = f.SetWriteDeadline(deadline)
	}
	stop := context.AfterFunc(ctx, func() { _ = f.SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	waited := raw.Write(func(fd uintptr) bool {
		// Over the loopback interface the second call knows the outcome of the
		// first; a third comes when the socket becomes writable.
		for range 2 {
			err = unix.Connect(int(fd), to)
			if err != unix.EINPROGRESS && err != unix.EINTR {
				break
			}
		}
		return err != unix.EALREADY && err != unix.EINPROGRESS
	})
	if err == unix.EISCONN {
		err = nil
	}
	return errors.Join(waited, err)
}

// freePort returns a port of 127.0.0.1 that nobody has. It does not listen there
// to find out: a process that is being started just then would have a copy of the
// socket until it runs its program, and would keep the port.
func freePort() (port int, err error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return 0, err
	}
	defer func() { _ = unix.Close(fd) }()
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return 0, err
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, err
	}
	at, err := unix.Getsockname(fd)
	if err != nil {
		return 0, err
	}
	return at.(*unix.SockaddrInet4).Port, nil
}

func closeAll(list []net.Listener) {
	for _, l := range list {
		_ = l.Close()
	}
}

// portError says why a port cannot be listened on.
func portError(err error, port int) error {
	kind := errs.Unavailable
	if errors.Is(err, unix.EADDRINUSE) {
		kind = errs.Conflict
	}
	return errs.Because(kind, err, "port %d of the command cannot be listened on: %v", port, err)
}
