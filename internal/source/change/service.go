package change

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/source"
	"github.com/digital-factory/factory/internal/source/diff"
	"github.com/digital-factory/factory/internal/source/git"
)

// Room is what changes ask of their room.
type Room interface {
	// Repository returns a component's repository and the team that owns it.
	Repository(ctx context.Context, component string) (git.Repository, ref.Team, error)
	// RulesOf reads the rules at a commit of the trunk.
	RulesOf(ctx context.Context, component, trunk string) (source.Rules, error)
	// Judge returns why a commit may not be on the trunk, an errs.Blocked.
	Judge(ctx context.Context, component, commit string) error
	// Land moves refs in somebody's name, all or none, and tells it.
	Land(ctx context.Context, by journal.By, component string, moves ...git.Move) error
}

// Service keeps the changes.
type Service struct {
	db      *store.DB
	journal *journal.Journal
	effects *effect.Log
	room    Room
	address func() string
	now     func() time.Time
}

// New returns the service. It starts nothing. address returns where people
// find the factory, for links in the pusher's terminal.
func New(db *store.DB, j *journal.Journal, effects *effect.Log, room Room, address func() string, now func() time.Time) *Service {
	return &Service{db: db, journal: j, effects: effects, room: room, address: address, now: now}
}

func (s *Service) clock() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// Draft is what a person says of a change.
type Draft struct {
	Branch string // only when it is opened
	Title  string
	Body   string
}

const (
	titleLimit = 200
	bodyLimit  = 20000
)

// check returns the draft in order, or why it cannot be.
func (d Draft) check() (Draft, error) {
	bad := errs.New(errs.Invalid, "this change cannot be written so")
	d.Title, d.Body = strings.TrimSpace(d.Title), strings.TrimSpace(d.Body)
	if strings.ContainsFunc(d.Title, unicode.IsControl) || strings.ToValidUTF8(d.Title, "") != d.Title || len([]rune(d.Title)) > titleLimit {
		bad.In("title", "is one line of at most %d characters", titleLimit)
	}
	checkText(bad, "body", d.Body)
	if len(bad.Fields) > 0 {
		return d, bad
	}
	return d, nil
}

func checkText(bad *errs.Error, at, text string) {
	if strings.ContainsRune(text, 0) || strings.ToValidUTF8(text, "") != text || len([]rune(text)) > bodyLimit {
		bad.In(at, "is text of at most %d characters", bodyLimit)
	}
}

// printable drops what has no place in a line.
func printable(r rune) rune {
	if unicode.IsControl(r) {
		return -1
	}
	return r
}

// Open opens a change for a branch. Without a title it has its oldest
// commit's.
func (s *Service) Open(ctx context.Context, who access.Actor, component ref.Component, in Draft) (Detail, error) {
	if err := who.Could(access.BuildComponent); err != nil {
		return Detail{}, err
	}
	repo, team, err := s.room.Repository(ctx, string(component))
	if err != nil {
		return Detail{}, err
	}
	if err := source.MayWrite(who, string(team)); err != nil {
		return Detail{}, err
	}
	if team == "" { // a golden path's: what is pushed to it is tried when it is published
		return Detail{}, errs.New(errs.Blocked, "%s is the repository of a golden path, which has no changes", component).Do("push to its trunk, and publish a version: it is tried before it is offered")
	}
	if in, err = in.check(); err != nil {
		return Detail{}, err
	}
	name, err := git.BranchRef(in.Branch)
	if err != nil {
		return Detail{}, err
	}
	if name == git.TrunkRef || strings.HasPrefix(in.Branch, source.Queue) {
		return Detail{}, errs.New(errs.Invalid, "%s cannot be merged into the trunk", cmp.Or(in.Branch, source.Trunk)).In("branch", "name a branch of your own").
			Do("push one: git push origin HEAD:refs/heads/<name>")
	}
	refs, err := repo.Refs(ctx)
	if err != nil {
		return Detail{}, err
	}
	now := s.clock()
	c := Change{Component: component, Team: team, Branch: in.Branch, Title: in.Title, Body: in.Body, State: Open, Head: refs[name],
		Author: who.ID, AuthorName: who.Name, Opened: now, Updated: now, Version: 1}
	d := Detail{Change: c, Trunk: refs[git.TrunkRef]}
	if err := s.compare(ctx, repo, &d); err != nil {
		return Detail{}, err
	}
	if d.Merges == Gone || d.Merges == Nothing || d.Merges == Unrelated {
		return Detail{}, errs.New(errs.Blocked, "%s", "there is nothing to merge yet. Needed: "+lower(mergeNeeded(d)[0])).Do("push commits to %s: git push origin HEAD:refs/heads/%s", in.Branch, in.Branch)
	}
	if c.Title == "" {
		c.Title = strings.TrimSpace(git.Cut(strings.Map(printable, d.Commits[0].Title), titleLimit-1))
	}
	if c.Title == "" {
		c.Title = in.Branch
	}
	c.Items = itemsOf(d.Commits)
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if c, err = insert(ctx, tx, c); err != nil {
			return err
		}
		return s.tell(ctx, tx, who.By(), c, fact.ChangeOpened{Change: c.ID, Component: c.Component, Team: c.Team, Branch: c.Branch, Title: c.Title, Head: ref.Commit(c.Head), Items: refsOf(c.Items)})
	})
	if err != nil {
		return Detail{}, err
	}
	return s.Get(ctx, who, c.ID)
}

