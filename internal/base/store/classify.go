package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Result codes: https://www.sqlite.org/rescode.html and PostgreSQL appendix A.
const (
	sqliteBusy       = 5
	sqliteFull       = 13
	sqliteIOErr      = 10
	sqlitePrimaryKey = 1555
	sqliteUnique     = 2067
)

// classify gives database errors their kind. Everything not known stays
// unclassified and so internal.
func classify(err error) error {
	if err == nil || errors.Is(err, sql.ErrNoRows) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch {
		case e.Code == "23505":
			return errs.Because(errs.Conflict, err, "it exists already")
		case e.Code == "53100":
			return full(err)
		case serialization(err):
			return errs.Because(errs.Unavailable, err, "the database is busy with others' changes of the same").Do("try again in a moment")
		case strings.HasPrefix(e.Code, "08"), strings.HasPrefix(e.Code, "53"), strings.HasPrefix(e.Code, "57"):
			return silent(err)
		}
		return err
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) {
		return silent(err)
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return silent(err)
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch {
		case e.Code() == sqliteUnique || e.Code() == sqlitePrimaryKey:
			return errs.Because(errs.Conflict, err, "it exists already")
		case e.Code()&0xff == sqliteFull, e.Code()&0xff == sqliteIOErr:
			return full(err)
		case e.Code()&0xff == sqliteBusy:
			return errs.Because(errs.Unavailable, err, "the database is busy").Do("try again in a moment")
		}
	}
	return err
}

func silent(err error) error {
	return errs.Because(errs.Unavailable, err, "the database does not answer").Do("try again in a moment")
}

func full(err error) error {
	return errs.Because(errs.Unavailable, err, "the change could not be written: the disk of the database is full or failing; nothing was changed").
		Do("free space on the disk of the data directory, then repeat")
}

func serialization(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40001" || e.Code == "40P01")
}
