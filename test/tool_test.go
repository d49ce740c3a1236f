package test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// until runs a command again and again until what it prints matches.
func until(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: until PATTERN COMMAND...")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	limit, tick := time.After(2*time.Minute), time.NewTicker(100*time.Millisecond)
	defer tick.Stop()
	for {
		err := ts.Exec(args[1], args[2:]...)
		said := ts.ReadFile("stdout")
		if err == nil && want.MatchString(said) {
			return
		}
		select {
		case <-limit:
			ts.Fatalf("%q never came; %v", args[0], err)
		case <-tick.C:
		}
	}
}

// ask sends a file to the factory with the token that is kept, and prints the
// status and the body of the answer.
func ask(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 || len(args) > 4 {
		ts.Fatalf("usage: ask METHOD PATH [FILE [TYPE]]")
	}
	body, kind := "", "application/json"
	if len(args) > 2 {
		body = ts.ReadFile(args[2])
	}
	if len(args) > 3 {
		kind = args[3]
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, args[0], ts.Getenv("FACTORY_URL")+args[1], bytes.NewReader([]byte(body)))
	ts.Check(err)
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Authorization", "Bearer "+keptToken(ts))
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	ts.Check(err)
	_, err = fmt.Fprintf(ts.Stdout(), "%d %s\n%s\n", resp.StatusCode, resp.Header.Get("Content-Type"), answer)
	ts.Check(err)
}

func keptToken(ts *testscript.TestScript) string {
	var kept struct{ Token string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("home/config/factory/login.json")), &kept))
	return kept.Token
}

// verbatim is a codec that sends bytes as they are.
type verbatim struct{}

func (verbatim) Name() string                    { return "proto" }
func (verbatim) Marshal(v any) ([]byte, error)   { return *v.(*[]byte), nil }
func (verbatim) Unmarshal(b []byte, v any) error { *v.(*[]byte) = bytes.Clone(b); return nil }

// otlpGRPC sends a file as the body of a gRPC export, and prints the status.
func otlpGRPC(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: otlp-grpc FILE")
	}
	found := regexp.MustCompile(`otlp=(\S+)`).FindAllStringSubmatch(ts.ReadFile("factory.log"), -1)
	if len(found) == 0 {
		ts.Fatalf("the factory does not say where it takes OTLP over gRPC")
	}
	conn, err := grpc.NewClient(found[len(found)-1][1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	ts.Check(err)
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+keptToken(ts))
	in, out := []byte(ts.ReadFile(args[0])), []byte{}
	err = conn.Invoke(ctx, "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", &in, &out, grpc.ForceCodec(verbatim{}))
	_, err = fmt.Fprintf(ts.Stdout(), "%s: %s\n", status.Code(err), status.Convert(err).Message())
	ts.Check(err)
}

// deadService builds a static program that ends as soon as it is started.
func deadService(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: dead-service FILE")
	}
	dir := ts.MkAbs("dead")
	ts.Check(os.MkdirAll(dir, 0o700))
	ts.Check(os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/dead\n\ngo 1.26\n"), 0o600))
	ts.Check(os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\n\nimport \"os\"\n\nfunc main() {\n\tprintln(\"no battery found\")\n\tos.Exit(2)\n}\n"), 0o600))
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", ts.MkAbs(args[0]), ".")
	build.Dir, build.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		ts.Fatalf("%v\n%s", err, out)
	}
}

// bootSmall is boot on a disk of so many megabytes, which nobody else sees: a
// file system in memory in a mount namespace of its own.
func bootSmall(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: boot-small MEGABYTES")
	}
	data := ts.MkAbs("data")
	ts.Check(os.MkdirAll(data, 0o700))
	start(ts, exec.Command("unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
		`mount -t tmpfs -o "size=$1m" none "$2" && shift 2 && exec "$@"`, "sh", args[0], data,
		"factory", "up", "--data", data, "--listen", "127.0.0.1:0", "--gateway", "127.0.0.1:0", "--otlp", "127.0.0.1:0"))
}

// inside is a file on the disk of a factory that boot-small started.
func inside(ts *testscript.TestScript, name string) string {
	return filepath.Join(fmt.Sprintf("/proc/%d/root", of(ts).cmd.Process.Pid), ts.MkAbs("data"), name)
}

// fill leaves no room on the disk, and empty gives it back.
func fill(ts *testscript.TestScript, _ bool, _ []string) {
	f, err := os.OpenFile(inside(ts, "filler"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	ts.Check(err)
	for _, size := range []int{1 << 20, 4 << 10} { // to the last page
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		ts.Fatalf("fill the disk: %v", err)
	}
	ts.Check(f.Close())
}

func empty(ts *testscript.TestScript, _ bool, _ []string) { ts.Check(os.Remove(inside(ts, "filler"))) }
