package test

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// exported runs what was exported into a directory, until it answers its health
// check, and ends it.
func exported(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: exported DIRECTORY")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	address := l.Addr().String()
	ts.Check(l.Close())
	_, port, err := net.SplitHostPort(address)
	ts.Check(err)
	said, err := os.Create(filepath.Join(ts.MkAbs(args[0]), "said"))
	ts.Check(err)
	defer said.Close()
	cmd := exec.Command(filepath.Join(ts.MkAbs(args[0]), "run.sh"))
	cmd.Env = append(os.Environ(), "PORT="+port)
	cmd.Stdout, cmd.Stderr = said, said
	ts.Check(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	client := http.Client{Timeout: time.Second}
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for limit := time.After(time.Minute); ; {
		resp, err := client.Get("http://" + address + "/healthz")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				break
			}
		}
		select {
		case err := <-ended:
			raw, _ := os.ReadFile(said.Name())
			ts.Fatalf("it ended with %v:\n%s", err, raw)
		case <-limit:
			_ = cmd.Process.Kill()
			ts.Fatalf("it does not answer: %v", err)
		case <-look.C:
		}
	}
	ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		_ = cmd.Process.Kill()
		ts.Fatalf("it does not end")
	}
	if resp, err := client.Get("http://" + address + "/healthz"); err == nil {
		_ = resp.Body.Close()
		ts.Fatalf("the service outlives run.sh")
	} else if !strings.Contains(err.Error(), "refused") {
		ts.Fatalf("%v", err)
	}
}
