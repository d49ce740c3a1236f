package otlp

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
)

// How many bytes of requests are held at once, before decoding, which takes
// several times as much: of all senders, and of those of one door, so that none
// takes the place of the others. Who comes when there is no room waits, with its
// request unread; after a while it is told to come again.
const (
	roomBytes = 64 << 20
	doorBytes = MaxBytes
	patience  = 2 * time.Second
	leastRoom = 64 << 10 // of a request of unknown size, to begin with
)

// room is bytes that can be taken and given back.
type room struct {
	mu    sync.Mutex // guards all below
	free  int64
	freed chan struct{} // closed, and made anew, when bytes were given back
}

func newRoom(free int64) *room { return &room{free: free, freed: make(chan struct{})} }

// try takes n bytes if they are free; otherwise it returns what is closed when
// more are.
func (r *room) try(n int64) (bool, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.free < n {
		return false, r.freed
	}
	r.free -= n
	return true, nil
}

// take waits for n bytes until ctx ends.
func (r *room) take(ctx context.Context, n int64) bool {
	for {
		taken, freed := r.try(n)
		if taken {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-freed:
		}
	}
}

func (r *room) give(n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free += n
	close(r.freed)
	r.freed = make(chan struct{})
}

// hold is what one request takes of its door's room and of the whole.
type hold struct {
	door, whole *room
	taken       int64
}

// take waits for room of n bytes, but not for long.
func (h *hold) take(ctx context.Context, n int64) bool {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if !h.door.take(bounded, n) {
		return false
	}
	if !h.whole.take(bounded, n) {
		h.door.give(n)
		return false
	}
	h.taken += n
	return true
}

// grow takes room for n more bytes, at once or not at all: of two who wait for
// each other to give back neither would go on.
func (h *hold) grow(n int64) bool {
	if ok, _ := h.door.try(n); !ok {
		return false
	}
	if ok, _ := h.whole.try(n); !ok {
		h.door.give(n)
		return false
	}
	h.taken += n
	return true
}

// give gives n bytes back that were taken and are not needed.
func (h *hold) give(n int64) {
	h.door.give(n)
	h.whole.give(n)
	h.taken -= n
}

// full is what is told who waited for room in vain.
func full() error {
	return errs.Because(errs.Blocked, errFull, "more telemetry is on its way than is held at once").Do("send this again a little later")
}

// leave gives all back.
func (h *hold) leave() { h.give(h.taken) }

// readAll reads all of body, at most most bytes, and takes room as it grows.
func (h *hold) readAll(body io.Reader, most int64) ([]byte, error) {
	b := make([]byte, 0, min(h.taken, most)+1) // one more, to meet the end without growing
	for {
		if len(b) == cap(b) {
			more := min(int64(len(b)), most+1-int64(len(b)))
			if more > 0 && !h.grow(more) {
				return nil, errFull
			}
			b = append(make([]byte, 0, int64(len(b))+max(more, 1)), b...)
		}
		n, err := body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case err == io.EOF && int64(len(b)) <= most:
			return b, nil
		case int64(len(b)) > most:
			return nil, errTooBig
		case err != nil:
			return nil, err
		}
	}
}
