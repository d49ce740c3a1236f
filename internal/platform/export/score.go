package export

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/platform/resource"
	"github.com/digital-factory/factory/internal/platform/scale"
	"github.com/digital-factory/factory/internal/platform/score"
)

// Need adds what takes the place of resources.
func (in *Input) Need(all resource.Declarations) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		switch r := all[name]; r.Type {
		case resource.Postgres:
			in.Database, in.Password = true, rand.Text()
		case resource.Route:
			in.Route = true
		case resource.Volume:
			in.Volumes = append(in.Volumes, Volume{Name: name, Path: r.Path, Bytes: r.Bytes()})
		}
	}
}

// Tell adds the variables that a description in the Score format says, with what
// takes the place of the factory's resources, and its limits. The component's own
// variables must be known by then.
func (in *Input) Tell(w score.Workload) error {
	in.Entrypoint, in.Args = w.Command, w.Args
	in.Explicit, in.CPUs, in.Memory = true, cmp.Or(w.CPUs, in.CPUs), cmp.Or(w.Memory, in.Memory)
	for _, key := range slices.Sorted(maps.Keys(w.Variables)) {
		secret := false
		value, err := resource.Expand(w.Variables[key], func(placeholder string) (string, error) {
			if placeholder == "metadata.name" {
				return in.Component, nil
			}
			name, output, _ := strings.Cut(strings.TrimPrefix(placeholder, "resources."), ".")
			switch w.Kinds[name] {
			case resource.Postgres:
				return map[string]string{"host": in.Component + "-db", "port": "5432", "name": in.Component, "database": in.Component, "username": in.Component, "password": in.Password}[output], nil
			case resource.Volume:
				return in.mounted(name), nil
			case resource.Route:
				return map[string]string{"host": "127.0.0.1", "url": fmt.Sprintf("http://127.0.0.1:%d/", in.Port)}[output], nil
			}
			for _, v := range in.Variables {
				if v.Key == output {
					secret = secret || v.Secret
					return v.Value, nil
				}
			}
			return "", nil
		})
		if err != nil {
			return err
		}
		if secret {
			value = "" // nobody is told it again
		}
		in.Variables = append(in.Variables, Variable{Key: key, Value: value, Secret: secret})
	}
	return nil
}

// Scale has it run as production does, as far as somebody says so: the version, or
// who operates it.
func (in *Input) Scale(s scale.Scale) {
	in.Replicas = s.Replicas
	in.CPUs, in.Memory = cmp.Or(s.CPUs(), in.CPUs), cmp.Or(s.Memory, in.Memory)
}

// mounted is where the program finds a volume in a container.
func (in Input) mounted(name string) string {
	for _, v := range in.Volumes {
		if v.Name == name {
			return v.Path
		}
	}
	return ""
}
