package change

import (
	"fmt"

	"github.com/digital-factory/factory/internal/source/git"
)

// entry is what is known of a queued change when the next step is decided.
type entry struct {
	Change
	head   string   // of the branch now, "" when it is gone
	check  Check    // of the head
	people []string // what is wanted of people
	trial  Check    // of the candidate
	same   bool     // the candidate has the very files of the head
	landed bool     // the trunk has the candidate already, and will be told to have it
}

// act is what is done next.
type act string

const (
	rest     act = "rest"      // wait for a fact
	giveBack act = "give back" // out of the queue, with a reason
	build    act = "build"     // make the merge commit that the trunk would get
	try      act = "try"       // put it on its branch, to be checked
	land     act = "land"      // move the trunk
)

// step is the next thing to do for a component's queue.
type step struct {
	act    act
	entry  entry
	reason string // for giveBack
}

// decide returns the next step that a queued change asks for when the trunk is
// at this commit; the one that is tried out is asked first, then the others in
// their order. A change that waits for its own check decides nothing, so that it
// keeps no other waiting.
func decide(e entry, trunk string) (st step, decided bool) {
	if e.landed {
		return step{act: rest}, true
	}
	if why := unfit(e); why != "" {
		return step{act: giveBack, entry: e, reason: why}, true
	}
	if e.check.State != Green {
		return step{}, false
	}
	if e.Candidate == "" || e.Base != trunk {
		return step{act: build, entry: e}, true
	}
	switch {
	case e.same || e.trial.State == Green:
		return step{act: land, entry: e}, true
	case e.trial.State == Red || e.trial.State == Cancelled:
		return step{act: giveBack, entry: e, reason: fmt.Sprintf("The check of it merged with %s of the trunk %s.", git.Short(e.Base), ended(e.trial))}, true
	case e.trial.State == Unchecked:
		return step{act: try, entry: e}, true
	}
	return step{act: rest}, true
}

// unfit returns why a change cannot be merged any more, whatever is waited for.
func unfit(e entry) string {
	switch {
	case e.head == "":
		return fmt.Sprintf("The branch %s was deleted.", e.Branch)
	case e.head != e.QueuedHead:
		return fmt.Sprintf("Something was pushed to %s after it was queued: its head is %s.", e.Branch, git.Short(e.head))
	case len(e.people) > 0:
		return e.people[0]
	}
	if need, hard := checkNeeded(e.head, e.check); hard {
		return need
	}
	return ""
}
