package source

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/source/git"
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
func (s *Service) judge(ctx context.Context, repo git.Repository, o owned, u update) error {
	component := o.component
	if err := refuseRef(o, u); err != nil || u.after == "" {
		return err
	}
	if _, err := repo.Resolve(ctx, u.after); errs.Is(err, errs.NotFound) {
		return errs.New(errs.Blocked, "%s names no commit", git.Cut(u.branch(), 100)).Do("push a branch or a tag of a commit")
	} else if err != nil {
		return err
	}
	if u.ref == git.TrunkRef && u.before != "" {
		forward, err := repo.Answers(ctx, "merge-base", "--is-ancestor", u.before, u.after)
		if err != nil {
			return err
		}
		if !forward {
			return errs.New(errs.Blocked, "%s of %s is protected: this push would drop commits that are already on it (a forced push)", Trunk, component).
				Do("git pull --rebase, then push without --force")
		}
	}
	if u.ref == git.TrunkRef && u.before != "" {
		if rules, err := s.rulesAt(ctx, repo, u.before); err != nil {
			return err
		} else if rules.Required {
			return errs.New(errs.Blocked, "%s of %s takes changes only (changes.required in %s): it cannot be pushed to", Trunk, component, Manifest).
				Do("push a branch, git push origin HEAD:refs/heads/<name>, and open a change for it: factory change open %s --branch <name>", component)
		}
	}
	if err := s.judgeSizes(ctx, repo, u.after); err != nil {
		return err
	}
	if o.brings(u.before, u.ref == git.TrunkRef) {
		// Its commits name other trackers' items, and it needs no pipeline yet.
		return s.judgePresent(ctx, repo, u.after)
	}
	if err := s.judgeCommits(ctx, repo, u.after); err != nil {
		return err
	}
	if u.ref == git.TrunkRef && o.kind != forPath { // what a path's trunk has is read when it is published
		return s.judgeSettings(ctx, repo, u.after)
	}
	return nil
}

// refuseRef is what can be said from names alone.
func refuseRef(o owned, u update) error {
	tag := strings.HasPrefix(u.ref, "refs/tags/")
	switch {
	case !git.ValidRef(u.ref) || !tag && !strings.HasPrefix(u.ref, "refs/heads/"):
		return errs.New(errs.Blocked, "%q cannot be pushed: only branches and tags with plain names can", git.Cut(u.ref, 100)).
			Do("push a branch such as feature/battery")
	case u.ref == git.TrunkRef && u.after == "":
		return errs.New(errs.Blocked, "%s is protected and cannot be deleted", Trunk).
			Do("to undo a change push a commit that reverts it: git revert")
	case o.kind == forPath && strings.HasPrefix(u.ref+"/", "refs/heads/"+Trials):
		return errs.New(errs.Blocked, "branches below %s are where versions of the path are tried", Trials).Do("push to %s, and publish: factory path publish", Trunk)
	case strings.HasPrefix(u.ref+"/", "refs/heads/"+Queue):
		return errs.New(errs.Blocked, "branches below %s are the merge queue's own", Queue).Do("choose another name")
	case tag && u.before != "":
		return errs.New(errs.Blocked, "the tag %s exists, and a tag never moves", u.branch()).Do("choose a new tag name")
	}
	return nil
}

// objectLimit bounds a commit, tag or directory listing; git reads them into
// memory as a whole.
const objectLimit = 8 << 20

// judgeSizes refuses what does not belong into a repository.
func (s *Service) judgeSizes(ctx context.Context, repo git.Repository, after string) error {
	return repo.NewObjects(ctx, after, func(kind string, size int64, path string) error {
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
		return errs.New(errs.Blocked, "%s has %s; the limit for one file is %s", git.Cut(path, 200), git.Size(size), git.Size(limit)).
			Do("take it out of the commits (git rebase --interactive) and publish large files as an artifact instead")
	})
}

// mostItems bounds what one commit carries into every fact about it.
const mostItems = 50

// judgeCommits refuses trailers that nobody could follow.
func (s *Service) judgeCommits(ctx context.Context, repo git.Repository, after string) error {
	naming := map[string]string{} // item to the commit that names it
	var items []string
	err := repo.Log(ctx, after, nil, []string{"--not", "--all", "--not"}, func(c git.Commit) error {
		named, wrong := c.Named()
		if len(wrong) > 0 {
			return errs.New(errs.Blocked, "commit %s (%s) has the trailer \"Item: %s\", which is not an item's name", git.Short(c.SHA), git.Cut(c.Title, 60), git.Cut(wrong[0], 60)).
				Do("write it like \"Item: ENG-1\": git commit --amend, or git rebase --interactive for an older commit")
		}
		if len(named) > mostItems {
			return errs.New(errs.Blocked, "commit %s (%s) names %d items; at most %d can be meant", git.Short(c.SHA), git.Cut(c.Title, 60), len(named), mostItems).
				Do("name the items that this commit works on")
		}
		for _, lane := range c.Lanes {
			if lane != "hotfix" && lane != "normal" {
				return errs.New(errs.Blocked, "commit %s (%s) has the trailer \"Lane: %s\"; there are the lanes normal and hotfix", git.Short(c.SHA), git.Cut(c.Title, 60), git.Cut(lane, 60)).
					Do("correct it: git commit --amend")
			}
		}
		for _, item := range named {
			if naming[item] == "" {
				naming[item] = fmt.Sprintf("%s (%s)", git.Short(c.SHA), git.Cut(c.Title, 60))
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

const manifestLimit = 256 << 10

// judgePresent is judgeSettings for a commit that may lack a pipeline.
func (s *Service) judgePresent(ctx context.Context, repo git.Repository, after string) error {
	if _, err := repo.Read(ctx, after, Pipeline, manifestLimit); errs.Is(err, errs.NotFound) {
		return nil
	}
	return s.judgeSettings(ctx, repo, after)
}

// judgeSettings refuses a trunk that could not be built or run.
func (s *Service) judgeSettings(ctx context.Context, repo git.Repository, after string) error {
	for _, path := range []string{Pipeline, Manifest} {
		data, err := repo.Read(ctx, after, path, manifestLimit)
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
