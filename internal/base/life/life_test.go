package life_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/life"
)

// TestTogether: the first failure ends all, and all are waited for.
func TestTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broke := errors.New("broke")
		ended := 0
		slow := func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(time.Second) // of the bubble: clearing up takes a while
			ended++
			return ctx.Err()
		}
		err := life.Together(t.Context(), life.Part{Name: "a", Run: slow}, life.Part{Name: "b", Run: func(context.Context) error {
			time.Sleep(time.Minute)
			return broke
		}})
		if !errors.Is(err, broke) || !strings.HasPrefix(err.Error(), "b: ") || ended != 1 {
			t.Errorf("%v, %d ended", err, ended)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := life.Together(ctx, life.Part{Name: "a", Run: func(ctx context.Context) error { <-ctx.Done(); return nil }}); err != nil {
			t.Errorf("an ordered end: %v", err)
		}
	})
}

// TestEvery: at once, on every wake, at the interval, and slower after failures.
func TestEvery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		wake := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- life.Every(ctx, "test", time.Second, wake, func(context.Context) error {
				at = append(at, time.Since(began))
				if n := len(at); n > 4 && n < 10 {
					return errors.New("not now")
				}
				return nil
			})
		}()
		time.Sleep(2500 * time.Millisecond)
		wake <- struct{}{}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		want := []time.Duration{0, time.Second, 2 * time.Second, 2500 * time.Millisecond}
		for _, pause := range []int{1, 1, 2, 4, 8, 10} { // all but the first follow a failure
			want = append(want, want[len(want)-1]+time.Duration(pause)*time.Second)
		}
		if diff := cmp.Diff(want, at[:len(want)]); diff != "" {
			t.Errorf("called at (-want +got):\n%s", diff)
		}
		if last := at[len(at)-1] - at[len(at)-2]; last != time.Second {
			t.Errorf("after a success it pauses %s", last)
		}
	})
}

// TestStack closes in reverse, everything whatever fails, within its bound.
func TestStack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var order []string
		var s life.Stack
		step := func(name string, err error) {
			s.Push(name, func(context.Context) error { order = append(order, name); return err })
		}
		step("database", nil)
		s.Push("hangs", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		step("listener", errors.New("in use"))
		gone, cancel := context.WithCancel(t.Context())
		cancel() // what ended the program does not end its clearing up
		began := time.Now()
		err := s.Close(gone, 3*time.Second)
		if !slices.Equal(order, []string{"listener", "database"}) || time.Since(began) != 3*time.Second {
			t.Errorf("closed %v within %s", order, time.Since(began))
		}
		if err == nil || !strings.Contains(err.Error(), "close listener: in use") || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if err := s.Close(gone, time.Second); err != nil || len(order) != 2 {
			t.Errorf("a second close: %v", err)
		}
	})
}
