package change

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/source"
	"github.com/digital-factory/factory/internal/source/git"
)

// Say is what somebody says about a change, or about a line of it.
type Say struct {
	Body    string
	Path    string
	Line    int
	Side    string // old or new; new when empty
	Commit  string // that was looked at; the head when empty
	ReplyTo string
}

const selectComment = `select id, author, author_name, body, path, line, side, sha, reply_to, resolved, resolver, at from source_comment `

func scanComment(s store.Scanner) (c Comment, err error) {
	var resolved, at int64
	err = s.Scan(&c.ID, &c.Author, &c.Name, &c.Body, &c.Path, &c.Line, &c.Side, &c.Commit, &c.ReplyTo, &resolved, &c.Resolver, &at)
	c.Resolved, c.At = store.Time(resolved), store.Time(at)
	return c, err
}

func getComment(ctx context.Context, tx *store.Tx, id ref.Change, comment string) (Comment, error) {
	c, err := store.One(ctx, tx, scanComment, selectComment+`where change_id = $1 and id = $2`, string(id), comment)
	if errors.Is(err, store.ErrNone) {
		return c, errs.New(errs.NotFound, "change %s has no comment %q", id, git.Cut(comment, 60))
	}
	return c, err
}

// Comments returns the discussion of a change, oldest first, a page at a time.
func (s *Service) Comments(ctx context.Context, who access.Actor, id ref.Change, ask page.Ask) (list []Comment, next string, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, "", err
	}
	last := ""
	if _, err := ask.Key(&last); err != nil {
		return nil, "", err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if _, err := get(ctx, tx, id); err != nil {
			return err
		}
		list, err = store.List(ctx, tx, scanComment, selectComment+`where change_id = $1 and id > $2 order by id limit $3`, string(id), last, ask.Size()+1)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	list, next = page.Of(ask, list, func(c Comment) any { return c.ID })
	return list, next, nil
}

// Comment says something about a change. A reply stands where the thread does
// that it belongs to.
func (s *Service) Comment(ctx context.Context, who access.Actor, id ref.Change, in Say) (c Comment, err error) {
	if err := who.May(access.Discuss, ""); err != nil {
		return c, err
	}
	d, repo, err := s.look(ctx, who.ID, id)
	if err != nil {
		return c, err
	}
	if in, err = in.check(); err != nil {
		return c, err
	}
	commit := cmp.Or(d.Head, d.Change.Head)
	if in.Commit != "" {
		if commit, err = repo.Resolve(ctx, in.Commit); err != nil {
			return c, err
		}
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		now, err := get(ctx, tx, id)
		if err != nil {
			return err
		}
		c = Comment{ID: ref.New(), Author: who.ID, Name: who.Name, Body: in.Body, Path: in.Path, Line: in.Line, Side: in.Side, Commit: commit, At: s.clock()}
		if in.ReplyTo != "" {
			first, err := getComment(ctx, tx, id, in.ReplyTo)
			if err != nil {
				return err
			}
			c.ReplyTo = cmp.Or(first.ReplyTo, first.ID)
			c.Path, c.Line, c.Side, c.Commit = first.Path, first.Line, first.Side, first.Commit
		}
		_, err = tx.Exec(ctx, `insert into source_comment (id, change_id, author, author_name, body, path, line, side, sha, reply_to, resolved, resolver, at)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, '', $11)`,
			c.ID, string(id), c.Author, c.Name, c.Body, c.Path, c.Line, c.Side, c.Commit, c.ReplyTo, store.Micros(c.At))
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `update source_change set comments = comments + 1, updated = $2 where id = $1`, string(id), store.Micros(c.At)); err != nil {
			return err
		}
		return s.tell(ctx, tx, who.By(), now, fact.ChangeCommented{Change: id, Component: now.Component, Team: now.Team, Comment: c.ID, Path: c.Path, Line: c.Line, ReplyTo: c.ReplyTo})
	})
	return c, err
}

func (in Say) check() (Say, error) {
	bad := errs.New(errs.Invalid, "this cannot be said so")
	in.Body = strings.TrimSpace(in.Body)
	if in.Body == "" {
		bad.In("body", "say something")
	}
	checkText(bad, "body", in.Body)
	if in.Path != "" && !git.ValidPath(in.Path) || strings.ToValidUTF8(in.Path, "") != in.Path || len(in.Path) > 1000 {
		bad.In("path", "is not a path inside a repository")
	}
	if in.Line < 0 || in.Line > 1<<31-1 || in.Line > 0 && in.Path == "" {
		bad.In("line", "is a line of a file, from 1")
	}
	switch {
	case in.Path == "":
		in.Side = ""
	case in.Side == "":
		in.Side = "new"
	case in.Side != "new" && in.Side != "old":
		bad.In("side", "is old or new")
	}
	if len(bad.Fields) > 0 {
		return in, bad
	}
	return in, nil
}

