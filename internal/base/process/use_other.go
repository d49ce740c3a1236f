//go:build !linux

package process

import "time"

// Of knows nothing.
func Of(int) Use { return Use{} }

// Children knows nothing.
func Children() time.Duration { return 0 }
