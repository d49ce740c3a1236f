package incident

import (
	"context"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// ReviewState of a review.
type ReviewState string

// The states of a review. A draft nobody has written in is made afresh from the
// timeline whenever it is read.
const (
	Draft     ReviewState = "draft"
	Published ReviewState = "published"
)

// Review is what people learn from an incident: about the work, never about
// who did it. The factory drafts what facts know and asks for the rest.
type Review struct {
	Incident    ref.Incident
	Team        ref.Team
	State       ReviewState
	Version     int64 // 0 while nobody has written in it
	Text        Sections
	Numbers     Numbers
	Actions     []Action // oldest first
	Changed     time.Time
	ChangedBy   string // name
	Published   time.Time
	PublishedBy string // name
}

// Sections are a review's text.
type Sections struct {
	Happened string // what happened, when
	Impact   string // on whom, how much
	Changed  string // before it began, and what ended it
	Well     string // what went well
	Learn    string // what to learn
}

// Prompts ask for what no fact knows, by section.
func Prompts() Sections {
	return Sections{
		Happened: "What happened, in the order in which people met it? Add what the facts do not know: what was seen, thought and tried. Roles, not names.",
		Impact:   "Who could not do what, for how long? What did it cost them, and us?",
		Changed:  "What changed before it began? Say what the change was for, and why it looked safe at the time.",
		Well:     "What limited the harm? What was noticed early, easy to take back, or done well?",
		Learn:    "What in our work made this possible, or long? What surprised us? What would have caught it earlier? Ask how, not who.",
	}
}

// fields are the sections by the names that they have at every door.
func (s *Sections) fields() []struct {
	name string
	text *string
} {
	return []struct {
		name string
		text *string
	}{{"happened", &s.Happened}, {"impact", &s.Impact}, {"changed", &s.Changed}, {"well", &s.Well}, {"learn", &s.Learn}}
}

func (s *Sections) check() error {
	bad := errs.New(errs.Invalid, "the review cannot be kept")
	for _, f := range s.fields() {
		if *f.text = strings.TrimSpace(*f.text); len([]rune(*f.text)) > longest {
			bad.In("text."+f.name, "must have at most %d characters", longest)
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// differs names the sections that are not the same in both.
func (s *Sections) differs(o Sections) (names []string) {
	others := o.fields()
	for n, f := range s.fields() {
		if *f.text != *others[n].text {
			names = append(names, f.name)
		}
	}
	return names
}

// Review returns an incident's review: the draft made from its timeline, until
// somebody has written in it.
func (s *Service) Review(ctx context.Context, who access.Actor, id ref.Incident) (r Review, err error) {
	d, err := s.Get(ctx, who, id)
	if err != nil {
		return r, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		r, err = reviewOf(ctx, tx, d.Incident)
		return err
	})
	if err != nil {
		return r, err
	}
	return s.complete(ctx, who, d, r)
}

// complete adds to what is stored of a review what is asked of others, and the
// draft.
func (s *Service) complete(ctx context.Context, who access.Actor, d Detail, r Review) (Review, error) {
	var err error
	if !r.Numbers.Final {
		if r.Numbers, err = s.reckon(ctx, d); err != nil {
			return r, err
		}
	}
	if r.Version == 0 {
		r.Text = drafted(d, r.Numbers)
	}
	for n, a := range r.Actions {
		if r.Actions[n].Card, err = s.board.Card(ctx, who, a.Item); err != nil {
			return r, err
		}
	}
	return r, nil
}

// SaveReview keeps what people wrote, based on a version; 0 is the draft that
// nobody has written in. When nothing differs, nothing happens.
func (s *Service) SaveReview(ctx context.Context, who access.Actor, id ref.Incident, version int64, text Sections) (r Review, err error) {
	return s.write(ctx, who, id, version, func(_ *store.Tx, _ Detail, now *Review) (fact.Payload, error) {
		if now.State == Published {
			return nil, errs.New(errs.Blocked, "the review is published: what was learned stands").Do("add what came to light later as a note: factory incident note %s TEXT", id)
		}
		if err := text.check(); err != nil {
			return nil, err
		}
		fields := now.Text.differs(text)
		if len(fields) == 0 {
			return nil, nil
		}
		now.Text = text
		return fact.ReviewChanged{Incident: id, Team: now.Team, Version: now.Version + 1, Fields: fields}, nil
	})
}

// PublishReview says that what was learned stands. It takes an incident that is
// over and an answer to what to learn.
func (s *Service) PublishReview(ctx context.Context, who access.Actor, id ref.Incident, version int64) (r Review, err error) {
	return s.write(ctx, who, id, version, func(tx *store.Tx, d Detail, now *Review) (fact.Payload, error) {
		switch {
		case now.State == Published:
			return nil, nil
		case d.State != Resolved:
			return nil, errs.New(errs.Blocked, "the incident is open: its review cannot be published before it is over").Do("resolve it, or wait for the fact that does")
		case now.Text.Learn == "":
			return nil, errs.New(errs.Invalid, "the review says nothing about what to learn").In("text.learn", "must be answered").Do("write it: factory incident review %s --learn TEXT", id)
		}
		now.State, now.Published, now.PublishedBy = Published, s.now().UTC().Truncate(time.Microsecond), who.Name
		var actions []ref.Item
		for _, a := range now.Actions {
			actions = append(actions, a.Item)
		}
		if err := enter(ctx, tx, d.Component, id, Entry{At: now.Published, Kind: fact.ReviewPublished{}.Kind(), Text: "the review was published", Subject: ref.Of("incident", id), Actor: who.Name}); err != nil {
			return nil, err
		}
		return fact.ReviewPublished{Incident: id, Component: d.Component, Team: d.Team, Title: d.Title, Version: now.Version + 1, Actions: actions}, nil
	})
}

// write changes a review that is still of the version, keeps it as the next
// one with the numbers as they are now, and tells what change says; nil is
// nothing.
func (s *Service) write(ctx context.Context, who access.Actor, id ref.Incident, version int64, change func(*store.Tx, Detail, *Review) (fact.Payload, error)) (Review, error) {
	before, err := s.Review(ctx, who, id) // with the draft and the numbers, which others are asked for
	if err != nil {
		return before, err
	}
	r := before
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		i, err := get(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := who.May(access.Operate, string(i.Team)); err != nil {
			return err
		}
		if err := lock(ctx, tx, i.Component); err != nil {
			return err
		}
		if r, err = reviewOf(ctx, tx, i); err != nil {
			return err
		}
		if r.Version == 0 {
			r.Text = before.Text
		}
		r.Numbers = before.Numbers
		d, err := s.detail(ctx, tx, i)
		if err != nil {
			return err
		}
		stale := r.Version != version
		now := r
		told, err := change(tx, d, &now)
		if err != nil || told == nil {
			return err
		}
		if stale {
			return store.Changed(0, "the review", r)
		}
		now.Version, now.Changed, now.ChangedBy = r.Version+1, s.now().UTC().Truncate(time.Microsecond), who.Name
		r = now
		if err := keepReview(ctx, tx, r); err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("incident", id), told)
	})
	if err != nil {
		return r, err
	}
	return s.Review(ctx, who, id)
}
