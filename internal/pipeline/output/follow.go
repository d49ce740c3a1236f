package output

import (
	"context"
	"errors"
	"io"
	"os"
	"time"
)

const block = 32 << 10 // bytes that are read at once

// Copy copies what a step printed, which f is the file of, to w. With follow it
// goes on until over says that the step prints no more; flush is called whenever
// w has caught up.
func (l *Logs) Copy(ctx context.Context, f *os.File, follow bool, over func() (bool, error), w io.Writer, flush func() error) error {
	look := time.NewTicker(time.Second)
	defer look.Stop()
	buf := make([]byte, block)
	for {
		changed, done := l.Began(), true
		if live := l.Live(f.Name()); live != nil { // asked before reading: what is written meanwhile wakes us
			changed, done = live.State()
		}
		if done && follow { // of a step that was interrupted there is more to come
			var err error
			if done, err = over(); err != nil {
				return err
			}
		}
		for {
			n, err := f.Read(buf)
			if _, err := w.Write(buf[:n]); err != nil {
				return nil // the reader is gone
			}
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return err
			}
		}
		if err := flush(); err != nil || done || !follow {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-look.C:
		}
	}
}
