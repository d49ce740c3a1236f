package source

import (
	"context"
	"io"
)

// Bundle writes all branches and tags of a component's repository with their
// history, as git clone reads it. What the factory keeps beside them, such as
// what was merged, is not in it.
func (s *Service) Bundle(ctx context.Context, component string, to io.Writer) error {
	if _, err := s.find(ctx, component); err != nil {
		return err
	}
	return s.repository(component).Stream(ctx, nil, func(out io.Reader) error {
		_, err := io.Copy(to, out)
		return err
	}, "bundle", "create", "--quiet", "-", "HEAD", "--branches", "--tags")
}
