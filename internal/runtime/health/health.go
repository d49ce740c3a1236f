// Package health watches whether a process that was ready goes on to answer well.
// One that answers badly is told apart from one that does not answer at all: only
// the latter can be helped by another process. What counts is how many questions
// in a row went wrong, never a clock: a factory that stood still for a minute must
// not take everybody for dead.
package health

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Pace says how often a process is asked, and what is too much.
type Pace struct {
	Every  time.Duration // between two questions
	Bound  time.Duration // of a good answer
	Bad    int           // this many bad or late answers in a row: it is unwell
	Silent time.Duration // questions of so long without any answer: it hangs
}

// State of a process.
type State int

// The states.
const (
	Well   State = iota
	Unwell       // it answers badly or late
	Hung         // it does not answer at all
)

// Verdict is a state, and why it is.
type Verdict struct {
	State  State
	Reason string
}

// answer is what came of a question.
type answer struct {
	number int
	status int
	err    error
	late   bool
}

// check is what is known of a process.
type check struct {
	pace     Pace
	path     string
	now      Verdict
	asked    int  // number of the newest question
	open     bool // it is neither answered nor given up
	bad      int  // in a row
	silences int  // in a row
}

// Run asks a process, which is well at first, until ctx ends, and tells each change
// of its state. Ask returns the status of the answer, or why there was none.
func Run(ctx context.Context, p Pace, path string, ask func(context.Context) (status int, err error), tell func(Verdict)) {
	ctx, cancel := context.WithCancel(ctx)
	var questions sync.WaitGroup
	defer questions.Wait()
	defer cancel()
	answers := make(chan answer)
	c := check{pace: p, path: path}
	tick := time.NewTicker(p.Every)
	defer tick.Stop()
	for {
		before := c.now.State
		select {
		case <-ctx.Done():
			return
		case a := <-answers:
			c.take(a)
		case <-tick.C:
			c.miss()
			c.asked, c.open = c.asked+1, true
			number := c.asked
			questions.Go(func() {
				// It may answer late: then it does not hang.
				bounded, cancel := context.WithTimeout(ctx, p.Silent)
				defer cancel()
				began := time.Now()
				status, err := ask(bounded)
				select {
				case answers <- answer{number, status, err, time.Since(began) > p.Bound}:
				case <-ctx.Done():
				}
			})
		}
		if c.now.State != before {
			tell(c.now)
		}
	}
}

// miss notes that the newest question was not answered before the next.
func (c *check) miss() {
	if c.open {
		c.open = false
		c.count(true, fmt.Sprintf("it does not answer within %s at %s", c.pace.Bound, c.path))
	}
}

// take notes an answer.
func (c *check) take(a answer) {
	if a.err == nil {
		c.silences = 0
	}
	if a.number != c.asked || !c.open {
		return // too late to count for anything else
	}
	c.open = false
	switch {
	case a.err != nil:
		c.count(true, fmt.Sprintf("it does not answer at %s: %v", c.path, a.err))
	case a.status >= http.StatusBadRequest:
		c.count(false, fmt.Sprintf("it answers %d %s at %s", a.status, http.StatusText(a.status), c.path))
	case a.late:
		c.count(false, fmt.Sprintf("it does not answer within %s at %s", c.pace.Bound, c.path))
	default:
		c.bad, c.now = 0, Verdict{}
	}
}

// count notes that a question went wrong.
func (c *check) count(silent bool, why string) {
	c.bad++
	if silent {
		c.silences++
	}
	switch {
	case c.silences >= int(c.pace.Silent/c.pace.Every):
		c.now = Verdict{Hung, fmt.Sprintf("it did not answer for %s at %s", c.pace.Silent, c.path)}
	case c.bad >= c.pace.Bad && c.now.State == Well:
		c.now = Verdict{Unwell, why}
	}
}
