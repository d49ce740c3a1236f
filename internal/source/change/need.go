package change

import (
	"fmt"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/source/git"
)

// verdictOf returns what the checks of one commit, latest first, say together:
// the latest, unless it was cancelled and an earlier one came to an end.
func verdictOf(checks []Check) Check {
	for _, c := range checks {
		if c.State != Cancelled {
			return c
		}
	}
	if len(checks) > 0 {
		return checks[0]
	}
	return Check{State: Unchecked}
}

// judged returns the reviews, oldest first, with what became of them when the
// head is this one. own tells whose do not count.
func judged(reviews []Review, head string, own func(Review) bool) []Review {
	last := map[string]int{}
	for i, r := range reviews {
		if r.Verdict != Remark && r.Commit == head {
			last[r.Account] = i
		}
	}
	out := slices.Clone(reviews)
	for i := range out {
		r := &out[i]
		r.Stale, r.Own = r.Commit != head, r.Own || own(*r)
		r.Replaced = !r.Stale && r.Verdict != Remark && last[r.Account] != i
	}
	return out
}

// approvals returns how many reviews approve of the head.
func approvals(reviews []Review) (n int) {
	for _, r := range reviews {
		if r.counts() && r.Verdict == Approve {
			n++
		}
	}
	return n
}

// peopleNeeded says what is still wanted of people.
func peopleNeeded(d Detail) (needs []string) {
	for _, r := range d.Reviews {
		if !r.Stale && !r.Replaced && r.Verdict == RequestChanges {
			needs = append(needs, fmt.Sprintf("%s asked for changes: push them, or ask %s for another review.", r.Name, r.Name))
		}
	}
	if missing := d.Needed - d.Approvals; missing > 0 {
		text := fmt.Sprintf("%s of %s by people who did not push to %s.", count(missing, "more approval", "more approvals"), git.Short(d.Head), d.Branch)
		if d.Approvals == 0 {
			text = fmt.Sprintf("%s of %s by people who did not push to %s.", count(missing, "approval", "approvals"), git.Short(d.Head), d.Branch)
		}
		if slices.ContainsFunc(d.Reviews, func(r Review) bool { return r.Verdict == Approve && r.Stale }) {
			text += " Earlier ones were given for an older head."
		}
		needs = append(needs, text)
	}
	return needs
}

func count(n int, one, more string) string {
	if n == 1 {
		return "One " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// mergeNeeded says what is still wanted of the branch.
func mergeNeeded(d Detail) []string {
	switch d.Merges {
	case Gone:
		return []string{fmt.Sprintf("The branch %s is not there: push it again, or close the change.", d.Branch)}
	case Nothing:
		return []string{fmt.Sprintf("A commit: the trunk has all of %s already.", d.Branch)}
	case Unrelated:
		return []string{fmt.Sprintf("A branch that began at the trunk: %s shares no commit with it.", d.Branch)}
	case Conflict:
		return []string{fmt.Sprintf("The branch and the trunk both changed %s: merge main into %s, settle them, and push.", fileList(d.Conflicts), d.Branch)}
	}
	return nil
}

// checkNeeded says what is still wanted of the head's check; hard is what
// waiting alone does not bring.
func checkNeeded(head string, c Check) (need string, hard bool) {
	switch c.State {
	case Green:
		return "", false
	case Waiting:
		return fmt.Sprintf("The check of %s has not finished.", git.Short(head)), false
	case Unchecked:
		return fmt.Sprintf("The check of %s has not begun.", git.Short(head)), false
	}
	return fmt.Sprintf("The check of %s %s: correct it and push, or run it again.", git.Short(head), ended(c)), true
}

// ended words how a check ended that is not green.
func ended(c Check) string {
	text := "failed"
	if c.State == Cancelled {
		text = "was cancelled"
	} else if c.Step != "" {
		text += " in step " + c.Step
	}
	if c.Reason != "" {
		text += " (" + git.Cut(strings.TrimRight(c.Reason, "."), 200) + ")"
	}
	return text
}

// fileList names a few files.
func fileList(files []string) string {
	const named = 5
	short := make([]string, 0, named)
	for _, f := range files[:min(named, len(files))] {
		short = append(short, git.Cut(f, 100))
	}
	text := strings.Join(short, ", ")
	if more := len(files) - named; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// needs returns all that a merge still waits for, a sentence each.
func needs(d Detail) []string {
	all := []string{}
	if !d.living() {
		return all
	}
	all = append(all, mergeNeeded(d)...)
	if d.Merges == Gone || d.Merges == Nothing {
		return all
	}
	if need, _ := checkNeeded(d.Head, verdictOf(d.Checks)); need != "" {
		all = append(all, need)
	}
	return append(all, peopleNeeded(d)...)
}
