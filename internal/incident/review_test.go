package incident

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// board is a team's board with one column.
type board struct {
	cards []Card
	full  bool
}

func (b *board) Add(_ context.Context, _ *store.Tx, _ access.Actor, team ref.Team, title, _ string) (ref.Item, error) {
	if b.full {
		return "", errs.New(errs.Blocked, "%s takes no more", team)
	}
	b.cards = append(b.cards, Card{Title: title, State: "ready"})
	return ref.Item(fmt.Sprintf("ENG-%d", len(b.cards))), nil
}

func (b *board) Card(_ context.Context, _ access.Actor, item ref.Item) (Card, error) {
	var n int
	_, err := fmt.Sscanf(string(item), "ENG-%d", &n)
	return b.cards[n-1], err
}

// hurt is what was counted.
type hurt struct{}

func (hurt) Counted(_ context.Context, _ ref.Component, _ ref.Environment, from, to time.Time) (n Counted, known bool, err error) {
	seconds := to.Sub(from).Seconds() // ten requests a second, of which one fails
	return Counted{Requests: 10 * seconds, Failed: seconds}, true, nil
}

func (hurt) Units(_ context.Context, r ref.Rollout) (reached, failed int64, known bool, err error) {
	return 120, 3, r == "ro-2", nil
}

// over is a rollback that a fix ended.
func over(t *testing.T, r room) Incident {
	t.Helper()
	r.tell(t, -5, fact.CommitsPushed{Component: "engine-controller", Branch: "main", Trunk: true, Commits: []fact.Commit{{Title: "Change 2"}}})
	r.tell(t, 0, started("2"))
	r.tell(t, 2, finished("2", "rolled_back", true, 0))
	r.tell(t, 3, alert("errors", "page"))
	r.tell(t, 7, finished("3", "promoted", true, 4))
	*r.at = noon.Add(10 * time.Minute)
	return r.one(t)
}

func (r room) review(t *testing.T, id ref.Incident) Review {
	t.Helper()
	v, err := r.Review(t.Context(), r.eva, id)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The draft says what facts know and nothing that they do not.
func TestDraftSaysWhatFactsKnow(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		got := r.review(t, over(t, r).ID)
		want := Sections{
			Happened: strings.Join([]string{
				"On 2 March 2026 (times are UTC):",
				"- 12:00:00 rollout of version 2 began",
				"- 12:02:00 version 2 was rolled back, traffic is on version 1 again",
				"- 12:02:00 the incident was opened: engine-controller 2 was rolled back",
				"- 12:03:00 alert errors fired in production: 5 % of requests fail",
				"- 12:07:00 version 3 was promoted",
				"- 12:07:00 the incident is over: engine-controller 3 was promoted",
			}, "\n"),
			Impact: "engine-controller in production hurt for 7 minutes. It was noticed 2 minutes after it began and over 5 minutes later.\n" +
				"420 of 4200 requests failed in that time (10 %).\n3 of 120 units that version 2 served failed at least once.",
			Changed: "Last before it began, at 2 March 12:00:00: the rollout of version 2 began in production (commit c2 “Change 2”, ENG-2).\n" +
				"What ended it: engine-controller 3 was promoted.",
		}
		if diff := cmp.Diff(want, got.Text); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		numbers := Numbers{Lasted: 7 * time.Minute, Detected: 2 * time.Minute, Recovered: 5 * time.Minute, RequestsKnown: true, Counted: Counted{Requests: 4200, Failed: 420}, UnitsKnown: true, Units: 120, UnitsFailed: 3, Final: true}
		if diff := cmp.Diff(numbers, got.Numbers); diff != "" || got.State != Draft || got.Version != 0 {
			t.Fatalf("%+v (-want +got):\n%s", got, diff)
		}
	})
}

