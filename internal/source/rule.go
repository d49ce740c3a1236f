package source

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/digital-factory/factory/internal/base/errs"
)

// update is what a push wants of one ref; "" stands for no object.
type update struct {
	ref    string
	before string
	after  string
}

func (u update) branch() string {
	return strings.TrimPrefix(strings.TrimPrefix(u.ref, "refs/heads/"), "refs/tags/")
}

// judge returns nil when the push may move the ref, else the reason, an
// errs.Blocked. Any other error means that it could not be found out.
func (s *Service) judge(ctx context.Context, repo repository, component string, u update) error {
	if err := refuseRef(u); err != nil || u.after == "" {
		return err
	}
	if _, err := repo.resolve(ctx, u.after); errs.Is(err, errs.NotFound) {
		return errs.New(errs.Blocked, "%s names no commit", cut(u.branch(), 100)).Do("push a branch or a tag of a commit")
	} else if err != nil {
		return err
	}
	if u.ref == trunkRef && u.before != "" {
		forward, err := repo.answers(ctx, "merge-base", "--is-ancestor", u.before, u.after)
		if err != nil {
			return err
		}
		if !forward {
			return errs.New(errs.Blocked, "%s of %s is protected: this push would drop commits that are already on it (a forced push)", Trunk, component).
				Do("git pull --rebase, then push without --force")
		}
	}
	if err := s.judgeSizes(ctx, repo, u.after); err != nil {
		return err
	}
	if err := s.judgeCommits(ctx, repo, u.after); err != nil {
		return err
	}
	if u.ref == trunkRef {
		return s.judgeSettings(ctx, repo, u.after)
	}
	return nil
}

// refuseRef is what can be said from names alone.
func refuseRef(u update) error {
	tag := strings.HasPrefix(u.ref, "refs/tags/")
	switch {
	case !validRef(u.ref) || !tag && !strings.HasPrefix(u.ref, "refs/heads/"):
		return errs.New(errs.Blocked, "%q cannot be pushed: only branches and tags with plain names can", cut(u.ref, 100)).
			Do("push a branch such as feature/battery")
	case u.ref == trunkRef && u.after == "":
		return errs.New(errs.Blocked, "%s is protected and cannot be deleted", Trunk).
			Do("to undo a change push a commit that reverts it: git revert")
	case tag && u.before != "":
		return errs.New(errs.Blocked, "the tag %s exists, and a tag never moves", u.branch()).Do("choose a new tag name")
	}
	return nil
}

// objectLimit bounds a commit, tag or directory listing; git reads them into
// memory as a whole.
const objectLimit = 8 << 20

// judgeSizes refuses what does not belong into a repository.
func (s *Service) judgeSizes(ctx context.Context, repo repository, after string) error {
	return repo.newObjects(ctx, after, func(kind string, size int64, path string) error {
		limit := int64(objectLimit)
		if kind == "blob" {
			limit = s.cfg.FileLimit
		}
		if size <= limit {
			return nil
		}
		if path == "" {
			path = "a " + kind
		}
		return errs.New(errs.Blocked, "%s has %s; the limit for one file is %s", cut(path, 200), bytesText(size), bytesText(limit)).
			Do("take it out of the commits (git rebase --interactive) and publish large files as an artifact instead")
	})
}

// newObjects calls each for every object that a push brings.
func (r repository) newObjects(ctx context.Context, after string, each func(kind string, size int64, path string) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	from, to, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	walk := r.command(ctx, nil, "rev-list", "--objects", "--not", "--all", "--not", "--end-of-options", after, "--")
	var complaint strings.Builder
	walk.Stdout, walk.Stderr = to, &complaint
	err = walk.Start()
	_ = to.Close() // the child has its own
	if err != nil {
		return gitError(ctx, "rev-list", err, "")
	}
	failure := r.stream(ctx, from, func(out io.Reader) error {
		in := bufio.NewReader(out)
		for {
			line, err := in.ReadString('\n')
			if err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
			kind, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			digits, path, _ := strings.Cut(rest, " ")
			size, err := strconv.ParseInt(digits, 10, 64)
			if err != nil {
				return fmt.Errorf("git cat-file printed %q", cut(line, 200))
			}
			if err := each(kind, size, path); err != nil {
				return err
			}
		}
	}, "cat-file", "--batch-check=%(objecttype) %(objectsize) %(rest)")
	if failure != nil {
		cancel()
	}
	if err := walk.Wait(); err != nil && failure == nil {
		return gitError(ctx, "rev-list", err, complaint.String())
	}
	return failure
}

