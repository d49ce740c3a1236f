package platform

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/platform/path"
	"github.com/digital-factory/factory/internal/ref"
)

// Offer offers a version again that was withdrawn. It passed its trial before it
// was offered first, and never changed. Upgrades that its withdrawal stopped stay
// stopped.
func (s *Service) Offer(ctx context.Context, who access.Actor, name, version, reason string) (v Version, err error) {
	if err := who.May(access.PublishPath, ""); err != nil {
		return v, err
	}
	if reason = strings.TrimSpace(reason); reason == "" || len([]rune(reason)) > longDescription {
		return v, errs.New(errs.Invalid, "a version that was taken back is not offered again without a reason").In("reason", "say why, in at most %d characters: the teams read it", longDescription)
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		all, err := s.versions(ctx, tx, name)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(v Version) bool { return v.Version == version })
		if i < 0 {
			return errs.New(errs.NotFound, "golden path %s has no version %s", name, version).Do("look at them: factory path versions %s", name)
		}
		v = all[i]
		switch {
		case v.State == Refused:
			return errs.New(errs.Blocked, "version %s of golden path %s did not pass its trial, so it cannot be offered", version, name).Do("correct it and publish it again: factory path publish %s", name)
		case v.State != Withdrawn || v.content == nil:
			return errs.New(errs.Blocked, "version %s of golden path %s was not taken back; it is %s", version, name, v.State)
		}
		if err := amid(v, all); err != nil {
			return err
		}
		v.State, v.Reason, v.Changed = Offered, reason, s.now().UTC().Truncate(time.Microsecond)
		if err := saveVersion(ctx, tx, v); err != nil {
			return err
		}
		all[i] = v
		return s.journal.Append(ctx, tx, who.By(), ref.Of("path", name), fact.PathOffered{Path: name, Version: version, Offered: newest(all).Version, Reason: reason})
	})
	return v, err
}

// amid returns why a version cannot be among those that are offered: what was
// published since was not tried as what follows it.
func amid(v Version, all []Version) error {
	for _, o := range all {
		if o.State != Offered || o.content == nil {
			continue
		}
		older, newer := o.content, v.content
		if path.Compare(o.Version, v.Version) > 0 {
			older, newer = newer, older
		}
		if err := newer.Follows(older); err != nil {
			return errs.Because(errs.Blocked, err, "version %s of golden path %s cannot be offered again beside %s", v.Version, v.Path, o.Version)
		}
	}
	return nil
}
