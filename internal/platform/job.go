package platform

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/digital-factory/factory/internal/base/cron"
	"github.com/digital-factory/factory/internal/base/document"
	"github.com/digital-factory/factory/internal/base/errs"
)

// Job is a program of a component that runs at certain times.
type Job struct {
	Schedule string   `yaml:"schedule" json:"schedule,omitempty"` // as package cron reads it; empty: by hand only
	Command  []string `yaml:"command" json:"command,omitempty"`   // in place of the image's program and arguments
	Args     []string `yaml:"args" json:"args,omitempty"`         // of the image's program, in place of its own
	Timeout  string   `yaml:"timeout" json:"timeout"`             // such as "10m"
	Memory   string   `yaml:"memory" json:"memory,omitempty"`     // such as "256Mi", at most
}

// JobsLabel carries the jobs of an image.
const JobsLabel = "io.digital-factory.jobs"

const (
	mostJobs    = 20
	mostWords   = 100
	usualTime   = 10 * time.Minute
	mostTime    = 6 * time.Hour
	leastMemory = 16 << 20
)

var (
	jobName    = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)
	memoryForm = regexp.MustCompile(`^([1-9][0-9]{0,6})Mi$`)
)

// Long is how long it may take.
func (j Job) Long() time.Duration {
	d, err := time.ParseDuration(j.Timeout)
	if err != nil {
		return usualTime
	}
	return d
}

// Bytes is how much memory it may use; 0: as much as the workload.
func (j Job) Bytes() int64 {
	m := memoryForm.FindStringSubmatch(j.Memory)
	if m == nil {
		return 0
	}
	n, _ := strconv.ParseInt(m[1], 10, 64) // at most seven digits
	return n << 20
}

// checkJobs checks the jobs and fills in the defaults.
func (m *Manifest) checkJobs(places document.Places, bad *errs.Error) {
	if len(m.Jobs) > mostJobs {
		bad.In(places.Of("$.jobs"), "jobs has %d entries: at most %d", len(m.Jobs), mostJobs)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(m.Jobs)) {
		j, at := m.Jobs[name], "$.jobs."+name
		if !jobName.MatchString(name) {
			bad.In(places.Of(at), "%.60q is no name of a job: up to 40 lower-case letters, digits and dashes, beginning with a letter", name)
		}
		if j.Schedule != "" {
			if s, err := cron.Parse(j.Schedule); err != nil {
				bad.In(places.Of(at+".schedule"), "schedule %v", err)
			} else {
				j.Schedule = s.String()
			}
		}
		if len(j.Command)+len(j.Args) == 0 {
			bad.In(places.Of(at), "%s needs args, of the image's program, or command, in place of it: else it would do what the workload does", name)
		}
		if len(j.Command)+len(j.Args) > mostWords {
			bad.In(places.Of(at), "%s has more than %d words", name, mostWords)
		}
		if j.Timeout == "" {
			j.Timeout = usualTime.String()
		}
		if d, err := time.ParseDuration(j.Timeout); err != nil || d < time.Second || d > mostTime {
			bad.In(places.Of(at+".timeout"), "timeout %.20q must be from 1s to %v", j.Timeout, mostTime)
		}
		if n := j.Bytes(); j.Memory != "" && (n < leastMemory || n > most.Memory) {
			bad.In(places.Of(at+".memory"), "memory %.20q must be from %dMi to %dMi", j.Memory, leastMemory>>20, most.Memory>>20)
		}
		m.Jobs[name] = j
	}
}

// JobsOf reads the jobs of an image; one without any has none.
func JobsOf(labels map[string]string) (jobs map[string]Job, err error) {
	text, ok := labels[JobsLabel]
	if !ok {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text), &jobs); err != nil {
		return nil, errs.Because(errs.Invalid, err, "the label %s cannot be read", JobsLabel)
	}
	return jobs, nil
}
