package rollout

import "time"

// credible is how late a report may be for the time that it states to count: a
// sender that was refused tries again for about so long.
const credible = time.Minute

// When is the time at which something happened that is told now: the one that is
// stated, where it can be true. Services, and the devices of customers even more
// so, have clocks of their own. One that is an hour behind would put everything
// under the share of an hour ago, and of two versions with different clocks one
// under another share than the other. So what states that it is from the future,
// or long past, is of now: that treats both versions alike, however wrong their
// clocks are, and is wrong only for what is really that late across a change of
// the share.
func When(stated, now time.Time) time.Time {
	if stated.IsZero() || stated.After(now) || now.Sub(stated) > credible {
		return now
	}
	return stated
}
