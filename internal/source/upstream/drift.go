package upstream

import (
	"context"
	"crypto/sha1" // the name that git gives a file
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/digital-factory/factory/internal/source/git"
)

// State of a file against what the path rendered.
type State string

// The states of a file.
const (
	Same    State = "same"
	Changed State = "changed" // by the team
	Missing State = "missing" // the team deleted or renamed it
	Own     State = "own"     // the team's: the path has no such file
)

// Next is what a newer rendering does to a file.
type Next string

// What may be done to a file.
const (
	Kept    Next = ""
	Added   Next = "added"
	Edited  Next = "changed"
	Removed Next = "removed"
)

// Drifted is a file and how the trunk's and the newer rendering's stand to the
// rendering that the trunk has.
type Drifted struct {
	Path  string
	State State
	Next  Next
}

const mostOwn = 1000

// Drift compares the trunk of a component with the rendering that it has, the
// commit base or the trunk's first when that is empty, and that one with a newer
// one unless it is nil: file by file, in order. At most 1000 of the team's own
// files are listed.
func (s *Service) Drift(ctx context.Context, component, base string, newer map[string]string) (trunk string, list []Drifted, err error) {
	repo, _, err := s.room.Repository(ctx, component)
	if err != nil {
		return "", nil, err
	}
	if trunk, err = repo.Head(ctx, git.Trunk); err != nil {
		return "", nil, err
	}
	if base == "" {
		if base, err = first(ctx, repo, trunk); err != nil {
			return "", nil, err
		}
	}
	rendered, err := names(ctx, repo, base)
	if err != nil {
		return "", nil, err
	}
	there, err := names(ctx, repo, trunk)
	if err != nil {
		return "", nil, err
	}
	all := maps.Clone(rendered)
	maps.Copy(all, there)
	next := map[string]string{}
	for p, text := range newer {
		next[p] = modeOf(text) + " " + blob(text)
	}
	maps.Copy(all, next)
	own := 0
	for _, p := range slices.Sorted(maps.Keys(all)) {
		d := Drifted{Path: p, State: Same}
		switch {
		case rendered[p] == "" && there[p] == "":
			d.State = Missing
		case rendered[p] == "":
			d.State = Own
		case there[p] == "":
			d.State = Missing
		case there[p] != rendered[p]:
			d.State = Changed
		}
		switch {
		case newer == nil:
		case rendered[p] == "" && next[p] != "":
			d.Next = Added
		case rendered[p] != "" && next[p] == "":
			d.Next = Removed
		case rendered[p] != next[p]:
			d.Next = Edited
		}
		if d.State == Own && d.Next == Kept {
			if own++; own > mostOwn {
				continue
			}
		}
		list = append(list, d)
	}
	return trunk, list, nil
}

// names returns mode and object of the files of a commit.
func names(ctx context.Context, repo git.Repository, commit string) (map[string]string, error) {
	all := map[string]string{}
	err := repo.Tree(ctx, commit, "", func(e git.Entry) error {
		all[e.Path] = e.Mode + " " + e.Object
		return nil
	})
	return all, err
}

// blob is git's name for a file of this text.
func blob(text string) string {
	sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(text), text))
	return hex.EncodeToString(sum[:])
}
