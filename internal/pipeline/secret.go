package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/pipeline/output"
	"github.com/digital-factory/factory/internal/ref"
)

// Secrets knows what steps are given that stands in no file.
type Secrets interface {
	// Secrets returns the values of keys that a component's steps ask for.
	// errs.NotFound names those that there are none of, and says what to do.
	Secrets(ctx context.Context, c ref.Component, keys []string) (map[string]string, error)
}

// withheld says why a step is left out for the secrets and hosts that it asks for;
// empty when it is given them. Only what is pushed to a trunk is: of a branch
// anybody may write the pipeline file.
func (s *Service) withheld(r *Run, st *Step) string {
	if !r.ofBranch() || s.own {
		return ""
	}
	if hosts := s.tools.Reach.Withheld(st.Network); len(hosts) > 0 {
		return fmt.Sprintf("it lists %s under network:, and checks of branches reach package registries only; it runs on the trunk", hosts[0])
	}
	if len(st.Secrets) == 0 {
		return ""
	}
	return "it asks for secrets (" + strings.Join(st.Secrets, ", ") + "), which checks of branches never get; it runs on the trunk"
}

// reveal gives a step the secrets that it asks for, and has its log hide them.
func (s *Service) reveal(ctx context.Context, r *Run, st *Step, env map[string]string, log *output.Log) error {
	if len(st.Secrets) == 0 {
		return nil
	}
	if why := s.withheld(r, st); why != "" { // it was left out
		return errs.New(errs.Internal, "step %s came to run although %s", st.Name, why)
	}
	values, err := s.secrets.Secrets(ctx, r.Change.Component, st.Secrets)
	if errs.Is(err, errs.NotFound) {
		e := errs.Of(err)
		return failing(st.Name, e.Text+"; "+e.Next)
	} else if err != nil {
		return err
	}
	log.Hide(slices.Collect(maps.Values(values)))
	maps.Copy(env, values)
	return nil
}
