// Package tree handles the files of a workspace: it finds them by patterns,
// copies them, and tells by a digest whether two trees are the same. What a step
// left there is a stranger's: links out of the tree are not followed, and what
// is neither file, folder nor link is passed over.
package tree

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
)

// mostFiles is how many files of a tree are looked at.
const mostFiles = 200_000

// CheckPattern says what is wrong with a pattern: a path with / between its
// parts, from the root of the tree, in which * stands for any part of a name, ?
// for one character, [a-z] for one of a range and ** for any number of folders.
func CheckPattern(pattern string) error {
	switch {
	case pattern == "" || len(pattern) > 500:
		return fmt.Errorf("%.40q is no path", pattern)
	case path.IsAbs(pattern) || path.Clean(pattern) != pattern || pattern == ".." || strings.HasPrefix(pattern, "../"):
		return fmt.Errorf("%q must be a path inside the workspace, such as out/service or **/*.xml", pattern)
	}
	if _, err := path.Match(strings.ReplaceAll(pattern, "**", "*"), ""); err != nil {
		return fmt.Errorf("%q is no pattern: a [ is not closed", pattern)
	}
	return nil
}

// Match reports whether a path is what a pattern means, or stands below a folder
// that it means. The pattern has passed CheckPattern.
func Match(pattern, name string) bool {
	return match(strings.Split(pattern, "/"), strings.Split(name, "/"))
}

func match(pattern, name []string) bool {
	// at[i] tells whether the patterns before i fit the names so far.
	at := make([]bool, len(pattern)+1)
	at[0] = true
	spread := func() {
		for i, p := range pattern {
			if p == "**" && at[i] {
				at[i+1] = true
			}
		}
	}
	spread()
	for _, n := range name {
		if at[len(pattern)] && (len(pattern) == 0 || pattern[len(pattern)-1] != "**") {
			return true // a folder above it fits
		}
		next := make([]bool, len(at))
		for i, p := range pattern {
			if !at[i] {
				continue
			}
			if p == "**" {
				next[i] = true
			} else if ok, _ := path.Match(p, n); ok {
				next[i+1] = true
			}
		}
		at = next
		spread()
	}
	return at[len(pattern)]
}

// Any reports whether one of the patterns matches.
func Any(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return Match(p, name) })
}

// Find returns the files below a folder that patterns mean, in order of name,
// and no more than most of them. Links are no files.
func Find(root *os.Root, patterns []string, most int) (found []string, err error) {
	seen := 0
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			return nil
		} else if err != nil {
			return err
		}
		if seen++; seen > mostFiles {
			return fmt.Errorf("there are more than %d files in the workspace", mostFiles)
		}
		if !d.Type().IsRegular() || !Any(patterns, name) {
			return nil
		}
		if found = append(found, name); len(found) > most {
			return fmt.Errorf("more than %d files are meant", most)
		}
		return nil
	})
	return found, err
}

// Read returns a file of at most most bytes.
func Read(root *os.Root, name string, most int64) ([]byte, error) {
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe would wait for its writer
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", name)
	} else if info.Size() > most {
		return nil, fmt.Errorf("it has %d bytes; at most %d are read", info.Size(), most)
	}
	return io.ReadAll(io.LimitReader(f, most))
}
