// Package gocache is the program that Go's command asks for what was built before
// (GOCACHEPROG, since Go 1.24; go doc cmd/go/internal/cacheprog): it reads a
// build cache of several layers and writes only the first. So the checks of a
// branch begin with all that its trunk has built, and a new component with all
// that the golden path has, without a copy of it, and without a way to change it.
//
// A layer is a directory of Go's own format, which its command reads and writes
// as GOCACHE, too.
//
// It is a program within a sandbox, where what is built is not trusted: it has
// the rights of the build and no more. There is no helper program: the factory's
// own binary is it; see [Init].
package gocache

import (
	"os"
	"strings"
	"syscall"
)

// role is the first argument of the program. It looks like no command of a person.
const role = "--go-build-cache"

// Binary is the path of the program that runs now, also when its file has been
// replaced meanwhile. Inside a sandbox it is to be bound somewhere.
const Binary = "/proc/self/exe"

// Command is the value of GOCACHEPROG: the program at a path, with the directory
// that is written and those that are read after it.
func Command(binary, own string, below []string) string {
	line := quoted(binary) + " " + role + " " + quoted(own)
	for _, dir := range below {
		line += " " + quoted(dir)
	}
	return line
}

// quoted is an argument as cmd/internal/quoted reads it, which knows no escapes.
func quoted(arg string) string {
	switch {
	case !strings.ContainsAny(arg, " \t\n\r'\""):
		return arg
	case strings.Contains(arg, "'"):
		return `"` + arg + `"`
	}
	return "'" + arg + "'"
}

// Init is to be called at the begin of main. In a process that was started to be
// the program it does that job and never returns.
func Init() {
	if len(os.Args) < 3 || os.Args[1] != role {
		return
	}
	if err := serve(os.Args[2], os.Args[3:], os.Stdin, os.Stdout); err != nil {
		_, _ = os.Stderr.WriteString("build cache: " + err.Error() + "\n")
		syscall.Exit(1)
	}
	syscall.Exit(0)
}