// mostItems bounds what one commit carries into every fact about it.
const mostItems = 50

// judgeCommits refuses trailers that nobody could follow.
func (s *Service) judgeCommits(ctx context.Context, repo repository, after string) error {
	naming := map[string]string{} // item to the commit that names it
	var items []string
	err := repo.log(ctx, after, nil, []string{"--not", "--all", "--not"}, func(c Commit) error {
		named, wrong := c.named()
		if len(wrong) > 0 {
			return errs.New(errs.Blocked, "commit %s (%s) has the trailer \"Item: %s\", which is not an item's name", shorten(c.SHA), cut(c.Title, 60), cut(wrong[0], 60)).
				Do("write it like \"Item: ENG-1\": git commit --amend, or git rebase --interactive for an older commit")
		}
		if len(named) > mostItems {
			return errs.New(errs.Blocked, "commit %s (%s) names %d items; at most %d can be meant", shorten(c.SHA), cut(c.Title, 60), len(named), mostItems).
				Do("name the items that this commit works on")
		}
		for _, lane := range c.Lanes {
			if lane != "hotfix" && lane != "normal" {
				return errs.New(errs.Blocked, "commit %s (%s) has the trailer \"Lane: %s\"; there are the lanes normal and hotfix", shorten(c.SHA), cut(c.Title, 60), cut(lane, 60)).
					Do("correct it: git commit --amend")
			}
		}
		for _, item := range named {
			if naming[item] == "" {
				naming[item] = fmt.Sprintf("%s (%s)", shorten(c.SHA), cut(c.Title, 60))
				items = append(items, item)
			}
		}
		return nil
	})
	if err != nil || len(items) == 0 {
		return err
	}
	unknown, err := s.items.Known(ctx, items)
	if err != nil || len(unknown) == 0 {
		return err
	}
	slices.Sort(unknown)
	return errs.New(errs.Blocked, "commit %s names the item %s, which does not exist", naming[unknown[0]], unknown[0]).
		Do("create the item or name another: git commit --amend, or git rebase --interactive for an older commit")
}

// judgeSettings refuses a trunk that could not be built or run.
func (s *Service) judgeSettings(ctx context.Context, repo repository, after string) error {
	for _, path := range []string{Pipeline, Manifest} {
		data, err := repo.read(ctx, after, path, 256<<10)
		switch {
		case errs.Is(err, errs.NotFound) && path == Pipeline:
			return errs.New(errs.Blocked, "%s must have the file %s, or nothing could build it", Trunk, Pipeline).
				Do("take the one of the golden path's template back: git checkout origin/%s -- %s", Trunk, Pipeline)
		case errs.Is(err, errs.NotFound):
			continue
		case err != nil:
			return err
		}
		if wrong := s.settings.Check(path, data); errs.Is(wrong, errs.Internal) {
			return wrong
		} else if wrong != nil {
			return refusal(path, errs.Of(wrong))
		}
	}
	return nil
}

// refusal turns what is wrong with a file into the reason of a refused push.
func refusal(path string, e *errs.Error) error {
	r := errs.New(errs.Blocked, "%s", e.Text).Do("%s", e.Next)
	if !strings.Contains(e.Text, path) {
		r.Text = path + ": " + e.Text
	}
	r.Fields = e.Fields
	return r
}

// bytesText writes a number of bytes for people.
func bytesText(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KiB", (n+1023)>>10)
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
