package base

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/errs"
)

// TestClosure: what a program needs is what the system's own loader says.
func TestClosure(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"/usr/bin/node", "/usr/bin/git", "/usr/bin/curl", "/bin/sh"} {
		real, err := filepath.EvalSymlinks(program)
		if err != nil {
			continue // this host has less
		}
		out, err := exec.CommandContext(t.Context(), "ldd", real).Output()
		if err != nil {
			t.Fatalf("ldd %s: %v", program, err)
		}
		var want []string
		for line := range strings.Lines(string(out)) {
			// "libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x...)", or the loader's path alone
			f := strings.Fields(line)
			for _, word := range f[:len(f)-1] {
				if filepath.IsAbs(word) {
					at, err := filepath.EvalSymlinks(word)
					if err != nil {
						t.Fatal(err)
					}
					want = append(want, at)
				}
			}
		}
		files, err := closure(real)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range files[1:] {
			got = append(got, f.Host)
		}
		slices.Sort(want)
		slices.Sort(got)
		if d := cmp.Diff(slices.Compact(want), slices.Compact(got)); len(want) == 0 || d != "" {
			t.Errorf("%s (-ldd +closure):\n%s", program, d)
		}
	}
}

// TestSearch: the order of the loader's folders.
func TestSearch(t *testing.T) {
	t.Parallel()
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"r", "run", "up", "conf", "none"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if name != "none" {
			if err := os.WriteFile(filepath.Join(dir, name, "libx.so"), self, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	in := func(names ...string) (list []string) {
		for _, n := range names {
			list = append(list, filepath.Join(dir, n))
		}
		return list
	}
	s := search{conf: in("none", "conf")}
	like, err := s.read("/proc/self/exe", nil)
	if err != nil {
		t.Fatal(err)
	}
	for want, by := range map[string]object{
		"r": {rpath: in("none", "r")}, "run": {rpath: in("r"), runpath: in("run")}, "up": {by: &object{rpath: in("up")}}, "conf": {by: &object{rpath: in("up"), runpath: in("run")}},
	} {
		by.class, by.machine = like.class, like.machine
		at, byConf, _, err := s.find("libx.so", &by)
		if err != nil || at != filepath.Join(dir, want, "libx.so") || byConf != (want == "conf") {
			t.Errorf("%s: %s %v %v", want, at, byConf, err)
		}
	}
	if _, _, _, err := s.find("liby.so", like); !errs.Is(err, errs.Unavailable) || !strings.Contains(err.Error(), "liby.so") {
		t.Error(err)
	}
	o := object{at: "/opt/x/bin/x"}
	if got := o.dirs([]string{"$ORIGIN/../lib:${ORIGIN}:relative:/a/$LIB", "/b"}); !slices.Equal(got, []string{"/opt/x/lib", "/opt/x/bin", "/b"}) {
		t.Error(got)
	}
}

// TestNode: the host's Node is found with what it needs, from packages.
func TestNode(t *testing.T) {
	t.Parallel()
	b, err := Node(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]File{}
	for _, f := range b.Files {
		names[f.Path] = f
	}
	if names[b.Program].Mode != 0o755 || names["/etc/passwd"].Text == "" || names["/etc/ssl/certs/ca-certificates.crt"].Host == "" || strings.Count(b.Version, ".") != 2 {
		t.Errorf("%+v", b)
	}
	if !slices.IsSortedFunc(b.Files, func(x, y File) int { return strings.Compare(x.Path, y.Path) }) || !b.Current() {
		t.Error("it is not in order, or not current")
	}
	if _, err := exec.LookPath("dpkg-query"); err == nil && !slices.ContainsFunc(b.Packages, func(p Package) bool {
		return strings.HasPrefix(p.Name, "libc6") && p.Version != "" && p.Architecture != "" && p.Distribution != ""
	}) {
		t.Errorf("packages: %+v", b.Packages)
	}
}

// TestNone: what is missing or is no program is told to who can mend it.
func TestNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := program(t.Context(), "node", []string{dir})
	if e := errs.Of(err); !errs.Is(err, errs.Unavailable) || !strings.Contains(e.Text, "this host has no node") || e.Next == "" {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "node"), []byte("#!/bin/sh\necho v1.2.3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err = program(t.Context(), "node", []string{dir}); !errs.Is(err, errs.Unavailable) || !strings.Contains(errs.Of(err).Text, "is no program") {
		t.Error(err)
	}
}

// TestChangedFiles: a base is found anew when a file of the host changed.
func TestChangedFiles(t *testing.T) {
	t.Parallel()
	at := filepath.Join(t.TempDir(), "lib")
	if err := os.WriteFile(at, []byte("one"), 0o644); err != nil {
		t.Fatal(err)
	}
	b := Base{Files: []File{{Path: "/lib/x", Host: at}}}
	var err error
	if b.print, err = fingerprint(b.Files); err != nil || !b.Current() {
		t.Fatal(err)
	}
	if err := os.WriteFile(at, []byte("other"), 0o644); err != nil || b.Current() {
		t.Errorf("it is current: %v", err)
	}
	if err := os.Remove(at); err != nil || b.Current() {
		t.Errorf("it is current: %v", err)
	}
}

// TestAside: what a program reads when it starts is in the image too.
func TestAside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/"
	for name, text := range map[string]string{"lexer.js": "js", "program": "\x7fELF\x00" + dir + "lexer.js\x00" + dir + "not-there.js\x00x" + dir + "\x00" + dir + "lexer.js"} {
		if err := os.WriteFile(dir+name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := aside(File{Path: "/usr/bin/node", Host: dir + "program"}, dir)
	if d := cmp.Diff([]File{{Path: dir + "lexer.js", Host: dir + "lexer.js", Mode: 0o644}}, got); err != nil || d != "" {
		t.Error(err, d)
	}
}
