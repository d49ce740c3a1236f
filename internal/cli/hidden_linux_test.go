package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/digital-factory/factory/client"
)

// terminal opens a new pseudo terminal: what a person types is written to typed,
// which also shows what they see.
func terminal(t *testing.T) (typed, program *os.File) {
	t.Helper()
	typed, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = typed.Close() })
	raw, err := typed.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if reached := raw.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
			n, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	}); errors.Join(reached, err) != nil {
		t.Fatal(reached, err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	return typed, program
}

// seen reads what the person sees until the text comes.
func seen(t *testing.T, typed *os.File, until string) string {
	t.Helper()
	if err := typed.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	var all []byte
	for !bytes.Contains(all, []byte(until)) {
		buf := make([]byte, 1024)
		n, err := typed.Read(buf)
		if err != nil {
			t.Fatalf("%v; %q was seen, not %q", err, all, until)
		}
		all = append(all, buf[:n]...)
	}
	return string(all)
}

func echoes(t *testing.T, program *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(program.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// TestPasswordIsNotShown: at a terminal the login is seen and the password is
// not; the terminal shows again what is typed after it.
func TestPasswordIsNotShown(t *testing.T) {
	t.Parallel()
	const secret = "a long enough sentence"
	asked := make(chan client.SignIn, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in client.SignIn
		_ = json.NewDecoder(r.Body).Decode(&in)
		asked <- in
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprint(w, `{"kind": "denied", "detail": "no"}`)
	}))
	t.Cleanup(srv.Close)
	typed, program := terminal(t)
	ended := make(chan error, 1)
	go func() {
		root := New(program, program, program)
		root.SetArgs([]string{"login", srv.URL})
		ended <- root.ExecuteContext(t.Context())
	}()
	enter := func(text string) {
		if _, err := typed.WriteString(text + "\n"); err != nil {
			t.Error(err)
		}
	}
	seen(t, typed, "login: ")
	enter("ada")
	if got := seen(t, typed, "password: "); !strings.Contains(got, "ada") {
		t.Errorf("the login was not seen: %q", got)
	}
	if echoes(t, program) {
		t.Error("it is asked for and not hidden yet")
	}
	enter(secret)
	if err := <-ended; err == nil {
		t.Error("signed in")
	}
	if in := <-asked; in.Login != "ada" || in.Password != secret {
		t.Errorf("sent %+v", in)
	}
	enter("after")
	if got := seen(t, typed, "after"); strings.Contains(got, "sentence") {
		t.Errorf("seen: %q", got)
	}
}

// TestPasswordInterrupted: an interrupt ends the question, and leaves the
// terminal as it was.
func TestPasswordInterrupted(t *testing.T) {
	t.Parallel()
	typed, program := terminal(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		root := New(program, program, program)
		root.SetArgs([]string{"login", "http://127.0.0.1:1", "--as", "ada"})
		ended <- root.ExecuteContext(ctx)
	}()
	seen(t, typed, "password: ")
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	if !echoes(t, program) {
		t.Error("the terminal stays silent")
	}
}
