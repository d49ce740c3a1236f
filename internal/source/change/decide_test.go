package change

import "testing"

// TestDecide: what a queue does next, for each thing that may be so.
func TestDecide(t *testing.T) {
	t.Parallel()
	green := Check{State: Green}
	ready := entry{Change: Change{Branch: "a", QueuedHead: "h", Candidate: "c", Base: "t"}, head: "h", check: green}
	with := func(f func(*entry)) entry { e := ready; f(&e); return e }
	for name, test := range map[string]struct {
		e       entry
		act     act
		decided bool
		reason  string
	}{
		"landed, not told yet":       {with(func(e *entry) { e.landed, e.head = true, "" }), rest, true, ""},
		"branch deleted":             {with(func(e *entry) { e.head = "" }), giveBack, true, "The branch a was deleted."},
		"pushed meanwhile":           {with(func(e *entry) { e.head = "other" }), giveBack, true, "Something was pushed to a after it was queued: its head is other."},
		"approval withdrawn":         {with(func(e *entry) { e.people = []string{"Otto asked."} }), giveBack, true, "Otto asked."},
		"its check failed":           {with(func(e *entry) { e.check = Check{State: Red, Step: "test", Reason: "exit 1."} }), giveBack, true, "The check of h failed in step test (exit 1): correct it and push, or run it again."},
		"its check runs":             {with(func(e *entry) { e.check.State = Waiting }), "", false, ""},
		"not tried":                  {with(func(e *entry) { e.Candidate = "" }), build, true, ""},
		"the trunk moved":            {with(func(e *entry) { e.Base, e.trial = "old", green }), build, true, ""},
		"the very files":             {with(func(e *entry) { e.same = true }), land, true, ""},
		"green":                      {with(func(e *entry) { e.trial = green }), land, true, ""},
		"red":                        {with(func(e *entry) { e.trial.State = Red }), giveBack, true, "The check of it merged with t of the trunk failed."},
		"cancelled":                  {with(func(e *entry) { e.trial = Check{State: Cancelled, Reason: "by Eva"} }), giveBack, true, "The check of it merged with t of the trunk was cancelled (by Eva)."},
		"waits for its second check": {with(func(e *entry) { e.trial.State = Waiting }), rest, true, ""},
		"not on its branch yet":      {with(func(e *entry) { e.trial.State = Unchecked }), try, true, ""},
	} {
		st, decided := decide(test.e, "t")
		if st.act != test.act || decided != test.decided || st.reason != test.reason {
			t.Errorf("%s: %s %v %q", name, st.act, decided, st.reason)
		}
	}
}

// TestVerdict: a cancelled check says nothing when another one came to an end.
func TestVerdict(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		states []CheckState // latest first
		want   CheckState
	}{
		{nil, Unchecked}, {[]CheckState{Cancelled}, Cancelled}, {[]CheckState{Cancelled, Green}, Green}, {[]CheckState{Red, Green}, Red}, {[]CheckState{Waiting, Red}, Waiting},
	} {
		var checks []Check
		for _, s := range test.states {
			checks = append(checks, Check{State: s})
		}
		if got := verdictOf(checks).State; got != test.want {
			t.Errorf("%v: %s", test.states, got)
		}
	}
}
