package base

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/base/errs"
)

// mostLibraries bounds a closure: a program of the host has tens.
const mostLibraries = 1000

// closure returns a program with the loader that it names and all libraries that
// they need (DT_NEEDED), as the loader finds them: what ldd prints, without
// running anything.
//
// In the image there is no cache of the loader's, which knows the folders of
// /etc/ld.so.conf. Libraries found there are laid beside the C library, whose
// folder every loader searches.
func closure(program string) ([]File, error) {
	s := search{conf: confDirs("/etc/ld.so.conf", 0)}
	o, err := s.read(program, nil)
	if err != nil {
		return nil, err
	}
	files := []File{{Path: program, Host: program, Mode: 0o755}}
	if o.loader == "" {
		return files, nil // it is static
	}
	real, err := filepath.EvalSymlinks(o.loader)
	if err != nil {
		return nil, fmt.Errorf("the loader of %s: %w", program, err)
	}
	files = append(files, File{Path: o.loader, Host: real, Mode: 0o755})
	known := map[string]bool{path.Base(o.loader): true} // itself answers to its name
	type library struct {
		File
		byConf bool
	}
	var found []library
	home := ""
	for queue := []*object{o}; len(queue) > 0; queue = queue[1:] {
		for _, name := range queue[0].needed {
			if known[name] {
				continue
			}
			known[name] = true
			at, byConf, lib, err := s.find(name, queue[0])
			if err != nil {
				return nil, err
			}
			if name == "libc.so.6" {
				home = path.Dir(at)
			}
			found = append(found, library{File{Path: at, Host: lib.at, Mode: 0o755}, byConf})
			queue = append(queue, lib)
			if len(found) > mostLibraries {
				return nil, fmt.Errorf("%s needs more than %d libraries", program, mostLibraries)
			}
		}
	}
	for _, l := range found {
		if l.byConf && home != "" {
			l.Path = path.Join(home, path.Base(l.Path))
		}
		files = append(files, l.File)
	}
	return files, nil
}

// object is what a program or a library says of itself.
type object struct {
	at      string // real path on the host
	by      *object
	loader  string
	needed  []string
	rpath   []string
	runpath []string
	class   elf.Class
	machine elf.Machine
}

// search is where the loader looks.
type search struct{ conf []string }

// find returns where a library that by needs lies: its path, and whether only
// the loader's configuration leads there. See ld.so(8).
func (s search) find(name string, by *object) (at string, byConf bool, _ *object, err error) {
	var dirs []string
	own := 0
	if strings.Contains(name, "/") {
		dirs, own = []string{path.Dir(name)}, 1
	} else {
		if len(by.runpath) == 0 {
			for o := by; o != nil; o = o.by { // of who loaded it too
				if len(o.runpath) == 0 {
					dirs = append(dirs, o.rpath...)
				}
			}
		}
		dirs = append(dirs, by.runpath...)
		own = len(dirs)
		dirs = append(dirs, s.conf...)
	}
	for i, dir := range dirs {
		at := path.Join(dir, path.Base(name))
		lib, err := s.read(at, by)
		if errors.Is(err, os.ErrNotExist) || err == nil && (lib.class != by.class || lib.machine != by.machine) {
			continue // of another architecture: the loader goes on too
		}
		return at, i >= own, lib, err
	}
	return "", false, nil, errs.New(errs.Unavailable, "%s needs the library %s, which is not on this host", by.at, name).
		Do("have the platform team repair what installed %s", by.at)
}

// read reads the head of a program or library.
func (s search) read(at string, by *object) (*object, error) {
	real, err := filepath.EvalSymlinks(at)
	if err != nil {
		return nil, err
	}
	f, err := elf.Open(real)
	if err != nil {
		if _, bad := errors.AsType[*elf.FormatError](err); bad {
			return nil, errs.Because(errs.Unavailable, err, "%s is no program or library (ELF)", real).Do("have the platform team install the program itself on the host, not a script that starts it")
		}
		return nil, err
	}
	defer func() { _ = f.Close() }()
	o := &object{at: real, by: by, class: f.Class, machine: f.Machine}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			text, err := io.ReadAll(p.Open())
			if err != nil {
				return nil, err
			}
			o.loader = strings.TrimRight(string(text), "\x00")
		}
	}
	for tag, into := range map[elf.DynTag]*[]string{elf.DT_NEEDED: &o.needed, elf.DT_RPATH: &o.rpath, elf.DT_RUNPATH: &o.runpath} {
		if *into, err = f.DynString(tag); err != nil && !errors.Is(err, elf.ErrNoSymbols) {
			return nil, fmt.Errorf("%s: %w", real, err)
		}
	}
	o.rpath, o.runpath = o.dirs(o.rpath), o.dirs(o.runpath)
	return o, nil
}

// dirs splits search paths and fills in where the object lies.
func (o *object) dirs(lists []string) (dirs []string) {
	origin := strings.NewReplacer("${ORIGIN}", path.Dir(o.at), "$ORIGIN", path.Dir(o.at))
	for _, list := range lists {
		for dir := range strings.SplitSeq(list, ":") {
			if dir = origin.Replace(dir); path.IsAbs(dir) && !strings.Contains(dir, "$") {
				dirs = append(dirs, path.Clean(dir))
			}
		}
	}
	return dirs
}

// usual are the folders that loaders search after those of the configuration.
var usual = []string{"/lib64", "/usr/lib64", "/lib", "/usr/lib"}

// confDirs reads the loader's configuration: a folder in each line, or more files.
func confDirs(name string, depth int) (dirs []string) {
	text, _ := os.ReadFile(name) // none on systems that search their own folders only
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if more, ok := strings.CutPrefix(line, "include "); ok {
			if more = strings.TrimSpace(more); !path.IsAbs(more) {
				more = path.Join(path.Dir(name), more)
			}
			names, _ := filepath.Glob(more)
			for _, n := range names {
				if depth < 5 {
					dirs = append(dirs, confDirs(n, depth+1)...)
				}
			}
			continue
		}
		if path.IsAbs(line) {
			dirs = append(dirs, path.Clean(line))
		}
	}
	if depth > 0 {
		return dirs
	}
	for _, dir := range usual {
		if !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}
