package git

import (
	"bytes"
	"testing"
)

// TestRemark: a remark stands between two packets, wherever writes cut them.
func TestRemark(t *testing.T) {
	t.Parallel()
	const one, two, end, remark = "0009\x01abcd", "0008\x02wxy", "0000", "0008\x02No\n"
	for _, c := range []struct {
		name, in, want string
		after          int // bytes after which there is something to say
	}{
		{"before the first", one + two + end, remark + one + two + end, 0},
		{"within the first", one + two + end, one + remark + two + end, 1},
		{"within the second", one + two + end, one + two + remark + end, 12},
		{"never", one + two + end, one + two + end, 99},
		{"no packets", "fatal: no", "fatal: no", 1},
		{"nothing", "", "", 0},
	} {
		for _, size := range []int{1, 2, 5, 99} { // of a write
			var out bytes.Buffer
			r := &Remark{W: &out, Text: func() string {
				if out.Len() < c.after {
					return ""
				}
				return "No"
			}}
			for in := []byte(c.in); len(in) > 0; {
				n := min(size, len(in))
				if _, err := r.Write(in[:n]); err != nil {
					t.Fatal(err)
				}
				in = in[n:]
			}
			if got := out.String(); size == 1 && got != c.want {
				t.Errorf("%s: %q, not %q", c.name, got, c.want)
			} else if size > 1 && c.after == 0 && got != c.want {
				t.Errorf("%s, by writes of %d: %q, not %q", c.name, size, got, c.want)
			}
		}
	}
}
