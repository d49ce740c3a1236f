package source

import (
	"path"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/digital-factory/factory/internal/base/errs"
)

var (
	componentName = regexp.MustCompile(`^[a-z][a-z0-9-]{1,38}[a-z0-9]$`)
	objectName    = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)
	shortName     = regexp.MustCompile(`^[0-9a-f]{7,64}$`)
	itemName      = regexp.MustCompile(`^[A-Z][A-Z0-9]{1,9}-[1-9][0-9]{0,8}$`)
)

// branchRef returns the full ref of a branch name that a person typed; the
// trunk's for "".
func branchRef(branch string) (string, error) {
	if branch == "" {
		return trunkRef, nil
	}
	if full := "refs/heads/" + branch; validRef(full) {
		return full, nil
	}
	return "", errs.New(errs.Invalid, "%q is not a branch name", branch).Do("give a name such as %s or feature/battery", Trunk)
}

// validRef reports whether a full ref name keeps the rules of
// git check-ref-format, is text, and is of a bearable length.
func validRef(name string) bool {
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

// validPath reports whether name is a clean path inside a tree.
func validPath(name string) bool {
	return name != "" && name != "." && name == path.Clean(name) && !path.IsAbs(name) &&
		name != ".." && !strings.HasPrefix(name, "../") && !strings.ContainsRune(name, 0)
}

func shorten(sha string) string { return sha[:min(len(sha), 7)] }

// zero reports whether a hook's object name stands for "none".
func zero(sha string) bool { return strings.Trim(sha, "0") == "" }
