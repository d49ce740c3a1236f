package insight

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// Floor is the whole value stream as one picture.
type Floor struct {
	At        time.Time
	Stations  []Station // from vision to customers
	Ribbons   []Ribbon  // between neighbours, and customers to vision
	Outcomes  []Outcome
	Recent    []Move // of the last hour, newest first, at most RecentShown
	Attention []Need // most urgent first, at most AttentionShown
}

// What bounds the picture.
const (
	StuckShown     = 20
	RecentShown    = 50
	AttentionShown = 100
	PointsShown    = 60
	week           = 7 * 24 * time.Hour
)

// Station is one place that work passes.
type Station struct {
	ID         string
	Title      string
	InWork     int
	InWorkText string // what in work means here
	Waiting    int
	Oldest     *Stuck // the oldest in work; nil when there is none. Since is when its work began
	Week       int    // finished in the last 7 days
	WeekText   string // what finished means here
	Days       []int  // finished on each of the last 7 days of 24 hours, the last one last
	Stuck      []Stuck
	StuckCount int
	Text       string // of the vision: what it says
}

// Stuck is something that does not go on by itself.
type Stuck struct {
	Subject ref.Subject
	Title   string
	Team    ref.Team
	Since   time.Time
	Why     string
}

// Ribbon is the flow between two stations in the last 7 days.
type Ribbon struct {
	From, To string
	Count    int
	Text     string // what passed
}

// Outcome is a key result as last measured.
type Outcome struct {
	KeyResult ref.KeyResult
	Objective ref.Objective
	Title     string
	Unit      string
	Baseline  float64
	Target    float64
	Score     float64 // of the last point
	Points    []Value // oldest first, at most PointsShown; empty when never measured
}

// Value is a measured value.
type Value struct {
	At    time.Time
	Value float64
	score float64
}

// Move is something that moved.
type Move struct {
	At      time.Time
	Kind    string
	Subject ref.Subject
	Title   string
	Text    string
	Team    ref.Team
	Actor   string
}

// Need is something that waits for a person.
type Need struct {
	Stuck
	Roles  []string // whose move it is
	Urgent bool
	Next   string
}

// station is what the picture says of each station. aged is how long its
// things may stand still before that is worth a look.
type station struct {
	id, title, inWork, finished string
	aged                        time.Duration
}

func stations() []station {
	const day = 24 * time.Hour
	return []station{
		{vision, "Vision", "key results on their way", "key results that reached their target", 0},
		{initiatives, "Initiatives", "being implemented", "done", 90 * day},
		{features, "Features", "being built", "released", 30 * day},
		{items, "Items", "building, verifying or releasing", "done", 3 * day},
		{changes, "Changes", "pushed to a trunk and not live", "live", day},
		{runs, "Runs", "running", "succeeded", time.Hour},
		{releases, "Releases", "rolling out", "promoted", day},
		{customers, "Customers", "components that customers use", "releases that reached everybody", 0},
	}
}

func ribbons() []Ribbon {
	return []Ribbon{
		{vision, initiatives, 0, "new initiatives"}, {initiatives, features, 0, "new features"}, {features, items, 0, "new items of features"},
		{items, changes, 0, "commits that name items"}, {changes, runs, 0, "pipeline runs"}, {runs, releases, 0, "rollouts begun"},
		{releases, customers, 0, "releases promoted"}, {customers, vision, 0, "measured effects and key results"},
	}
}

func floorOf(ctx context.Context, tx *store.Tx, now time.Time) (Floor, error) {
	f := Floor{At: now}
	passed, err := passedSince(ctx, tx, now.Add(-week))
	if err != nil {
		return f, err
	}
	for _, r := range ribbons() {
		r.Count = passed[r.From+"-"+r.To]
		f.Ribbons = append(f.Ribbons, r)
	}
	for _, def := range stations() {
		s, err := stationOf(ctx, tx, def, now)
		if err != nil {
			return f, err
		}
		f.Stations = append(f.Stations, s)
	}
	if f.Stations[0].Text, err = visionText(ctx, tx); err != nil {
		return f, err
	}
	if f.Outcomes, err = outcomes(ctx, tx); err != nil {
		return f, err
	}
	if f.Recent, err = recentSince(ctx, tx, now.Add(-recentFor)); err != nil {
		return f, err
	}
	if f.Attention, err = needs(ctx, tx); err != nil {
		return f, err
	}
	if f.Stations[0].Text == "" {
		first := Need{Stuck: Stuck{Subject: "vision/", Title: "The vision", Since: now, Why: "no vision is set, so nothing can say what it is for"}, Roles: []string{"board"}, Next: "set the vision on the Board"}
		f.Attention = append([]Need{first}, f.Attention...)
	}
	return f, nil
}