// While nobody has written, the draft grows with the timeline; then it is
// theirs, version by version, and a stale edit is told what is there.
func TestReviewIsWrittenByPeople(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		ctx := t.Context()
		r.tell(t, 0, burns(-1))
		id := r.one(t).ID
		first := r.review(t, id)
		if first.Numbers.Final || first.Numbers.Recovered != 0 || !strings.Contains(first.Text.Impact, "is not over yet") || !strings.Contains(first.Text.Impact, "5.7 % of the error budget of 30 days had gone in 60 minutes, 41 times faster") {
			t.Fatalf("%+v", first)
		}
		if same, err := r.SaveReview(ctx, r.eva, id, 0, first.Text); err != nil || same.Version != 0 {
			t.Fatalf("saving the draft as it is: %+v, %v", same, err)
		}
		r.tell(t, 4, burnt())
		grown := r.review(t, id)
		if !strings.Contains(grown.Text.Happened, "12:04:00 the incident is over") || !grown.Numbers.Final {
			t.Fatalf("%+v", grown)
		}
		mine := grown.Text
		mine.Well = " The alert said which version it was "
		saved, err := r.SaveReview(ctx, r.eva, id, 0, mine)
		if err != nil || saved.Version != 1 || saved.Text.Well != "The alert said which version it was" || saved.ChangedBy != "Eva" || !saved.Changed.Equal(r.at.UTC()) {
			t.Fatalf("%+v, %v", saved, err)
		}
		theirs := grown.Text
		theirs.Learn = "Probe the sensor"
		_, err = r.SaveReview(ctx, r.eva, id, 0, theirs)
		if !errs.Is(err, errs.Conflict) || errs.Of(err).Detail.(Review).Text.Well != saved.Text.Well || errs.Of(err).Detail.(Review).Version != 1 {
			t.Fatalf("a stale edit: %v", err)
		}
		theirs.Well = saved.Text.Well
		if saved, err = r.SaveReview(ctx, r.eva, id, 1, theirs); err != nil || saved.Version != 2 || saved.Text != theirs {
			t.Fatalf("%+v, %v", saved, err)
		}
		if diff := cmp.Diff([]string{"review.changed well 1", "review.changed learn 2"}, r.reviewFacts(t)); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// reviewFacts says the facts of reviews, oldest first.
func (r room) reviewFacts(t *testing.T) (out []string) {
	t.Helper()
	list, _, err := r.j.List(t.Context(), journal.Filter{Kind: "review"}, page.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	for n := range list {
		f := list[len(list)-1-n]
		if p, err := journal.Decode[fact.ReviewChanged](f); err == nil && f.Kind == p.Kind() {
			out = append(out, fmt.Sprintf("%s %s %d", f.Kind, strings.Join(p.Fields, ","), p.Version))
		}
		if p, err := journal.Decode[fact.ReviewPublished](f); err == nil && f.Kind == p.Kind() {
			out = append(out, fmt.Sprintf("%s %v %d", f.Kind, p.Actions, p.Version))
		}
	}
	return out
}

func TestReviewIsPublishedOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		ctx := t.Context()
		r.tell(t, 0, burns(-1))
		id := r.one(t).ID
		refused := func(what string, want errs.Kind, err error) {
			t.Helper()
			if !errs.Is(err, want) {
				t.Fatalf("%s: %v, want %s", what, err, want)
			}
		}
		_, err := r.PublishReview(ctx, r.eva, id, 0)
		refused("while it is open", errs.Blocked, err)
		r.tell(t, 4, burnt())
		_, err = r.PublishReview(ctx, r.eva, id, 0)
		refused("without what to learn", errs.Invalid, err)
		text := r.review(t, id).Text
		text.Learn = "Probe the sensor"
		if _, err := r.SaveReview(ctx, r.eva, id, 0, text); err != nil {
			t.Fatal(err)
		}
		if _, err := r.AddAction(ctx, r.eva, id, "Probe before traffic", ""); err != nil {
			t.Fatal(err)
		}
		_, err = r.PublishReview(ctx, r.eva, id, 0)
		refused("what another wrote meanwhile", errs.Conflict, err)
		got, err := r.PublishReview(ctx, r.eva, id, 1)
		if err != nil || got.State != Published || got.PublishedBy != "Eva" || got.Version != 2 || got.Published.IsZero() {
			t.Fatalf("%+v, %v", got, err)
		}
		if again, err := r.PublishReview(ctx, r.eva, id, 2); err != nil || again.Version != 2 {
			t.Fatalf("published again: %+v, %v", again, err)
		}
		text.Learn = "Nothing"
		_, err = r.SaveReview(ctx, r.eva, id, 2, text)
		refused("an edit after", errs.Blocked, err)
		if diff := cmp.Diff([]string{"review.changed learn 1", "review.published [ENG-1] 2"}, r.reviewFacts(t)); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		d, err := r.Get(ctx, r.eva, id)
		if err != nil || d.Timeline[len(d.Timeline)-1].Text != "the review was published" {
			t.Fatalf("%+v, %v", d.Timeline, err)
		}
	})
}

