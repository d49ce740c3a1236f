// Command ledger is the service of the scenario of resources: it writes what it
// is told into its database and into its volume.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

var version string // set when it is built

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	answer := func(context.Context, string) (string, error) { return "nothing is kept", nil }
	if at := os.Getenv("DATABASE_URL"); at != "" {
		pool, err := pgxpool.New(ctx, at)
		if err == nil {
			_, err = pool.Exec(ctx, `create table if not exists entry (text text)`)
		}
		if err != nil {
			fmt.Println("no database:", err)
			os.Exit(1)
		}
		answer = func(ctx context.Context, text string) (said string, err error) {
			if text != "" {
				if _, err := pool.Exec(ctx, `insert into entry (text) values ($1)`, text); err != nil {
					return "", err
				}
				if err := os.WriteFile(filepath.Join(os.Getenv("VOLUME_FILES"), text), nil, 0o600); err != nil {
					return "", err
				}
			}
			var rows string
			if err := pool.QueryRow(ctx, `select coalesce(string_agg(text, ' ' order by text), '') from entry`).Scan(&rows); err != nil {
				return "", err
			}
			files, err := os.ReadDir(os.Getenv("VOLUME_FILES"))
			return fmt.Sprintf("entries: %s; files: %d; at %s", rows, len(files), os.Getenv("PUBLIC_URL")), err
		}
	}
	srv := &http.Server{Addr: ":" + os.Getenv("PORT"), ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		said, err := answer(r.Context(), r.URL.Query().Get("write"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "version %s; %s\n", version, said)
	})}
	go func() {
		<-ctx.Done()
		_ = srv.Shutdown(context.Background())
	}()
	fmt.Println(srv.ListenAndServe())
}
