// Package export writes down a component so that it can be built and run without
// the factory: its repository with all history, the commands by which the
// pipeline builds it, and how to run it as a container, under Compose or on
// Kubernetes. Whoever can leave at any time can begin without fear.
package export

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"strings"
	"text/template"
)

// Input is what is known of a component.
type Input struct {
	Component  string
	Commit     string // of the trunk, that is exported
	Factory    string // address of the factory, for the reader
	Steps      []Step // in an order in which each comes after what it needs
	Binary     string // path of the program that the steps make, in the workspace; empty when there is a base
	Base       string // what runs the files instead: node
	Files      string // with a base: their folder in the workspace
	Command    []string
	Node       string // version of the host's Node.js, of a component on that base, e.g. "20.20.2", or "lts" when that has none any more
	Port       int    // 0: it is a worker, that listens on none
	Health     string // path
	Go         string // version of the Go toolchain that the steps ask for, e.g. "1.26.1"; empty: none
	Variables  []Variable
	Database   bool   // it has a PostgreSQL database
	Password   string // of that, made up for the export
	Volumes    []Volume
	Route      bool     // it is told its address
	Replicas   int      // processes; 0: nobody says
	CPUs       float64  // of each, at most
	Memory     int64    // of each, bytes, at most
	Entrypoint []string // in place of the program, in the container; nil: as it is
	Args       []string // the program's
	Explicit   bool     // Variables say where its resources are; nothing else does
	Jobs       []Job
	Job        *Job // that a container is of; nil: it is the workload's
}

// MiB is the memory as Compose and Kubernetes read it.
func (in Input) MiB() int64 { return in.Memory >> 20 }

// LeastMiB and LeastCPU, in thousandths of a processor, are what Kubernetes keeps
// for each process: not more than it may use.
func (in Input) LeastMiB() int64 { return min(64, in.MiB()) }

// LeastCPU is described at LeastMiB.
func (in Input) LeastCPU() int64 { return min(100, int64(in.CPUs*1000+0.5)) }

// Volume is a folder that stays.
type Volume struct {
	Name  string
	Path  string // where the program finds it in a container
	Bytes int64  // that fit in
}

// Variable is the environment variable that says where it is.
func (v Volume) Variable() string {
	return "VOLUME_" + strings.ToUpper(strings.ReplaceAll(v.Name, "-", "_"))
}

// MiB is the size as Kubernetes reads it.
func (v Volume) MiB() int64 { return v.Bytes >> 20 }

// Step is one that the pipeline runs for the trunk.
type Step struct {
	Name string
	Run  string            // shell script
	Env  map[string]string // with what the factory tells the step
}

// Variable is one of production; the value of a secret is not known.
type Variable struct {
	Key    string
	Value  string
	Secret bool
}

//go:embed template
var templates embed.FS

// pages are the files that are written from templates.
var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"quoted": quoted, "literal": literal, "shell": shell, "script": script, "words": words, "list": list, "literals": literals, "arguments": arguments, "add": func(a, b int) int { return a + b },
}).ParseFS(templates, "template/*"))

// Write writes all but the repository into dir, which must be empty: source/,
// the files of the commit, and repository.bundle are expected beside.
func Write(dir string, in Input) (err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() {
		if e := root.Close(); err == nil {
			err = e
		}
	}()
	if err := root.MkdirAll("steps", 0o755); err != nil {
		return err
	}
	if in.Database {
		if err := put(root, "database.env", "database", in, 0o600); err != nil {
			return err
		}
	}
	if err := root.MkdirAll("kubernetes", 0o755); err != nil {
		return err
	}
	for i, s := range in.Steps {
		if err := put(root, "steps/"+script(i, s), "step", struct {
			Step
			Input Input
		}{s, in}, 0o755); err != nil {
			return err
		}
	}
	for _, f := range []struct {
		name, page string
		mode       os.FileMode
	}{
		{"README.md", "readme", 0o644}, {"Dockerfile", "dockerfile", 0o644}, {".dockerignore", "dockerignore", 0o644}, {"compose.yaml", "compose", 0o644}, {"run.sh", "run", 0o755},
		{"kubernetes/" + in.Component + ".yaml", "kubernetes", 0o644}, {"variables.env", "variables", 0o644}, {"secrets.env.example", "secrets", 0o644},
	} {
		if err := put(root, f.name, f.page, in, f.mode); err != nil {
			return err
		}
	}
	return nil
}

func put(root *os.Root, name, page string, data any, mode os.FileMode) error {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, page, data); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return root.WriteFile(name, b.Bytes(), mode)
}

// Program is the program's path in the container's image, as in the factory's.
func (in Input) Program() string { return "/app/" + in.Component }

// Secrets are the keys of the variables that are secrets.
func (in Input) Secrets() (keys []string) {
	for _, v := range in.Variables {
		if v.Secret {
			keys = append(keys, v.Key)
		}
	}
	return keys
}

// Plain are the variables that are no secrets.
func (in Input) Plain() (list []Variable) {
	for _, v := range in.Variables {
		if !v.Secret {
			list = append(list, v)
		}
	}
	return list
}

// script names the file of a step.
func script(i int, s Step) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, strings.ToLower(path.Base(s.Name)))
	return fmt.Sprintf("%02d-%s.sh", i+1, strings.Trim(name, "-"))
}

// quoted writes a text as YAML reads it, in double quotes: what JSON writes.
func quoted(text string) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(text)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// literal is quoted for Compose, which reads a dollar as the name of a variable.
func literal(text string) (string, error) { return quoted(strings.ReplaceAll(text, "$", "$$")) }

// list writes texts as a list that Docker reads: what JSON writes.
func list(texts []string) (string, error) {
	raw, err := json.Marshal(texts)
	return string(raw), err
}

// literals is list for Compose, which reads a dollar as the name of a variable.
func literals(texts []string) (string, error) {
	all, err := list(texts)
	return strings.ReplaceAll(all, "$", "$$"), err
}

// arguments is list for Kubernetes, which reads $(NAME) as a variable.
func arguments(texts []string) (string, error) {
	all, err := list(texts)
	return strings.ReplaceAll(all, "$(", "$$("), err
}

// words writes texts as words of a shell.
func words(texts []string) string {
	var out []string
	for _, t := range texts {
		out = append(out, shell(t))
	}
	return strings.Join(out, " ")
}

// shell writes a text as one word of a shell.
func shell(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