// An action item stands on the board and in the review, or in neither.
func TestActionItems(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		ctx := t.Context()
		id := over(t, r).ID
		got, err := r.AddAction(ctx, r.eva, id, " Probe before traffic ", "The smoke path misses the sensor")
		want := []Action{{Item: "ENG-1", At: noon.Add(10 * time.Minute), Actor: "Eva", Card: Card{Title: "Probe before traffic", State: "ready"}}}
		if diff := cmp.Diff(want, got.Actions); err != nil || diff != "" {
			t.Fatalf("%v (-want +got):\n%s", err, diff)
		}
		r.board.(*board).cards[0].State = "building" // it moves on, the review shows it
		if got := r.review(t, id).Actions[0].State; got != "building" {
			t.Fatalf("the review shows %q", got)
		}
		r.board.(*board).full = true
		if _, err := r.AddAction(ctx, r.eva, id, "Another", ""); !errs.Is(err, errs.Blocked) {
			t.Fatalf("%v", err)
		}
		if got := r.review(t, id); len(got.Actions) != 1 || got.Version != 0 {
			t.Fatalf("%+v", got)
		}
		if _, err := r.AddAction(ctx, r.eva, id, " ", ""); !errs.Is(err, errs.Invalid) {
			t.Fatalf("no title: %v", err)
		}
		other := r.eva
		other.Teams = []string{"battery"}
		if _, err := r.AddAction(ctx, other, id, "Theirs", ""); !errs.Is(err, errs.Denied) {
			t.Fatalf("another team: %v", err)
		}
		if _, err := r.SaveReview(ctx, other, id, 0, Sections{Learn: "x"}); !errs.Is(err, errs.Denied) {
			t.Fatalf("another team: %v", err)
		}
		if _, err := r.Review(ctx, access.Nobody(), id); !errs.Is(err, errs.Denied) {
			t.Fatalf("nobody: %v", err)
		}
		list, _, err := r.j.List(ctx, journal.Filter{Kind: "incident.followed-up"}, page.Ask{})
		if err != nil || len(list) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		if p, err := journal.Decode[fact.IncidentFollowedUp](list[0]); err != nil || p.Item != "ENG-1" || p.Incident != id || p.Team != "engine" {
			t.Fatalf("%+v, %v", p, err)
		}
	})
}

// A long incident makes a draft that can be read.
func TestLongTimelineIsCut(t *testing.T) {
	t.Parallel()
	d := Detail{Incident: Incident{Began: noon}}
	for n := range 200 {
		d.Timeline = append(d.Timeline, Entry{At: noon.Add(time.Duration(n) * time.Second), Text: strings.Repeat("word ", 100)})
	}
	text := drafted(d, Numbers{}).Happened
	if n := strings.Count(text, "\n"); n != mostLines+1 || !strings.Contains(text, "(140 entries left out: see the timeline)") || len(text) > 20000 {
		t.Fatalf("%d lines, %d bytes:\n%s", n, len(text), text)
	}
	for d, want := range map[time.Duration]string{0: "0 seconds", time.Second: "1 second", 119 * time.Second: "119 seconds", 3 * time.Hour: "3 hours", 150 * time.Second: "2 min 30 s", 3*time.Hour + 5*time.Minute: "3 h 05 min", 72 * time.Hour: "3 days"} {
		if got := spoken(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}
