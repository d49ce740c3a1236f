//go:build !linux

package cli

import (
	"context"
	"os"
)

// readHidden knows only Linux's terminals; elsewhere what is typed is shown,
// unless it comes from a pipe.
func readHidden(context.Context, *os.File, func()) (text string, terminal bool, err error) {
	return "", false, nil
}
