// Package page is keyset paging: a list is read in slices, each begins after
// the last key of the one before, so that no page is skipped or doubled while
// rows come and go.
package page

import (
	"encoding/base64"
	"encoding/json"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Default and Most bound how many rows a page has.
const (
	Default = 50
	Most    = 500
)

// Ask is what a caller wants: up to Limit rows after the cursor.
type Ask struct {
	Limit int
	After string
}

// Size returns the limit within its bounds.
func (a Ask) Size() int {
	switch {
	case a.Limit <= 0:
		return Default
	case a.Limit > Most:
		return Most
	}
	return a.Limit
}

// Key decodes the cursor into key, a pointer; false when there is none.
func (a Ask) Key(key any) (bool, error) {
	if a.After == "" {
		return false, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(a.After)
	if err == nil {
		err = json.Unmarshal(raw, key)
	}
	if err != nil {
		return false, errs.Because(errs.Invalid, err, "the page cursor is damaged").Do("start again from the first page")
	}
	return true, nil
}

// Cursor encodes the key of a page's last row.
func Cursor(key any) string {
	raw, err := json.Marshal(key)
	if err != nil {
		panic("page: key cannot be encoded: " + err.Error()) // a defect, not input
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Of cuts rows, read with Size()+1, to one page and returns the cursor of the
// next, or "" at the end. key gives a row's key.
func Of[T any](a Ask, rows []T, key func(T) any) ([]T, string) {
	if len(rows) <= a.Size() {
		return rows, ""
	}
	rows = rows[:a.Size()]
	return rows, Cursor(key(rows[len(rows)-1]))
}
