package export

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// TestJobs: each job comes along with its time, its words and its limits, for
// Kubernetes, for Compose and by a shell.
func TestJobs(t *testing.T) {
	t.Parallel()
	in := some()
	in.Binary, in.Steps = "out/shop", []Step{{Name: "build", Run: "mkdir -p out && printf '#!/bin/sh\nprintf \"%%s|\" \"$@\"\n' > out/shop && chmod +x out/shop", Env: map[string]string{}}}
	in.Variables, in.Args = nil, []string{"serve"}
	odd := []string{"--to", "it's $(HOME) $5", ""}
	in.Jobs = []Job{
		{Name: "by-hand", Command: []string{"/app/tool", "$(X)"}, Timeout: 90 * time.Second},
		{Name: "nightly", Schedule: "30 3 * * 1-5,7 Europe/Berlin", Args: odd, Timeout: 10 * time.Minute, Memory: 256 << 20},
		{Name: "a-name-of-a-job-that-has-forty-characters", Schedule: "*/5 * * * *", Args: []string{"x"}, Timeout: time.Minute},
	}
	dir := written(t, in)
	read := func(name string) string {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	type pod struct {
		RestartPolicy string `yaml:"restartPolicy"`
		Containers    []struct {
			Command, Args  []string
			Ports          []any
			ReadinessProbe any `yaml:"readinessProbe"`
			Resources      struct{ Limits map[string]string }
		}
	}
	type cronJob struct {
		Kind     string
		Metadata struct{ Name string }
		Spec     struct {
			Schedule          string
			TimeZone          string `yaml:"timeZone"`
			Suspend           bool
			ConcurrencyPolicy string `yaml:"concurrencyPolicy"`
			JobTemplate       struct {
				Spec struct {
					Deadline int `yaml:"activeDeadlineSeconds"`
					Backoff  int `yaml:"backoffLimit"`
					Template struct{ Spec pod }
				}
			} `yaml:"jobTemplate"`
		}
	}
	got := map[string]cronJob{}
	for _, text := range strings.Split(read("kubernetes/shop.yaml"), "\n---\n") {
		var c cronJob
		if err := yaml.Unmarshal([]byte(text), &c); err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if c.Kind == "CronJob" {
			got[c.Metadata.Name] = c
		}
	}
	const long = "shop-a-name-of-a-job-that-has-forty-characters"
	for name, want := range map[string]string{
		"shop-by-hand": "0 0 1 1 * , suspended true, 90 s, [/app/tool $$(X)] [], 512Mi",
		"shop-nightly": "30 3 * * 0,1,2,3,4,5 Europe/Berlin, suspended false, 600 s, [] [--to it's $$(HOME) $5 ], 256Mi",
		long:           "*/5 * * * * Etc/UTC, suspended false, 60 s, [] [x], 512Mi",
	} {
		c := got[name]
		in := c.Spec.JobTemplate.Spec.Template.Spec
		if len(in.Containers) != 1 || in.RestartPolicy != "Never" || c.Spec.ConcurrencyPolicy != "Forbid" || c.Spec.JobTemplate.Spec.Backoff != 0 || in.Containers[0].Ports != nil || in.Containers[0].ReadinessProbe != nil {
			t.Fatalf("%s: %+v", name, c)
		}
		of := in.Containers[0]
		if is := fmt.Sprintf("%s %s, suspended %t, %d s, %v %v, %s", c.Spec.Schedule, c.Spec.TimeZone, c.Spec.Suspend, c.Spec.JobTemplate.Spec.Deadline, of.Command, of.Args, of.Resources.Limits["memory"]); is != want {
			t.Errorf("%s: %s\nwant %s", name, is, want)
		}
	}
	var compose struct {
		Services map[string]struct {
			Profiles, Entrypoint, Command []string
			Restart                       string
			MemLimit                      string `yaml:"mem_limit"`
			Environment                   map[string]string
		}
	}
	if err := yaml.Unmarshal([]byte(read("compose.yaml")), &compose); err != nil {
		t.Fatalf("%v in\n%s", err, read("compose.yaml"))
	}
	nightly, byHand := compose.Services["shop-nightly"], compose.Services["shop-by-hand"]
	if diff := cmp.Diff([]string{"--to", "it's $$(HOME) $$5", ""}, nightly.Command); diff != "" || nightly.MemLimit != "256m" || nightly.Restart != "no" || !cmp.Equal(nightly.Profiles, []string{"jobs"}) {
		t.Errorf("%+v %s", nightly, diff)
	}
	if !cmp.Equal(byHand.Entrypoint, []string{"/app/tool", "$$(X)"}) || byHand.MemLimit != "512m" || compose.Services["shop"].Profiles != nil {
		t.Errorf("%+v", compose)
	}
	if text := read("README.md"); !strings.Contains(text, "| nightly | `30 3 * * 1-5,7 Europe/Berlin` | `docker compose run --rm shop-nightly` |") || !strings.Contains(text, "| by-hand | by hand |") {
		t.Error(text)
	}
	if err := os.Mkdir(filepath.Join(dir, "source"), 0o755); err != nil {
		t.Fatal(err)
	}
	for job, want := range map[string]string{"": "serve|", "nightly": strings.Join(odd, "|") + "|"} {
		out, err := exec.Command("sh", filepath.Join(dir, "run.sh"), job).CombinedOutput()
		if err != nil || string(out) != want {
			t.Errorf("run.sh %s: %v %q, want %q", job, err, out, want)
		}
	}
	for job, says := range map[string]string{"none": "there is no job none", "by-hand": "docker compose run --rm shop-by-hand"} {
		if out, err := exec.Command("sh", filepath.Join(dir, "run.sh"), job).CombinedOutput(); err == nil || !strings.Contains(string(out), says) {
			t.Errorf("run.sh %s: %v %q", job, err, out)
		}
	}
}

// TestJobName: Kubernetes has room for 52 characters, and two jobs never share a name.
func TestJobName(t *testing.T) {
	t.Parallel()
	in := Input{Component: strings.Repeat("c", 40)}
	one, other := in.JobName(Job{Name: "report-of-the-night-for-everybody"}), in.JobName(Job{Name: "report-of-the-night-for-everyone"})
	if len(one) != 52 || len(other) != 52 || one == other {
		t.Errorf("%s, %s", one, other)
	}
}

func TestWeekdays(t *testing.T) {
	t.Parallel()
	for field, want := range map[string]string{"*": "*", "*/7": "*/7", "1-5": "1-5", "7": "0", "5-7": "0,5,6", "1,7": "0,1", "0,7": "0", "1-7/2": "0,1,3,5", "3/2": "3/2", "6,7,*": "0,1,2,3,4,5,6"} {
		if got := weekdays(field); got != want {
			t.Errorf("%s: %s, want %s", field, got, want)
		}
	}
}
