package queue

// Who ended a run that no person ended.
const (
	NewerPush    = "a newer push"
	GoneAway     = "the deletion of the branch"
	NewerInGroup = "a newer run of its group"
)

// WhyCancelled says in a sentence why a run was cancelled by whom.
func WhyCancelled(by string) string {
	switch by {
	case NewerPush:
		return "superseded by a newer push to the branch"
	case GoneAway:
		return "the branch was deleted"
	case NewerInGroup:
		return "superseded by a newer run of its concurrency group"
	}
	return "cancelled by " + by
}
