// Package diff reads what differs between two commits, file by file and line
// by line, within bounds. What a repository holds is untrusted: names come
// from git's NUL-separated records, lines are counted by their hunk's header,
// and nothing that a file says of itself (attributes, drivers) is asked.
package diff

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/source/git"
)

// Diff is what differs between two commits.
type Diff struct {
	From    string // full object name; "" for the first commit of a repository
	To      string
	Files   []File
	Total   int // files, also those not listed
	Added   int // lines of all files
	Removed int
	LeftOut []string // what is not shown and why, a sentence each
}

// Status says what happened to a file.
type Status string

// What can happen to a file.
const (
	Added       Status = "added"
	Modified    Status = "modified"
	Deleted     Status = "deleted"
	Renamed     Status = "renamed"
	Copied      Status = "copied"
	TypeChanged Status = "type-changed" // a file became a link, or the like
)

// File is what differs in one file.
type File struct {
	Path     string
	OldPath  string // when it was renamed or copied
	Status   Status
	OldMode  string // octal, when the mode changed
	NewMode  string
	Added    int
	Removed  int
	Binary   bool
	TooLarge bool // its lines, or the rest of them, are left out
	Hunks    []Hunk
}

// Hunk is a part of a file.
type Hunk struct {
	OldStart, OldLines int
	NewStart, NewLines int
	Heading            string
	Lines              []Line
}

// Kind says on which side a line is.
type Kind string

// The kinds of lines.
const (
	Context     Kind = "context"
	LineAdded   Kind = "added"
	LineRemoved Kind = "removed"
)

// Line is one line of a hunk. Old and New are its numbers, 0 where it is not.
type Line struct {
	Kind  Kind
	Old   int
	New   int
	Text  string
	NoEnd bool // the file ends here without a line's end
}

// Bounds of what is shown.
type Bounds struct {
	Files int
	Lines int   // in all files
	Each  int   // lines of one file
	Bytes int64 // of all that is read
	Width int   // characters of a line
}

// Shown are the bounds of a page.
func Shown() Bounds { return Bounds{Files: 300, Lines: 20000, Each: 3000, Bytes: 8 << 20, Width: 2000} }

const (
	bound    = 30 * time.Second
	fileSize = "2m" // a larger file is not compared line by line
)

// Between compares two commits, named in full; from is "" for the beginning.
func Between(ctx context.Context, repo git.Repository, from, to string, b Bounds) (Diff, error) {
	d := Diff{From: from, To: to, Files: []File{}}
	within, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	args := []string{"-c", "core.bigFileThreshold=" + fileSize, "diff-tree", "-r", "-z", "--raw", "--numstat", "-p", "--no-color", "--no-ext-diff", "--no-textconv",
		"--no-commit-id", "--full-index", "--find-renames=50%", "-l200", "--submodule=short", "--unified=3", "--diff-algorithm=histogram"}
	if from == "" {
		args = append(args, "--root", "--end-of-options", to)
	} else {
		args = append(args, "--end-of-options", from, to)
	}
	err := repo.Stream(within, nil, func(out io.Reader) error { return d.Read(out, b) }, append(args, "--")...)
	switch {
	case errors.Is(err, errEnough):
		err = nil
	case err != nil && ctx.Err() == nil && within.Err() != nil:
		return d, errs.Because(errs.Unavailable, err, "comparing %s with %s takes longer than %v", git.Short(from), git.Short(to), bound).
			Do("look at it in a working copy: git diff %s %s", git.Short(from), git.Short(to))
	}
	return d, err
}

// leave notes once what is left out.
func (d *Diff) leave(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for _, t := range d.LeftOut {
		if t == text {
			return
		}
	}
	d.LeftOut = append(d.LeftOut, text)
}

func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
