package git

import (
	"fmt"
	"io"
	"strconv"
)

// Remark is a Writer that takes what git answers to a push and puts one more
// remark of the server's into it, which the client's terminal shows after
// "remote:".
type Remark struct {
	W    io.Writer
	Text func() string // asked before each packet until it is not empty

	rest int // bytes of the packet under way that are to come
	head []byte
	said bool
}

// Write passes packets on (gitprotocol-common(5): four hexadecimal digits of
// length, which count themselves), and the remark between two of them, in the
// second band of the stream (gitprotocol-pack(5)).
func (r *Remark) Write(p []byte) (int, error) {
	for at := 0; at < len(p) && !r.said; {
		if r.rest > 0 {
			n := min(r.rest, len(p)-at)
			r.rest, at = r.rest-n, at+n
			continue
		}
		if len(r.head) == 0 {
			if text := r.Text(); text != "" {
				r.said = true
				if _, err := r.W.Write(p[:at]); err != nil {
					return 0, err
				}
				if _, err := fmt.Fprintf(r.W, "%04x\x02%s\n", len(text)+6, text); err != nil {
					return 0, err
				}
				n, err := r.W.Write(p[at:])
				return at + n, err
			}
		}
		r.head = append(r.head, p[at])
		if at++; len(r.head) == 4 {
			size, err := strconv.ParseUint(string(r.head), 16, 16)
			if err != nil { // not packets: it is passed on as it is
				r.said = true
			}
			r.rest, r.head = max(0, int(size)-4), r.head[:0]
		}
	}
	return r.W.Write(p)
}
