package oci

import (
	"regexp"
	"strings"

	"github.com/digital-factory/factory/internal/base/errs"
)

// The grammars of the OCI distribution specification 1.1, "Pulling manifests".
var (
	namePattern = regexp.MustCompile(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)
	tagPattern  = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$`)

	// versionPattern matches the number of a run (17), a version of at least
	// three numbers (1.2.3, v2.0.0-rc.1, 2026.11.22) and a whole commit id. v1,
	// 1.2, latest and main are names that people move.
	versionPattern = regexp.MustCompile(`^([0-9]+|v?[0-9]+(\.[0-9]+){2,}([-+_.][0-9A-Za-z.+_-]+)?|[0-9a-f]{40}|[0-9a-f]{64})$`)
)

// CheckName fails with Invalid when name is no repository name. A valid name
// is a relative slash-separated path whose parts begin with a letter or digit,
// so it can never leave its folder or meet a folder of ours (_tags).
func CheckName(name string) error {
	if len(name) > 255 || !namePattern.MatchString(name) {
		return errs.New(errs.Invalid, "%.80q is no repository name", name).
			Do("use lower-case letters and digits, separated by one of . _ - and by / between parts, at most 255 characters")
	}
	return nil
}

// CheckTag fails with Invalid when tag is no tag.
func CheckTag(tag string) error {
	if !tagPattern.MatchString(tag) {
		return errs.New(errs.Invalid, "%.140q is no tag", tag).
			Do("use letters, digits, . _ -, at most 128 of them, not beginning with . or -")
	}
	return nil
}

// Immutable reports whether tag looks like a version and therefore never moves
// to another digest.
func Immutable(tag string) bool { return versionPattern.MatchString(tag) }

// isDigest tells the two kinds of reference apart: a tag has no colon.
func isDigest(reference string) bool { return strings.Contains(reference, ":") }
