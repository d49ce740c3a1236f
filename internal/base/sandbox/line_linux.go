package sandbox

import (
	"context"
	"errors"
	"net"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/digital-factory/factory/internal/base/errs"
)

// line is the factory's end of the connection over which process 1 hands out
// sockets. They are all alike, so an answer that nobody waited for serves the
// next who asks.
type line struct {
	// turn holds, while nobody is asking, how many answers are still to come.
	turn chan int
	conn *net.UnixConn
}

// lineTimeout is far more than process 1 needs, even when its processor time is
// rationed; beyond it, it is stuck.
const lineTimeout = 10 * time.Second

// socket asks for a socket.
func (l *line) socket(ctx context.Context) (*os.File, error) {
	var owed int
	select {
	case owed = <-l.turn:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { l.turn <- owed }()
	var data [1]byte
	var rights [64]byte
	_ = l.conn.SetDeadline(time.Now().Add(lineTimeout))
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = l.conn.SetReadDeadline(time.Unix(1, 0))
		close(interrupted)
	})
	defer func() {
		if !stop() {
			<-interrupted // lest it hits whoever is next
		}
	}()
	var err error
	if owed == 0 {
		if _, err = l.conn.Write(data[:]); err == nil {
			owed++
		}
	}
	var n int
	if err == nil {
		_, n, _, _, err = l.conn.ReadMsgUnix(data[:], rights[:])
	}
	if errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		_ = l.conn.Close()
		return nil, errs.Because(errs.Unavailable, err, "the command has ended, or its sandbox does not answer")
	}
	owed--
	if data[0] != 0 {
		return nil, errs.Because(errs.Unavailable, unix.Errno(data[0]), "no socket can be made in the sandbox")
	}
	messages, err := unix.ParseSocketControlMessage(rights[:n])
	if err != nil || len(messages) != 1 {
		return nil, errs.New(errs.Internal, "the sandbox answered without a socket")
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return nil, errs.New(errs.Internal, "the sandbox answered without a socket")
	}
	return os.NewFile(uintptr(fds[0]), "tcp"), nil
}

// serveSockets answers each byte with a new TCP socket, or with an error number.
func serveSockets(fd int) {
	var data [1]byte
	for {
		n, err := unix.Read(fd, data[:])
		if err == unix.EINTR {
			continue
		}
		if err != nil || n != 1 {
			return
		}
		s, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			errno, _ := err.(unix.Errno)
			_ = unix.Sendmsg(fd, []byte{byte(errno)}, nil, nil, 0)
			continue
		}
		_ = unix.Sendmsg(fd, []byte{0}, unix.UnixRights(s), nil, 0)
		_ = unix.Close(s)
	}
}

// loopbackUp sets the flag IFF_UP of the interface lo.
func loopbackUp() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(s) }()
	req, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	req.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(s), unix.SIOCSIFFLAGS, uintptr(unsafe.Pointer(req))); errno != 0 {
		return errno
	}
	return nil
}