func lower(text string) string { return strings.ToLower(text[:1]) + text[1:] }

func refsOf(items []string) (out []ref.Item) {
	for _, i := range items {
		out = append(out, ref.Item(i))
	}
	return out
}

const mostItems = 50

// itemsOf returns the items that commits name, in their order.
func itemsOf(commits []git.Commit) (items []string) {
	for _, c := range commits {
		named, _ := c.Named()
		for _, i := range named {
			if len(items) < mostItems && !slices.Contains(items, i) {
				items = append(items, i)
			}
		}
	}
	return items
}

func (s *Service) tell(ctx context.Context, tx *store.Tx, by journal.By, c Change, p fact.Payload) error {
	return s.journal.Append(ctx, tx, by, ref.Of("change", c.ID), p)
}

// alter runs f on a change that the actor may alter, and saves what it makes
// of it.
func (s *Service) alter(ctx context.Context, who access.Actor, id ref.Change, f func(tx *store.Tx, c *Change) error) error {
	if err := who.Could(access.BuildComponent); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		c, err := get(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := source.MayWrite(who, string(c.Team)); err != nil {
			return err
		}
		was := c.State
		if err := f(tx, &c); err != nil {
			return err
		}
		c.Updated = s.clock()
		return save(ctx, tx, c, was)
	})
}

// Edit replaces title and text. Another version than the one that the edit is
// based on is an errs.Conflict with the current Detail; when nothing differs,
// nothing happens.
func (s *Service) Edit(ctx context.Context, who access.Actor, id ref.Change, version int64, in Draft) (Detail, error) {
	in, wrong := in.check()
	err := s.alter(ctx, who, id, func(tx *store.Tx, c *Change) error {
		if wrong != nil {
			return wrong
		}
		if in.Title == "" {
			return errs.New(errs.Invalid, "a change needs a title").In("title", "say in one line what it does")
		}
		var fields []string
		if in.Title != c.Title {
			fields = append(fields, "title")
		}
		if in.Body != c.Body {
			fields = append(fields, "body")
		}
		if len(fields) == 0 {
			return nil
		}
		if version != c.Version {
			return store.Changed(0, "change "+string(id), nil)
		}
		c.Title, c.Body, c.Version = in.Title, in.Body, c.Version+1
		return s.tell(ctx, tx, who.By(), *c, fact.ChangeEdited{Change: c.ID, Component: c.Component, Team: c.Team, Title: c.Title, Fields: fields})
	})
	if errs.Is(err, errs.Conflict) {
		d, failure := s.Get(ctx, who, id)
		if failure != nil {
			return Detail{}, failure
		}
		return Detail{}, errs.Of(err).With(d)
	}
	if err != nil {
		return Detail{}, err
	}
	return s.Get(ctx, who, id)
}

// Close gives a change up. Its branch stays.
func (s *Service) Close(ctx context.Context, who access.Actor, id ref.Change) (Detail, error) {
	err := s.alter(ctx, who, id, func(tx *store.Tx, c *Change) error {
		if !c.living() {
			return already(*c)
		}
		if c.State == Queued {
			if err := s.back(ctx, tx, who.By(), c, fmt.Sprintf("%s closed the change.", who.Name)); err != nil {
				return err
			}
		}
		c.State, c.Closed, c.ClosedBy = Closed, s.clock(), who.Name
		return s.tell(ctx, tx, who.By(), *c, fact.ChangeClosed{Change: c.ID, Component: c.Component, Team: c.Team})
	})
	if err != nil {
		return Detail{}, err
	}
	return s.Get(ctx, who, id)
}

