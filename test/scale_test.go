package test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// herd builds a service whose processes each answer with a name of their own.
func herd(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: herd FILE")
	}
	dir := ts.MkAbs("herd-source")
	ts.Check(os.MkdirAll(dir, 0o700))
	ts.Check(os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/herd\n\ngo 1.26\n"), 0o600))
	ts.Check(os.WriteFile(filepath.Join(dir, "main.go"), []byte(`package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	name := rand.Text()
	s := &http.Server{Addr: ":" + os.Getenv("PORT"), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, name) })}
	stop, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	go func() { panic(s.ListenAndServe()) }()
	<-stop.Done()
}
`), 0o600))
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", ts.MkAbs(args[0]), ".")
	build.Dir, build.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		ts.Fatalf("%v\n%s", err, out)
	}
}

// round is how many units ask before it is known how many processes answer.
const round = 100

// processes asks a herd's component until so many processes answer, other ones
// than in the round before it when it says new. Each request must be answered.
func processes(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: processes COMPONENT NUMBER [new]")
	}
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	found := regexp.MustCompile(`gateway=(\S+)`).FindAllStringSubmatch(ts.ReadFile("factory.log"), -1)
	if len(found) == 0 {
		ts.Fatalf("the factory does not say where its gateway is")
	}
	gateway := found[len(found)-1][1]
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var before map[string]int
	if raw, err := os.ReadFile(ts.MkAbs("answered")); err == nil && len(args) > 2 {
		before = map[string]int{}
		for _, name := range regexp.MustCompile(`\w+`).FindAllString(string(raw), -1) {
			before[name] = 1
		}
	}
	for {
		answered := map[string]int{}
		for unit := range round {
			ask, err := http.NewRequestWithContext(ctx, http.MethodGet, gateway, nil)
			ts.Check(err)
			ask.Host = args[0] + ".localhost"
			ask.Header.Set("X-Unit-Id", fmt.Sprintf("customer-%d", unit))
			answer, err := http.DefaultClient.Do(ask)
			if err != nil {
				ts.Fatalf("there were never %d processes, last %v: %v", want, answered, err)
			}
			name, err := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			if err != nil || answer.StatusCode != http.StatusOK {
				ts.Fatalf("a request failed: %d %s %v", answer.StatusCode, name, err)
			}
			answered[string(name)]++
		}
		again := slices.ContainsFunc(slices.Collect(maps.Keys(answered)), func(name string) bool { return before[name] > 0 })
		if len(answered) == want && !again {
			ts.Check(os.WriteFile(ts.MkAbs("answered"), fmt.Append(nil, slices.Sorted(maps.Keys(answered))), 0o600))
			return
		}
	}
}
