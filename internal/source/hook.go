package source

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// Where the hook finds the factory, and by what the factory knows the push.
const (
	envSocket = "FACTORY_HOOK_SOCKET"
	envSecret = "FACTORY_HOOK_SECRET"
)

// question is what the hook asks; verdict what the factory answers. Each is
// one JSON document on the socket.
type question struct {
	Secret     string      `json:"secret"`
	Quarantine string      `json:"quarantine"`
	Updates    [][3]string `json:"updates"` // object name before, after, ref
}

type verdict struct {
	Accepted bool     `json:"accepted"`
	Lines    []string `json:"lines"` // for the pusher's terminal
}

const (
	mostUpdates = 1000
	mostMessage = 1 << 20
	hookBound   = 5 * time.Minute
)

// RunHook is the body of "factory hook pre-receive", which git runs inside a
// push: it reads git's lines from stdin, asks the factory that serves the push
// and writes its reasons to out, which git shows in the pusher's terminal. It
// returns the exit code, 0 when the push may move its refs. env looks up an
// environment variable.
func RunHook(args []string, stdin io.Reader, out io.Writer, env func(string) string) int {
	if len(args) != 1 || args[0] != "pre-receive" {
		fmt.Fprintln(out, "factory hook: git runs this command inside a push; there is the hook pre-receive only")
		return 2
	}
	if env(envSocket) == "" || env(envSecret) == "" {
		fmt.Fprintln(out, "factory hook: this push did not come through the factory, so no rule can be checked; push over HTTP to the factory")
		return 1
	}
	answer, err := ask(stdin, env)
	if err != nil {
		fmt.Fprintf(out, "the factory could not check this push, so nothing was changed (%v); push again in a moment\n", err)
		return 1
	}
	for _, line := range answer.Lines {
		fmt.Fprintln(out, line)
	}
	if !answer.Accepted {
		return 1
	}
	return 0
}

func ask(stdin io.Reader, env func(string) string) (v verdict, err error) {
	q := question{Secret: env(envSecret), Quarantine: env("GIT_QUARANTINE_PATH")}
	lines := bufio.NewScanner(stdin)
	for lines.Scan() {
		fields := strings.SplitN(lines.Text(), " ", 3)
		if len(fields) != 3 {
			return v, fmt.Errorf("git sent the line %q", lines.Text())
		}
		if len(q.Updates) == mostUpdates {
			return verdict{Lines: []string{fmt.Sprintf("one push may move at most %d branches and tags; push them in parts", mostUpdates)}}, nil
		}
		q.Updates = append(q.Updates, [3]string(fields))
	}
	if err := lines.Err(); err != nil {
		return v, err
	}
	conn, err := net.DialTimeout("unix", env(envSocket), 10*time.Second)
	if err != nil {
		return v, fmt.Errorf("it does not answer: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(hookBound)); err != nil {
		return v, err
	}
	if err := json.NewEncoder(conn).Encode(q); err != nil {
		return v, err
	}
	if err := json.NewDecoder(io.LimitReader(conn, mostMessage)).Decode(&v); err != nil {
		return v, fmt.Errorf("it broke off: %w", err)
	}
	return v, nil
}
