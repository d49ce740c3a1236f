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
		if _, err = l.conn.Write([]byte{0}); err == nil {
			owed++
		}
	}
	if err == nil {
		f, answer := l.receive()
		if _, refused := errors.AsType[*errs.Error](answer); answer == nil || refused {
			owed--
			return f, answer
		}
		err = answer
	}
	if errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	_ = l.conn.Close()
	return nil, errs.Because(errs.Unavailable, err, "the command has ended, or its sandbox does not answer")
}

// listener takes the socket of serveFirst.
func (l *line) listener() (net.Listener, error) {
	f, err := l.receive()
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return net.FileListener(f)
}

// receive reads one answer: a socket, or as an *errs.Error why there is none.
func (l *line) receive() (*os.File, error) {
	var data [1]byte
	var rights [64]byte
	_, n, _, _, err := l.conn.ReadMsgUnix(data[:], rights[:])
	if err != nil {
		return nil, err
	}
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

// serveFirst hands out a socket that listens on the port, before anybody asks.
func serveFirst(fd, port int) error {
	s, err := listening(port)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(s) }()
	return unix.Sendmsg(fd, []byte{0}, unix.UnixRights(s), nil, 0)
}

// listening makes a TCP socket that listens on the port of 127.0.0.1 of the
// network that this process is in.
func listening(port int) (fd int, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	}
	if err == nil {
		err = unix.Listen(fd, 4096)
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
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
