package export

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Job is a program of the component that runs at certain times.
type Job struct {
	Name     string
	Schedule string        // as package cron writes it; empty: by hand only
	Command  []string      // in place of the image's program and arguments
	Args     []string      // of the image's program, in place of its own
	Timeout  time.Duration // it may take
	Memory   int64         // bytes at most; 0: as much as the workload
}

// Seconds is how long it may take, as Kubernetes reads it.
func (j Job) Seconds() int64 { return int64(j.Timeout / time.Second) }

// Zone is the time zone of its schedule.
func (j Job) Zone() string {
	if parts := strings.Fields(j.Schedule); len(parts) > 5 {
		return parts[5]
	}
	return "Etc/UTC"
}

// Fields are the five of its schedule, as Kubernetes reads them.
func (j Job) Fields() string {
	parts := strings.Fields(j.Schedule)
	parts = parts[:min(len(parts), 5)]
	if len(parts) == 5 {
		parts[4] = weekdays(parts[4])
	}
	return strings.Join(parts, " ")
}

// weekdays writes the days of the week without the 7, which is Sunday in cron(5)
// and an error in Kubernetes.
func weekdays(field string) string {
	if !strings.Contains(field, "7") || strings.HasPrefix(field, "*") {
		return field
	}
	var days []int
	for part := range strings.SplitSeq(field, ",") {
		span, step, stepped := strings.Cut(part, "/")
		from, to, ranged := strings.Cut(span, "-")
		every, low, top := number(step, 1), number(from, 0), number(to, 7)
		if !ranged && !stepped && from != "*" {
			top = low
		}
		for d := low; d <= top; d += every {
			days = append(days, d%7)
		}
	}
	slices.Sort(days)
	var list []string
	for _, d := range slices.Compact(days) {
		list = append(list, strconv.Itoa(d))
	}
	return strings.Join(list, ",")
}

// number reads a number of a schedule that was checked; usual when there is none.
func number(text string, usual int) int {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return usual
}

// longestCronJob is what Kubernetes allows: it appends to the name.
const longestCronJob = 52

// JobName is the name of a job beside those of other components.
func (in Input) JobName(j Job) string {
	name := in.Component + "-" + j.Name
	if len(name) <= longestCronJob {
		return name
	}
	end := fmt.Sprintf("-%x", sha256.Sum256([]byte(name)))[:9]
	return name[:longestCronJob-len(end)] + end
}

// Of is the input for the container of a job.
func (in Input) Of(j Job) Input {
	in.Job = &j
	if j.Memory > 0 {
		in.Memory = j.Memory
	}
	return in
}

// Pod is the specification of the pod as Kubernetes reads it, behind so many spaces.
func (in Input) Pod(spaces int) (string, error) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, "pod", in); err != nil {
		return "", err
	}
	before := strings.Repeat(" ", spaces)
	return before + strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), "\n", "\n"+before), nil
}