// Settle marks a thread as settled, or takes it up again. Its author may, and
// whoever may push.
func (s *Service) Settle(ctx context.Context, who access.Actor, id ref.Change, comment string, resolved bool) (c Comment, err error) {
	if err := who.May(access.Discuss, ""); err != nil {
		return c, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		now, err := get(ctx, tx, id)
		if err != nil {
			return err
		}
		if c, err = getComment(ctx, tx, id, comment); err != nil {
			return err
		}
		if c.ReplyTo != "" {
			return errs.New(errs.Invalid, "a thread is settled at its first comment").Do("settle the comment %s", c.ReplyTo)
		}
		if c.Author != who.ID {
			if err := source.MayWrite(who, string(now.Team)); err != nil {
				return err
			}
		}
		if c.Resolved.IsZero() == !resolved {
			return nil
		}
		c.Resolved, c.Resolver = s.clock(), who.Name
		if !resolved {
			c.Resolved, c.Resolver = store.Time(0), ""
		}
		if _, err := tx.Exec(ctx, `update source_comment set resolved = $2, resolver = $3 where id = $1`, c.ID, store.Micros(c.Resolved), c.Resolver); err != nil {
			return err
		}
		if err := touched(ctx, tx, id, s.clock()); err != nil {
			return err
		}
		return s.tell(ctx, tx, who.By(), now, fact.ChangeSettled{Change: id, Component: now.Component, Team: now.Team, Comment: c.ID, Resolved: resolved})
	})
	return c, err
}

func scanReview(s store.Scanner) (r Review, err error) {
	var own, at int64
	err = s.Scan(&r.ID, &r.Account, &r.Name, &r.Verdict, &r.Commit, &r.Body, &own, &at)
	r.Own, r.At = own == 1, store.Time(at)
	return r, err
}

func reviewsOf(ctx context.Context, tx *store.Tx, id ref.Change) ([]Review, error) {
	return store.List(ctx, tx, scanReview, `select id, account, account_name, verdict, sha, body, own, at from source_review where change_id = $1 order by id`, string(id))
}

// Review gives a verdict on the head that was looked at. It needs the right to
// push; a remark only that to discuss. When the branch has another head by now
// it is an errs.Conflict.
func (s *Service) Review(ctx context.Context, who access.Actor, id ref.Change, verdict Verdict, commit, body string) (Detail, error) {
	if err := who.May(access.Discuss, ""); err != nil {
		return Detail{}, err
	}
	d, _, err := s.look(ctx, who.ID, id)
	if err != nil {
		return d, err
	}
	if verdict != Remark {
		if err := source.MayWrite(who, string(d.Team)); err != nil {
			return d, err
		}
	}
	bad := errs.New(errs.Invalid, "this review cannot be given so")
	body = strings.TrimSpace(body)
	checkText(bad, "body", body)
	if !slices.Contains([]Verdict{Approve, RequestChanges, Remark}, verdict) {
		bad.In("verdict", "is approve, request-changes or comment")
	}
	if verdict != Approve && body == "" {
		bad.In("body", "say what you think")
	}
	if len(commit) < 7 {
		bad.In("commit", "name the head that you looked at, by 7 digits at least")
	}
	if len(bad.Fields) > 0 {
		return d, bad
	}
	if !d.living() {
		return d, already(d.Change)
	}
	if err := sameHead(d, commit); err != nil {
		return d, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		r := Review{ID: ref.New(), Account: who.ID, Name: who.Name, Verdict: verdict, Commit: d.Head, Body: body, At: s.clock()}
		pushed, err := pushers(ctx, tx, d.Component, d.Branch)
		if err != nil {
			return err
		}
		r.Own = pushed[who.ID] || wrote(d.Commits, who.Name)
		_, err = tx.Exec(ctx, `insert into source_review (id, change_id, account, account_name, verdict, sha, body, own, at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			r.ID, string(id), r.Account, r.Name, string(r.Verdict), r.Commit, r.Body, store.Flag(r.Own), store.Micros(r.At))
		if err != nil {
			return err
		}
		if err := touched(ctx, tx, id, r.At); err != nil {
			return err
		}
		if err := s.tell(ctx, tx, who.By(), d.Change, fact.ChangeReviewed{Change: id, Component: d.Component, Team: d.Team, Review: r.ID, Verdict: string(verdict), Commit: ref.Commit(r.Commit), Own: r.Own}); err != nil {
			return err
		}
		return s.nudge(ctx, tx, d.Component)
	})
	if err != nil {
		return d, err
	}
	return s.Get(ctx, who, id)
}

// sameHead refuses what was decided looking at another head.
func sameHead(d Detail, commit string) error {
	if d.Head != "" && strings.HasPrefix(d.Head, commit) {
		return nil
	}
	if d.Head == "" {
		return errs.New(errs.Conflict, "the branch %s of change %s is not there any more", d.Branch, d.ID)
	}
	return errs.New(errs.Conflict, "the head of change %s is %s by now, not %s: something was pushed to %s", d.ID, git.Short(d.Head), git.Cut(commit, 12), d.Branch).
		Do("look at what it is now, then decide again")
}
