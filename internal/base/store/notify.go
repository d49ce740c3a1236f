package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Notify tells every process on this database, once tx commits, that something
// happened on the channel. On SQLite there is only this process: use After.
func (t *Tx) Notify(ctx context.Context, channel string) error {
	if !t.postgres {
		return nil
	}
	_, err := t.Exec(ctx, `select pg_notify($1, '')`, channel)
	return err
}

// Listen calls wake for every notification of other processes until ctx ends,
// reconnecting as needed. On SQLite it only waits for the end.
func (db *DB) Listen(ctx context.Context, channel string, wake func()) error {
	if !db.postgres {
		<-ctx.Done()
		return nil
	}
	for ctx.Err() == nil {
		_ = db.listen(ctx, channel, wake) // a broken connection is made again; wake then reads what was missed
		wake()
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
	return nil
}

func (db *DB) listen(ctx context.Context, channel string, wake func()) error {
	conn, err := pgx.Connect(ctx, db.url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "listen "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return err
		}
		wake()
	}
}
