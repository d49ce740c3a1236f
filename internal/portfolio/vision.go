package portfolio

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

// Vision is the sentence that everything else serves. There is one; earlier
// texts are in the journal.
type Vision struct {
	ID      ref.Vision
	Text    string
	Version int64
	By      string // name of who set this text
	At      time.Time
}

// SetVision sets the vision's text. version is the one the actor saw, 0 when
// there was none; another is an errs.Conflict with the current Vision.
func (s *Service) SetVision(ctx context.Context, who access.Actor, text string, version int64) (v Vision, err error) {
	if err := who.May(access.FundWork, ""); err != nil {
		return v, err
	}
	text = strings.TrimSpace(text)
	var w wrong
	w.text("text", text, 1, 2000)
	if err := w.or(); err != nil {
		return v, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		have, err := vision(ctx, tx)
		if err != nil {
			return err
		}
		if have == nil {
			if version != 0 {
				return errs.New(errs.Conflict, "there is no vision yet, so none with version %d", version).Do("send version 0")
			}
			v = Vision{ID: ref.Vision(ref.New()), Text: text, Version: 1, By: who.Name, At: s.clock()}
			if err := insertVision(ctx, tx, v); err != nil {
				return err
			}
		} else {
			if have.Version != version {
				return store.Changed(0, "the vision", *have)
			}
			v = Vision{ID: have.ID, Text: text, Version: version + 1, By: who.Name, At: s.clock()}
			n, err := updateVision(ctx, tx, v)
			if err != nil {
				return err
			}
			if err := store.Changed(n, "the vision", *have); err != nil {
				return err
			}
			if text == have.Text {
				return nil
			}
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("vision", v.ID), fact.VisionSet{Vision: v.ID, Text: v.Text})
	})
	return v, err
}
