package upstream

import (
	"context"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/source/git"
)

// Upgrade is a newer rendering for a component.
type Upgrade struct {
	Component string
	Base      string            // commit of the older rendering; the trunk's first when it is empty
	Files     map[string]string // the newer one
	Message   string            // of the commits
	At        time.Time         // of the commits
}

// Merged is what merging it with the trunk gives. Its commits are on no branch
// yet.
type Merged struct {
	Trunk     string // that it was merged with
	Base      string
	Render    string     // commit of the newer rendering, on Base
	Head      string     // what the branch is to have: the merge, or with conflicts Render
	Conflicts []Conflict // files that both sides changed in different ways
}

// Conflict is a file that needs a person.
type Conflict struct {
	Path  string
	Hunks []Hunk // none when one side deleted or renamed it, or it is no text
}

// Hunk is a place at which both sides differ from the older rendering.
type Hunk struct {
	Line   int    // of the file with all hunks in it, from 1
	Ours   string // the team's
	Theirs string // the path's
}

const (
	mostConflicts = 50
	mostHunks     = 20
	longHunk      = 4000      // bytes of one side
	longMarked    = 256 << 10 // bytes of a file whose hunks are shown
)

// Merge merges a newer rendering with a component's trunk.
func (s *Service) Merge(ctx context.Context, u Upgrade) (m Merged, err error) {
	defer errs.Wrap(&err, "merge the upgrade of %s", u.Component)
	repo, _, err := s.room.Repository(ctx, u.Component)
	if err != nil {
		return m, err
	}
	if m.Trunk, err = repo.Head(ctx, git.Trunk); err != nil {
		return m, err
	}
	if m.Base = u.Base; m.Base == "" {
		if m.Base, err = first(ctx, repo, m.Trunk); err != nil {
			return m, err
		}
	}
	tree, err := write(ctx, repo, u.Files)
	if err != nil {
		return m, err
	}
	if m.Render, err = repo.Write(ctx, tree, u.Message, author, u.At, m.Base); err != nil {
		return m, err
	}
	// The trunk's files on the older rendering: so that is what the merge starts
	// from, whatever the trunk's history is.
	if tree, err = repo.TreeOf(ctx, m.Trunk); err != nil {
		return m, err
	}
	ours, err := repo.Write(ctx, tree, "The trunk\n", author, u.At, m.Base)
	if err != nil {
		return m, err
	}
	tree, files, err := repo.MergeMarked(ctx, ours, m.Render)
	if err != nil {
		return m, err
	}
	if len(files) == 0 {
		m.Head, err = repo.Write(ctx, tree, u.Message, author, u.At, m.Trunk, m.Render)
		return m, err
	}
	m.Head = m.Render
	for _, f := range files[:min(len(files), mostConflicts)] {
		c := Conflict{Path: f}
		text, err := repo.Read(ctx, tree, f, longMarked)
		if err == nil {
			c.Hunks = hunks(string(text))
		} else if errs.Is(err, errs.Internal) {
			return m, err
		}
		m.Conflicts = append(m.Conflicts, c)
	}
	return m, nil
}

// hunks finds what stands between conflict markers.
func hunks(text string) (list []Hunk) {
	var h *Hunk
	theirs := false
	n := 0
	for line := range strings.Lines(text) {
		n++
		switch {
		case h == nil && strings.HasPrefix(line, "<<<<<<< "):
			h, theirs = &Hunk{Line: n}, false
		case h != nil && !theirs && strings.TrimRight(line, "\r\n") == "=======":
			theirs = true
		case h != nil && theirs && strings.HasPrefix(line, ">>>>>>> "):
			if list = append(list, *h); len(list) == mostHunks {
				return list
			}
			h = nil
		case h != nil && theirs:
			h.Theirs = add(h.Theirs, line)
		case h != nil:
			h.Ours = add(h.Ours, line)
		}
	}
	return list
}

func add(side, line string) string {
	if len(side)+len(line) > longHunk {
		if !strings.HasSuffix(side, "…\n") {
			side += "…\n"
		}
		return side
	}
	return side + strings.ToValidUTF8(line, "\uFFFD")
}
