package report

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/digital-factory/factory/internal/pipeline/tree"
)

// Bounds of what is read of a step.
const (
	mostFiles  = 100
	mostOfStep = 20_000
	mostRead   = 64 << 20 // bytes
)

// InWords names the tests that failed; empty when none did.
func InWords(cases []Case) string {
	var names []string
	for _, c := range cases {
		if c.Outcome == Failed {
			names = append(names, strings.TrimSpace(c.Suite+" "+c.Name))
		}
	}
	const few = 5
	switch n := len(names); {
	case n == 0:
		return ""
	case n == 1:
		return "one test failed: " + names[0]
	case n <= few:
		return fmt.Sprintf("%d tests failed: %s", n, strings.Join(names, ", "))
	default:
		return fmt.Sprintf("%d tests failed: %s and %d more", n, strings.Join(names[:few], ", "), n-few)
	}
}

// Forget removes the reports of an earlier attempt, which would be taken
// for those of this one.
func Forget(dir string, patterns []string) error {
	if len(patterns) == 0 {
		return nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	files, err := tree.Find(root, patterns, mostFiles)
	for _, f := range files {
		err = errors.Join(err, root.Remove(f))
	}
	return err
}

// Collect reads the reports that patterns mean. What cannot be read is told as a
// problem.
func Collect(dir string, patterns []string) (cases []Case, problems []string) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, []string{err.Error()}
	}
	defer func() { _ = root.Close() }()
	files, err := tree.Find(root, patterns, mostFiles)
	if err != nil {
		problems = append(problems, err.Error())
	}
	if len(files) == 0 && err == nil {
		return nil, []string{fmt.Sprintf("there is no %s in the workspace", strings.Join(patterns, " or "))}
	}
	left := int64(mostRead)
	for _, name := range files[:min(len(files), mostFiles)] {
		data, err := tree.Read(root, name, min(left, MostBytes))
		left -= int64(len(data))
		var more []Case
		if err == nil {
			more, err = Parse(data)
		}
		if err == nil && len(cases)+len(more) > mostOfStep {
			err = fmt.Errorf("with it there would be more than %d tests", mostOfStep)
		}
		if err != nil {
			if problems = append(problems, name+": "+err.Error()); len(problems) >= 5 {
				break
			}
			continue
		}
		cases = append(cases, more...)
	}
	return cases, problems
}
