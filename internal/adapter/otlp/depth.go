package otlp

import (
	"encoding/binary"
	"fmt"
)

// maxDepth is how deep a request may nest, about forty levels of lists within
// an attribute's value. The decoder has no bound of its own: a request of
// 16 MiB can nest 1.7 million levels and overflow the stack, which in Go ends
// the process, not the request.
const maxDepth = 128

var errDepth = fmt.Errorf("it nests deeper than %d levels", maxDepth)

// checkJSON fails when b nests too deep. It does not check b otherwise.
func checkJSON(b []byte) error {
	depth, text := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return errDepth
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

// checkProto fails when b nests too deep. On the wire a text and a message
// look alike, so every text that could be a message counts as one; ASCII text
// cannot reach the bound by itself, for its lengths stay below 128 bytes and
// each level takes two.
func checkProto(b []byte) error { return protoDepth(b, 1) }

func protoDepth(b []byte, depth int) error {
	if depth > maxDepth {
		return errDepth
	}
	for len(b) > 0 {
		tag, n := binary.Uvarint(b)
		if n <= 0 || tag>>3 == 0 {
			return nil // no message; the decoder says so where one is due
		}
		b = b[n:]
		skip := 0
		switch tag & 7 {
		case 0:
			if _, skip = binary.Uvarint(b); skip <= 0 {
				return nil
			}
		case 1:
			skip = 8
		case 2:
			size, n := binary.Uvarint(b)
			if n <= 0 || size > uint64(len(b)-n) {
				return nil
			}
			skip = n + int(size)
			if err := protoDepth(b[n:skip], depth+1); err != nil {
				return err
			}
		case 3, 4: // begin and end of a group: its fields follow as our own
		case 5:
			skip = 4
		default:
			return nil
		}
		if skip > len(b) {
			return nil
		}
		b = b[skip:]
	}
	return nil
}
