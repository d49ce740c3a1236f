package git

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Trunk is the protected branch of every repository.
const Trunk = "main"

// TrunkRef is its full name.
const TrunkRef = "refs/heads/" + Trunk

var (
	// ObjectName matches the full name of an object.
	ObjectName = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)
	shortName  = regexp.MustCompile(`^[0-9a-f]{7,64}$`)
	itemName   = regexp.MustCompile(`^[A-Z][A-Z0-9]{1,9}-[1-9][0-9]{0,8}$`)
)

// BranchRef returns the full ref of a branch name that a person typed; the
// trunk's for "".
func BranchRef(branch string) (string, error) {
	if branch == "" {
		return TrunkRef, nil
	}
	if full := "refs/heads/" + branch; ValidRef(full) {
		return full, nil
	}
	return "", errs.New(errs.Invalid, "%q is not a branch name", branch).Do("give a name such as %s or feature/battery", Trunk)
}

// ValidRef reports whether a full ref name keeps the rules of
// git check-ref-format, is text, and is of a bearable length.
func ValidRef(name string) bool {
	if len(name) > 250 || !strings.HasPrefix(name, "refs/") || !utf8.ValidString(name) ||
		strings.Contains(name, "..") || strings.Contains(name, "@{") || strings.HasSuffix(name, ".") {
		return false
	}
	for _, r := range name {
		if r < ' ' || r == 0x7f || strings.ContainsRune(" ~^:?*[\\", r) {
			return false
		}
	}
	parts := strings.Split(name, "/")
	for _, p := range parts {
		if p == "" || strings.HasPrefix(p, ".") || strings.HasPrefix(p, "-") || strings.HasSuffix(p, ".lock") {
			return false
		}
	}
	return len(parts) >= 3
}

// ValidPath reports whether name is a clean path inside a tree.
func ValidPath(name string) bool {
	return name != "" && name != "." && name == path.Clean(name) && !path.IsAbs(name) &&
		name != ".." && !strings.HasPrefix(name, "../") && !strings.ContainsRune(name, 0)
}

// Short returns the first digits of an object's name, for people.
func Short(sha string) string { return sha[:min(len(sha), 7)] }

// Zero reports whether a hook's object name stands for "none".
func Zero(sha string) bool { return strings.Trim(sha, "0") == "" }

// Size writes a number of bytes for people.
func Size(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KiB", (n+1023)>>10)
	}
	size, unit := float64(n)/(1<<20), "MiB"
	if size >= 1<<10 {
		size, unit = size/(1<<10), "GiB"
	}
	return strings.TrimSuffix(strconv.FormatFloat(size, 'f', 1, 64), ".0") + " " + unit
}
