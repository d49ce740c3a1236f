package resource

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/sandbox"
)

// folder is a volume that workloads have mounted. It is guarded by Service.mu.
type folder struct {
	size  int64
	lives map[*over]bool // that may write, by what ends them
	users int
}

func (s *Service) volumeDir(p place) string {
	return filepath.Join(s.dir, "volumes", string(p.environment), string(p.component), p.name)
}

// provideVolume mounts a folder. One that holds more than fits in is mounted read
// only: the machine's disk is everybody's.
func (s *Service) provideVolume(p *Provided, at place, d Declaration, life *over) (release func(), err error) {
	dir := s.volumeDir(at)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	held, err := occupied(dir)
	if err != nil {
		return nil, errs.Because(errs.Unavailable, err, "the volume %s cannot be measured", at.shown())
	}
	bind := sandbox.Bind{Source: dir, Target: d.Path, Writable: held <= d.Bytes()}
	if !bind.Writable {
		p.Notes = append(p.Notes, fmt.Sprintf("the volume %s holds %s of %s and can be read only; declare a greater size, or delete it: factory resource delete %s %s --environment %s",
			at.name, sized(held), sized(d.Bytes()), at.component, at.name, at.environment))
	}
	p.Binds = append(p.Binds, bind)
	p.FileBytes = max(p.FileBytes, d.Bytes())
	p.Env = append(p.Env, "VOLUME_"+strings.ToUpper(strings.ReplaceAll(at.name, "-", "_"))+"="+s.box.Path([]sandbox.Bind{bind}, d.Path))

	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.volumes[at]
	if f == nil {
		f = &folder{lives: map[*over]bool{}}
		s.volumes[at] = f
	}
	f.users++
	f.size = d.Bytes()
	if bind.Writable {
		f.lives[life] = true
	}
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(f.lives, life)
		if f.users--; f.users == 0 {
			delete(s.volumes, at)
		}
	}), nil
}

// guard ends the lives of workloads that wrote more into a volume than fits in.
func (s *Service) guard(ctx context.Context) error {
	type watched struct {
		at   place
		size int64
	}
	var list []watched
	s.mu.Lock()
	for at, f := range s.volumes {
		if len(f.lives) > 0 {
			list = append(list, watched{at, f.size})
		}
	}
	s.mu.Unlock()
	for _, v := range list {
		held, err := occupied(s.volumeDir(v.at))
		if err != nil {
			return err
		}
		if held <= v.size {
			continue
		}
		s.mu.Lock()
		if f := s.volumes[v.at]; f != nil {
			for life := range f.lives {
				life.end(fmt.Sprintf("its volume %s held %s, and %s fit in; it can be read only now", v.at.name, sized(held), sized(v.size)))
			}
		}
		s.mu.Unlock()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// occupied is how much of the disk a folder has.
func occupied(dir string) (n int64, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, err
	}
	defer func() { _ = root.Close() }()
	err = fs.WalkDir(root.FS(), ".", func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return missing(err)
		}
		info, err := d.Info()
		if err != nil {
			return missing(err)
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			n += st.Blocks * 512
		}
		return nil
	})
	return n, err
}

// missing is err unless it says that a file is gone meanwhile.
func missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// sized writes a size for people.
func sized(n int64) string {
	if n >= 1<<30 {
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