func stationOf(ctx context.Context, tx *store.Tx, def station, now time.Time) (Station, error) {
	s := Station{ID: def.id, Title: def.title, InWorkText: def.inWork, WeekText: def.finished, Days: make([]int, 7)}
	counts, err := countsOf(ctx, tx, def.id)
	if err != nil {
		return s, err
	}
	s.InWork, s.Waiting = counts[working], counts[waiting]
	if s.Oldest, err = oldestOf(ctx, tx, def.id); err != nil {
		return s, err
	}
	from := def.id
	if def.id == customers { // what reaches customers are the releases
		from = releases
	}
	if err := finishedDays(ctx, tx, from, now, s.Days); err != nil {
		return s, err
	}
	for _, n := range s.Days {
		s.Week += n
	}
	if s.Stuck, s.StuckCount, err = stuckOf(ctx, tx, def, now); err != nil {
		return s, err
	}
	return s, nil
}

func countsOf(ctx context.Context, tx *store.Tx, station string) (map[place]int, error) {
	type count struct {
		state place
		n     int
	}
	list, err := store.List(ctx, tx, func(s store.Scanner) (count, error) {
		var c count
		return c, s.Scan(&c.state, &c.n)
	}, `select state, count(*) from insight_thing where station = $1 and state in ('waiting', 'work') group by state`, station)
	counts := map[place]int{}
	for _, c := range list {
		counts[c.state] = c.n
	}
	return counts, err
}

func scanStuck(s store.Scanner) (Stuck, error) {
	var k Stuck
	var at int64
	err := s.Scan(&k.Subject, &k.Title, &k.Team, &at, &k.Why)
	k.Since = store.Time(at)
	if k.Title == "" {
		_, k.Title = k.Subject.Split()
	}
	return k, err
}

func oldestOf(ctx context.Context, tx *store.Tx, station string) (*Stuck, error) {
	k, err := store.One(ctx, tx, scanStuck, `select subject, title, team, began, '' from insight_thing where station = $1 and state = 'work' order by began, subject limit 1`, station)
	if errors.Is(err, store.ErrNone) {
		return nil, nil
	}
	return &k, err
}

// finishedDays counts into days, of which the last ends now.
func finishedDays(ctx context.Context, tx *store.Tx, station string, now time.Time, days []int) error {
	type day struct{ ago, n int }
	list, err := store.List(ctx, tx, func(s store.Scanner) (day, error) {
		var d day
		return d, s.Scan(&d.ago, &d.n)
	}, `select ($2 - finished) / 86400000000, count(*) from insight_thing where station = $1 and finished > $3 and finished <= $2
		group by ($2 - finished) / 86400000000`, station, store.Micros(now), store.Micros(now.Add(-week)))
	for _, d := range list {
		if d.ago < len(days) {
			days[len(days)-1-d.ago] = d.n
		}
	}
	return err
}

// stuckOf returns what needs somebody, and what has stood still for long.
func stuckOf(ctx context.Context, tx *store.Tx, def station, now time.Time) ([]Stuck, int, error) {
	list, err := store.List(ctx, tx, scanStuck, `select n.subject, coalesce(t.title, ''), n.team, n.since, n.why from insight_need n
		left join insight_thing t on t.subject = n.subject where n.station = $1 order by n.since, n.subject limit $2`, def.id, StuckShown)
	if err != nil {
		return nil, 0, err
	}
	count, err := store.One(ctx, tx, store.Scan1[int], `select count(*) from insight_need where station = $1`, def.id)
	if err != nil || def.aged == 0 {
		return list, count, err
	}
	cutoff := store.Micros(now.Add(-def.aged))
	const still = ` from insight_thing t where t.station = $1 and t.state = 'work' and t.began < $2 and t.since < $2
		and not exists (select 1 from insight_need n where n.subject = t.subject and n.station = $1)`
	aged, err := store.One(ctx, tx, store.Scan1[int], `select count(*)`+still, def.id, cutoff)
	if err != nil || aged == 0 || len(list) == StuckShown {
		return list, count + aged, err
	}
	old, err := store.List(ctx, tx, scanStuck, `select t.subject, t.title, t.team, t.since, ''`+still+` order by t.began, t.subject limit $3`, def.id, cutoff, StuckShown-len(list))
	for _, k := range old {
		k.Why = "has not moved for " + Span(now.Sub(k.Since).Seconds())
		list = append(list, k)
	}
	return list, count + aged, err
}

