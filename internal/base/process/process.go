// Package process reads what processes use, from the system's own count.
package process

import "time"

// Use is what a process and its living descendants use, with the processor time
// of those that ended and were waited for. Where the system does not tell, it is
// zero.
type Use struct {
	CPU    time.Duration
	Memory int64 // resident bytes
}
