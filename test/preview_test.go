package test

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// speaker builds a static program that answers with a word and what it is told,
// or says the word and ends when the word is "die". Without a port it is a worker,
// which ends again and again when the word is "crash"; with an argument a job.
func speaker(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: speaker FILE WORD")
	}
	dir := ts.MkAbs("speaker-source")
	ts.Check(os.MkdirAll(dir, 0o700))
	ts.Check(os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/speaker\n\ngo 1.26\n"), 0o600))
	ts.Check(os.WriteFile(filepath.Join(dir, "main.go"), []byte(`package main

import (
	"fmt"
	"net/http"
	"os"
	"time"
)

var word string

func main() {
	if word == "die" {
		fmt.Println("the wings are missing")
		os.Exit(3)
	}
	if len(os.Args) > 1 { // a job
		fmt.Println("reporting as", os.Getenv("FACTORY_JOB"))
		if os.Args[1] == "fail" {
			os.Exit(3)
		}
		return
	}
	if _, serves := os.LookupEnv("PORT"); !serves { // a worker
		fmt.Println("the queue is open:", word)
		if word == "crash" {
			time.Sleep(500 * time.Millisecond)
			panic("the queue went away")
		}
		for {
			time.Sleep(time.Hour)
		}
	}
	panic(http.ListenAndServe(":"+os.Getenv("PORT"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if word == "lie" && r.URL.Path != "/healthz" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		fmt.Fprintf(w, "word=%s greeting=%s key=%s of=%s\n", word, os.Getenv("GREETING"), os.Getenv("PAYMENT_KEY"), os.Getenv("OTEL_RESOURCE_ATTRIBUTES"))
	})))
}
`), 0o600))
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -X main.word="+args[1], "-o", ts.MkAbs(args[0]), ".")
	build.Dir, build.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		ts.Fatalf("%v\n%s", err, out)
	}
}

// visit asks the gateway for / of a host until the status is this one and the
// body matches.
func visit(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: visit HOST STATUS PATTERN")
	}
	where := regexp.MustCompile(`gateway=(\S+)`)
	want, err := regexp.Compile("(?m)" + args[2])
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	status, body := "", ""
	for {
		gateway := "http://127.0.0.1:0" // until the factory says it
		if found := where.FindAllStringSubmatch(ts.ReadFile("factory.log"), -1); len(found) > 0 {
			gateway = found[len(found)-1][1] // of its last life
		}
		ask, err := http.NewRequestWithContext(ctx, http.MethodGet, gateway+"/", nil)
		ts.Check(err)
		ask.Host = args[0]
		if answer, err := http.DefaultClient.Do(ask); err == nil {
			raw, _ := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			status, body = strconv.Itoa(answer.StatusCode), string(raw)
			if status == args[1] && want.MatchString(body) {
				return
			}
		}
		select {
		case <-ctx.Done():
			ts.Fatalf("%s never answered %s with %q, last %s %s", args[0], args[1], args[2], status, body)
		case <-tick.C:
		}
	}
}
