package prom

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// selection is what the three endpoints about series have in common.
type selection struct {
	from, to int64 // milliseconds
	limit    int
	matchers [][]*labels.Matcher
}

func (s *Store) selection(r *http.Request) (sel selection, err error) {
	if sel.limit, err = limitParam(r); err != nil {
		return sel, err
	}
	from, err := timeParam(r, "start", time.UnixMilli(minMillis))
	if err != nil {
		return sel, err
	}
	to, err := timeParam(r, "end", time.UnixMilli(maxMillis))
	if err != nil {
		return sel, err
	}
	if to.Before(from) {
		return sel, badParam("end", errors.New("end timestamp must not be before start time"))
	}
	sel.from, sel.to = from.UnixMilli(), to.UnixMilli()
	sel.matchers, err = s.matchParam(r)
	return sel, err
}

func (s *Store) series(r *http.Request) (reply, error) {
	if len(r.Form["match[]"]) == 0 {
		return reply{}, badData(errors.New("no match[] parameter provided"))
	}
	sel, err := s.selection(r)
	if err != nil {
		return reply{}, err
	}
	q, err := s.db.Querier(sel.from, sel.to)
	if err != nil {
		return reply{}, execution(err)
	}
	defer q.Close()
	// Without Start and End in the hints the database finds nothing, and says so
	// to nobody.
	hints := &storage.SelectHints{Start: sel.from, End: sel.to, Func: "series"}
	if sel.limit > 0 {
		hints.Limit = sel.limit + 1 // one more shows that there are more
	}
	sets := make([]storage.SeriesSet, len(sel.matchers))
	for i, m := range sel.matchers {
		sets[i] = q.Select(r.Context(), true, hints, m...) // sorted, to be merged
	}
	set := storage.NewMergeSeriesSet(sets, 0, storage.ChainedSeriesMerge)
	found, cut := []labels.Labels{}, false
	for set.Next() {
		if len(found)%1024 == 0 && r.Context().Err() != nil {
			return reply{}, execution(r.Context().Err())
		}
		if cut = sel.limit > 0 && len(found) == sel.limit; cut {
			break
		}
		found = append(found, set.At().Labels())
	}
	if err := set.Err(); err != nil {
		return reply{}, execution(err)
	}
	return reply{data: found, notes: noteCut(set.Warnings(), cut)}, nil
}

func (s *Store) labelNames(r *http.Request) (reply, error) {
	return s.names(r, func(ctx context.Context, q storage.Querier, h *storage.LabelHints, m []*labels.Matcher) ([]string, annotations.Annotations, error) {
		return q.LabelNames(ctx, h, m...)
	})
}

func (s *Store) labelValues(r *http.Request) (reply, error) {
	label := r.PathValue("name")
	if strings.HasPrefix(label, "U__") { // how a name beyond ASCII travels in a path
		label = model.UnescapeName(label, model.ValueEncodingEscaping)
	}
	if !model.UTF8Validation.IsValidLabelName(label) {
		return reply{}, badData(fmt.Errorf("invalid label name: %q", label))
	}
	return s.names(r, func(ctx context.Context, q storage.Querier, h *storage.LabelHints, m []*labels.Matcher) ([]string, annotations.Annotations, error) {
		return q.LabelValues(ctx, label, h, m...)
	})
}

// names asks once per selector and answers the union, sorted.
func (s *Store) names(r *http.Request, ask func(context.Context, storage.Querier, *storage.LabelHints, []*labels.Matcher) ([]string, annotations.Annotations, error)) (reply, error) {
	sel, err := s.selection(r)
	if err != nil {
		return reply{}, err
	}
	q, err := s.db.Querier(sel.from, sel.to)
	if err != nil {
		return reply{}, execution(err)
	}
	defer q.Close()
	hints := &storage.LabelHints{}
	if sel.limit > 0 {
		hints.Limit = sel.limit + 1
	}
	sets := sel.matchers
	if len(sets) == 0 {
		sets = [][]*labels.Matcher{nil}
	}
	found := []string{}
	var notes annotations.Annotations
	for _, m := range sets {
		some, n, err := ask(r.Context(), q, hints, m)
		if err != nil {
			return reply{}, execution(err)
		}
		for _, x := range some { // the querier's own strings end with it
			found = append(found, strings.Clone(x))
		}
		notes.Merge(n)
	}
	slices.Sort(found)
	found = slices.Compact(found)
	n := bounded(len(found), sel.limit)
	return reply{data: found[:n], notes: noteCut(notes, n < len(found))}, nil
}