func visionText(ctx context.Context, tx *store.Tx) (string, error) {
	text, err := store.One(ctx, tx, store.Scan1[string], `select title from insight_thing where station = 'vision' and state = 'gone' order by began, subject limit 1`)
	if errors.Is(err, store.ErrNone) {
		return "", nil
	}
	return text, err
}

func passedSince(ctx context.Context, tx *store.Tx, from time.Time) (map[string]int, error) {
	type sum struct {
		ribbon string
		n      int
	}
	list, err := store.List(ctx, tx, func(s store.Scanner) (sum, error) {
		var c sum
		return c, s.Scan(&c.ribbon, &c.n)
	}, `select ribbon, cast(sum(count) as bigint) from insight_passed where hour >= $1 group by ribbon`, store.Micros(from)/hour)
	sums := map[string]int{}
	for _, c := range list {
		sums[c.ribbon] = c.n
	}
	return sums, err
}

func outcomes(ctx context.Context, tx *store.Tx) ([]Outcome, error) {
	list, err := store.List(ctx, tx, func(s store.Scanner) (Outcome, error) {
		var o Outcome
		return o, s.Scan(&o.KeyResult, &o.Objective, &o.Title, &o.Unit, &o.Baseline, &o.Target)
	}, `select key_result, objective, title, unit, baseline, target from insight_outcome order by created, key_result limit 100`)
	if err != nil {
		return nil, err
	}
	for i := range list {
		points, err := store.List(ctx, tx, func(s store.Scanner) (Value, error) {
			var v Value
			var at int64
			err := s.Scan(&at, &v.Value, &v.score)
			v.At = store.Time(at)
			return v, err
		}, `select at, value, score from insight_point where key_result = $1 order by at desc limit $2`, string(list[i].KeyResult), PointsShown)
		if err != nil {
			return nil, err
		}
		for n := range points {
			list[i].Points = append(list[i].Points, points[len(points)-1-n])
		}
		if len(points) > 0 {
			list[i].Score = points[0].score
		}
	}
	return list, nil
}

func recentSince(ctx context.Context, tx *store.Tx, from time.Time) ([]Move, error) {
	return store.List(ctx, tx, func(s store.Scanner) (Move, error) {
		var m Move
		var at int64
		err := s.Scan(&at, &m.Kind, &m.Subject, &m.Title, &m.Text, &m.Team, &m.Actor)
		m.At = store.Time(at)
		return m, err
	}, `select at, kind, subject, title, text, team, actor from insight_recent where at >= $1 order by at desc, seq desc limit $2`, store.Micros(from), RecentShown)
}

func needs(ctx context.Context, tx *store.Tx) ([]Need, error) {
	return store.List(ctx, tx, func(s store.Scanner) (Need, error) {
		var n Need
		var at, urgent int64
		var roles string
		err := s.Scan(&n.Subject, &n.Title, &n.Team, &at, &n.Why, &roles, &urgent, &n.Next)
		n.Since, n.Urgent, n.Roles = store.Time(at), urgent == 1, strings.Split(roles, ",")
		if n.Title == "" {
			_, n.Title = n.Subject.Split()
		}
		return n, err
	}, `select n.subject, coalesce(t.title, ''), n.team, n.since, n.why, n.roles, n.urgent, n.next from insight_need n
		left join insight_thing t on t.subject = n.subject order by n.urgent desc, n.since, n.subject, n.what limit $1`, AttentionShown)
}
