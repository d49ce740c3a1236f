package definition

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// Duration is "90s" or "5m".
type Duration time.Duration

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is no duration; write 90s or 5m", text)
	}
	*d = Duration(v)
	return nil
}

// UnmarshalYAML reads it from a file, where an error has a place.
func (d *Duration) UnmarshalYAML(n ast.Node) error { return located(n, d.UnmarshalText) }

// MarshalText writes it back.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// Size is a number of bytes: "512MiB", "1GiB".
type Size int64

// UnmarshalText reads a number with KiB, MiB or GiB.
func (s *Size) UnmarshalText(text []byte) error {
	for unit, factor := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		if n, ok := strings.CutSuffix(string(text), unit); ok {
			v, err := strconv.ParseInt(strings.TrimSpace(n), 10, 32)
			if err != nil || v < 0 {
				break
			}
			*s = Size(v * factor)
			return nil
		}
	}
	return fmt.Errorf("%q is no size; write 512MiB or 1GiB", text)
}

// UnmarshalYAML reads it from a file, where an error has a place.
func (s *Size) UnmarshalYAML(n ast.Node) error { return located(n, s.UnmarshalText) }

// located reads a scalar and says where it is when it cannot be read.
func located(n ast.Node, read func([]byte) error) error {
	err := read([]byte(n.GetToken().Value))
	if err != nil {
		return &yaml.SyntaxError{Message: err.Error(), Token: n.GetToken()}
	}
	return nil
}

// MarshalText writes it in MiB.
func (s Size) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%dMiB", int64(s)>>20), nil }
