package cli

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// readHidden reads a line that is typed at a terminal without showing it. It is
// not a terminal when terminal is false; then nothing was asked or read. When ctx ends,
// so does the wait; the terminal is left as it was found.
func readHidden(ctx context.Context, f *os.File, prompt func()) (text string, terminal bool, err error) {
	fd := int(f.Fd())
	found, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return "", false, nil
	}
	// Opened anew, the terminal can be waited for with a deadline; f cannot.
	tty, err := os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", fd), os.O_RDONLY|unix.O_NOCTTY, 0)
	if err != nil {
		return "", true, fmt.Errorf("read the password from the terminal: %w", err)
	}
	defer func() { _ = tty.Close() }()
	quiet := *found
	quiet.Lflag &^= unix.ECHO
	quiet.Lflag |= unix.ICANON | unix.ISIG
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &quiet); err != nil {
		return "", true, fmt.Errorf("hide the password: %w", err)
	}
	defer func() { _ = unix.IoctlSetTermios(fd, unix.TCSETS, found) }()
	prompt() // only now is it safe to type
	stop := context.AfterFunc(ctx, func() { _ = tty.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	text = line(bufio.NewReader(tty))
	return text, true, ctx.Err()
}
