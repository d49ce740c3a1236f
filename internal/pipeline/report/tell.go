package report

import (
	"fmt"
	"io"
	"strings"
)

// Log is where a step's output goes.
type Log interface {
	io.Writer
	Say(line string)
}

const mostTold = 50 // failures

// Tell writes what tests said into the log, which otherwise would only have what
// the step printed beside it.
func Tell(log Log, cases []Case, problems []string) {
	count := map[Outcome]int{}
	for _, c := range cases {
		if count[c.Outcome]++; c.Outcome != Failed || count[Failed] > mostTold {
			continue
		}
		log.Say("test failed: " + strings.TrimSpace(c.Suite+" "+c.Name))
		if c.Output != "" {
			_, _ = fmt.Fprintf(log, "%s\n", c.Output)
		}
	}
	for _, p := range problems {
		log.Say("of its reports: " + p)
	}
	log.Say(fmt.Sprintf("tests: %d passed, %d failed, %d skipped", count[Passed], count[Failed], count[Skipped]))
}