func already(c Change) error {
	return errs.New(errs.Blocked, "change %s is %s already", c.ID, c.State)
}

// Reopen goes on with a change that was given up.
func (s *Service) Reopen(ctx context.Context, who access.Actor, id ref.Change) (Detail, error) {
	if err := who.Could(access.BuildComponent); err != nil {
		return Detail{}, err
	}
	d, repo, err := s.look(ctx, who.ID, id)
	if err != nil {
		return d, err
	}
	refs, err := repo.Refs(ctx)
	if err != nil {
		return d, err
	}
	err = s.alter(ctx, who, id, func(tx *store.Tx, c *Change) error {
		if c.State != Closed {
			return errs.New(errs.Blocked, "change %s is not closed; it is %s", id, c.State)
		}
		if c.Head = refs[c.Ref()]; c.Head == "" {
			return errs.New(errs.Blocked, "the branch %s of change %s is not there any more", c.Branch, id).Do("push it again, and reopen the change then")
		}
		others, err := living(ctx, tx, c.Component, c.Branch)
		if err != nil {
			return err
		}
		if len(others) > 0 {
			return errs.New(errs.Conflict, "the change %s is open for the branch %s", others[0].ID, c.Branch).Do("go on with that one")
		}
		c.State, c.Closed, c.ClosedBy = Open, time.Time{}, ""
		return s.tell(ctx, tx, who.By(), *c, fact.ChangeReopened{Change: c.ID, Component: c.Component, Team: c.Team})
	})
	if err != nil {
		return d, err
	}
	return s.Get(ctx, who, id)
}

// List returns changes, last opened first, a page at a time.
func (s *Service) List(ctx context.Context, who access.Actor, f Filter, ask page.Ask) (list []Change, next string, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, "", err
	}
	if f.Component != "" {
		if _, _, err := s.room.Repository(ctx, string(f.Component)); err != nil {
			return nil, "", err
		}
	}
	last := place{Opened: 1<<62 - 1, ID: "~"}
	if _, err := ask.Key(&last); err != nil {
		return nil, "", err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = after(ctx, tx, f, last, ask.Size()+1)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	list, next = page.Of(ask, list, func(c Change) any { return place{store.Micros(c.Opened), string(c.ID)} })
	return list, next, nil
}

// OpenFor returns the changes that are open for the branches of a component,
// by branch.
func (s *Service) OpenFor(ctx context.Context, who access.Actor, component ref.Component) (map[string]ref.Change, error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, err
	}
	var list []Change
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		list, err = living(ctx, tx, component, "")
		return err
	})
	by := make(map[string]ref.Change, len(list))
	for _, c := range list {
		by[c.Branch] = c.ID
	}
	return by, err
}

// Diff returns what a change changes, counted from where its branch left the
// trunk.
func (s *Service) Diff(ctx context.Context, who access.Actor, id ref.Change) (diff.Diff, error) {
	d, err := s.Get(ctx, who, id)
	if err != nil {
		return diff.Diff{}, err
	}
	if d.Merges == Gone || d.Fork == "" {
		return diff.Diff{}, errs.New(errs.NotFound, "the commits of change %s are not there any more", id).Do("push the branch %s again", d.Branch)
	}
	repo, _, err := s.room.Repository(ctx, string(d.Component))
	if err != nil {
		return diff.Diff{}, err
	}
	return diff.Between(ctx, repo, d.Fork, d.Head, diff.Shown())
}

// Hint returns what the terminal of somebody shows who pushed a branch: the
// change that it belongs to, or how to open one.
func (s *Service) Hint(ctx context.Context, component, branch string) []string {
	open, err := s.OpenFor(ctx, access.System("change"), ref.Component(component))
	if err != nil {
		return nil // the push is what counts
	}
	if id := open[branch]; id != "" {
		return []string{"", fmt.Sprintf("Digital Factory: %s belongs to change %s", branch, id), "  " + s.address() + "/changes/" + string(id), ""}
	}
	return []string{"", "Digital Factory: to have " + branch + " reviewed, checked and merged",
		"  factory change open " + component + " --branch " + word(branch),
		"  " + s.address() + "/components/" + component + "/files?at=" + escape(branch), ""}
}

var plain = regexp.MustCompile(`^[\pL\pN._/+-]+$`)

// word writes a branch's name as a shell takes it for one word.
func word(branch string) string {
	if plain.MatchString(branch) {
		return branch
	}
	return "'" + strings.ReplaceAll(branch, "'", `'\''`) + "'"
}
