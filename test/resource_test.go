package test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// ledger builds a service that keeps what it is told in its database.
func ledger(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: ledger FILE VERSION")
	}
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -X main.version="+args[1], "-o", ts.MkAbs(args[0]), "./testdata/ledger")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		ts.Fatalf("%v\n%s", err, out)
	}
}

// call asks a component through the gateway until the answer matches.
func call(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: call COMPONENT PATH PATTERN")
	}
	want, err := regexp.Compile(args[2])
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		last, err := reach(ctx, ts, args[0], args[1])
		if err == nil && want.MatchString(last) {
			_, err := io.WriteString(ts.Stdout(), last)
			ts.Check(err)
			return
		}
		select {
		case <-ctx.Done():
			ts.Fatalf("%q never came; it last said %q, %v", args[2], last, err)
		case <-tick.C:
		}
	}
}

// reach asks a component through the gateway, wherever that is just now.
func reach(ctx context.Context, ts *testscript.TestScript, component, path string) (string, error) {
	found := regexp.MustCompile(`gateway=(\S+)`).FindAllStringSubmatch(ts.ReadFile("factory.log"), -1)
	if len(found) == 0 {
		ts.Fatalf("the factory does not say where its gateway is")
	}
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, found[len(found)-1][1]+path, nil)
	ts.Check(err)
	ask.Host = component + ".localhost"
	answer, err := http.DefaultClient.Do(ask)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(answer.Body)
	return string(text), errors.Join(err, answer.Body.Close())
}

// killDatabases kills the PostgreSQL servers that the factory runs, as the kernel
// does when memory is short.
func killDatabases(ts *testscript.TestScript, _ bool, _ []string) {
	parents, servers := map[int]int{}, []int{}
	dirs, err := filepath.Glob("/proc/[0-9]*")
	ts.Check(err)
	for _, dir := range dirs {
		raw, err := os.ReadFile(dir + "/stat")
		if err != nil {
			continue // it has ended
		}
		end := strings.LastIndexByte(string(raw), ')')
		fields := strings.Fields(string(raw[end+1:]))
		pid, _ := strconv.Atoi(filepath.Base(dir))
		parents[pid], _ = strconv.Atoi(fields[1])
		if strings.Contains(string(raw[:end]), "(postgres") {
			servers = append(servers, pid)
		}
	}
	mine := of(ts).cmd.Process.Pid
	servers = slices.DeleteFunc(servers, func(pid int) bool {
		for pid > 1 && pid != mine {
			pid = parents[pid]
		}
		return pid != mine
	})
	if len(servers) == 0 {
		ts.Fatalf("the factory runs no PostgreSQL server")
	}
	for _, pid := range servers {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	_, err = fmt.Fprintf(ts.Stdout(), "%d killed\n", len(servers))
	ts.Check(err)
}
