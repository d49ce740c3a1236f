// Package base finds what images stand on that are no single static program: a
// program of this host with everything that it needs to run. Nothing is
// downloaded: what builds and tests a component, on this host, is what runs it.
package base

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Base is a program of the host, and the files that it needs.
type Base struct {
	Name     string // "node"
	Version  string // of the program, such as "20.20.2"
	Program  string // absolute path, in the image as on the host
	Files    []File // by their paths
	Packages []Package

	print string // changes when a file of the host does
}

// File is one file. Its content is that of a file of the host, or its text.
type File struct {
	Path string // absolute, in the image
	Host string // absolute path on the host, no link; empty: Text is its content
	Text string
	Mode int64 // permission bits
}

// Package is a package of the host's system that files come from. There are none
// on a host without dpkg.
type Package struct {
	Name, Version, Architecture string
	Distribution                string // such as "debian-12"
}

// patience bounds each program of the host that is asked.
const patience = 10 * time.Second

// places are where steps of pipelines look for programs, in order.
var places = []string{"/usr/local/bin", "/usr/bin", "/bin"}

// certificates are where systems keep those of authorities.
var certificates = []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"}

// texts are files that the C library and programs expect.
var texts = []File{
	{Path: "/etc/group", Text: "root:x:0:\nnobody:x:65534:\n"},
	{Path: "/etc/hosts", Text: "127.0.0.1 localhost\n::1 localhost\n"},
	{Path: "/etc/nsswitch.conf", Text: "hosts: files dns\n"},
	{Path: "/etc/passwd", Text: "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/tmp:/sbin/nologin\n"},
}

// Node returns this host's Node.js, errs.Unavailable when there is none.
func Node(ctx context.Context) (Base, error) {
	return program(ctx, "node", places)
}

// scripts is where distributions keep parts of Node that are written in
// JavaScript and not compiled into it; it reads them when it starts.
const scripts = "/usr/share/nodejs/"

// aside returns the files of the host below scripts that a program or library
// names.
func aside(of File, scripts string) (files []File, err error) {
	content, err := os.ReadFile(of.Host)
	if err != nil {
		return nil, err
	}
	for rest := content; ; {
		_, after, found := bytes.Cut(rest, []byte(scripts))
		if !found {
			return files, nil
		}
		name, _, _ := bytes.Cut(after[:min(len(after), 200)], []byte{0})
		rest = after
		at := filepath.Join(scripts, string(name))
		if info, err := os.Stat(at); err != nil || !info.Mode().IsRegular() || slices.ContainsFunc(files, func(f File) bool { return f.Path == at }) {
			continue
		}
		real, err := filepath.EvalSymlinks(at)
		if err != nil {
			return nil, err
		}
		files = append(files, File{Path: at, Host: real, Mode: 0o644})
	}
}

// NodeVersion returns the version of this host's Node.js, errs.Unavailable when
// there is none.
func NodeVersion(ctx context.Context) (string, error) {
	b, err := locate(ctx, "node", places)
	return b.Version, err
}

// locate finds a program and its version.
func locate(ctx context.Context, name string, places []string) (b Base, err error) {
	b.Name = name
	for _, place := range places {
		at, err := filepath.EvalSymlinks(filepath.Join(place, name))
		if err == nil {
			b.Program = at // its libraries may be named from where it really lies
			break
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return b, err
		}
	}
	if b.Program == "" {
		return b, errs.New(errs.Unavailable, "this host has no %s in %s, and images with base: %s stand on the host's", name, strings.Join(places, ", "), name).
			Do("have the platform team install %s on the host, then run the pipeline again", name)
	}
	b.Version, err = version(ctx, b.Program)
	return b, err
}

func program(ctx context.Context, name string, places []string) (_ Base, err error) {
	defer errs.Wrap(&err, "find the base %s", name)
	b, err := locate(ctx, name, places)
	if err != nil {
		return b, err
	}
	if b.Files, err = closure(b.Program); err != nil {
		return b, err
	}
	for _, f := range b.Files {
		if !strings.Contains(filepath.Base(f.Path), name) { // also libnode
			continue
		}
		more, err := aside(f, scripts)
		if err != nil {
			return b, err
		}
		b.Files = append(b.Files, more...)
	}
	for _, at := range certificates {
		if real, err := filepath.EvalSymlinks(at); err == nil {
			b.Files = append(b.Files, File{Path: certificates[0], Host: real, Mode: 0o644})
			break
		}
	}
	b.Packages = packages(ctx, b.Files)
	for _, f := range texts {
		f.Mode = 0o644
		b.Files = append(b.Files, f)
	}
	slices.SortFunc(b.Files, func(x, y File) int { return cmp.Compare(x.Path, y.Path) })
	b.print, err = fingerprint(b.Files)
	return b, err
}

// Current reports whether the files of the host are as they were found.
func (b Base) Current() bool {
	now, err := fingerprint(b.Files)
	return err == nil && b.print != "" && now == b.print
}

// fingerprint tells versions of the files apart without reading them.
func fingerprint(files []File) (string, error) {
	var s strings.Builder
	for _, f := range files {
		if f.Host == "" {
			continue
		}
		info, err := os.Lstat(f.Host)
		if err != nil {
			return "", err
		}
		inode := uint64(0)
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			inode = st.Ino
		}
		fmt.Fprintln(&s, f.Path, f.Host, info.Size(), info.ModTime().UnixNano(), inode)
	}
	return s.String(), nil
}

// version asks a program, as in "v20.20.2".
func version(ctx context.Context, program string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "--version")
	cmd.Env, cmd.Dir = []string{"LANG=C.UTF-8"}, "/"
	out, err := cmd.Output()
	said := strings.TrimPrefix(strings.TrimSpace(string(out)), "v")
	if err == nil && (said == "" || strings.ContainsAny(said, " \n")) {
		err = fmt.Errorf("it says %.100q", out)
	}
	if err != nil {
		return "", errs.Because(errs.Unavailable, err, "%s of this host does not tell its version: %v", program, err).
			Do("have the platform team repair it on the host")
	}
	return said, nil
}
