package test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// service builds a static program that answers 200 to everybody, but 500 to who
// asks for the path that is named.
func service(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: service FILE BROKEN-PATH")
	}
	dir := ts.MkAbs("service-source")
	ts.Check(os.MkdirAll(dir, 0o700))
	ts.Check(os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/service\n\ngo 1.26\n"), 0o600))
	ts.Check(os.WriteFile(filepath.Join(dir, "main.go"), []byte(`package main

import (
	"net/http"
	"os"
)

var broken string

func main() {
	panic(http.ListenAndServe(":"+os.Getenv("PORT"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == broken {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})))
}
`), 0o600))
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -X main.broken="+args[1], "-o", ts.MkAbs(args[0]), ".")
	build.Dir, build.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		ts.Fatalf("%v\n%s", err, out)
	}
}

// customers ask components through the gateway, each customer every component,
// until what a command prints matches.
func customers(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 4 {
		ts.Fatalf("usage: customers COMPONENT,COMPONENT PATH PATTERN COMMAND...")
	}
	found := regexp.MustCompile(`gateway=(\S+)`).FindAllStringSubmatch(ts.ReadFile("factory.log"), -1)
	if len(found) == 0 {
		ts.Fatalf("the factory does not say where its gateway is")
	}
	gateway := found[len(found)-1][1]
	want, err := regexp.Compile("(?m)" + args[2])
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for unit := 0; ; {
		for range 200 {
			unit++
			for _, component := range strings.Split(args[0], ",") {
				ask, err := http.NewRequestWithContext(ctx, http.MethodGet, gateway+args[1], nil)
				ts.Check(err)
				ask.Host = component + ".localhost"
				ask.Header.Set("X-Unit-Id", fmt.Sprintf("customer-%d", unit))
				answer, err := http.DefaultClient.Do(ask)
				if err != nil {
					ts.Fatalf("%q never came: %v", args[2], err)
				}
				_ = answer.Body.Close()
			}
		}
		err := ts.Exec(args[3], args[4:]...)
		if err == nil && want.MatchString(ts.ReadFile("stdout")) {
			return
		}
	}
}
