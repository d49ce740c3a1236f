package base

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// packages asks dpkg which packages the files come from. Without dpkg, or for
// files that it does not know, the answer has less.
func packages(ctx context.Context, files []File) []Package {
	var names []string
	for _, f := range files {
		// Packages name files as before or after /lib became /usr/lib.
		for _, at := range []string{f.Path, f.Host} {
			names = append(names, at, "/usr"+at, strings.TrimPrefix(at, "/usr"))
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	var owners []string
	for line := range bytes.Lines(query(ctx, append([]string{"--search"}, names...)...)) {
		// "libc6:amd64, libc6:i386: /usr/lib/..."
		if of, at, ok := strings.Cut(strings.TrimSpace(string(line)), ": "); ok && strings.HasPrefix(at, "/") && !strings.HasPrefix(of, "diversion by") {
			owners = append(owners, strings.Split(of, ", ")...)
		}
	}
	if len(owners) == 0 {
		return nil
	}
	slices.Sort(owners)
	owners = slices.Compact(owners)
	var list []Package
	system := distribution()
	for line := range bytes.Lines(query(ctx, append([]string{"--show", "--showformat=${Package} ${Version} ${Architecture}\\n"}, owners...)...)) {
		if f := strings.Fields(string(line)); len(f) == 3 {
			list = append(list, Package{Name: f[0], Version: f[1], Architecture: f[2], Distribution: system})
		}
	}
	return list
}

// query asks dpkg's database. It says what it knows also when it does not know
// all that it is asked.
func query(ctx context.Context, args ...string) []byte {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "dpkg-query", args...)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"}
	out, _ := cmd.Output()
	return out
}

// distribution names the host's system, such as "debian-12".
func distribution() string {
	text, _ := os.ReadFile("/etc/os-release")
	said := map[string]string{}
	for line := range bytes.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(string(line)), "="); ok {
			said[name] = strings.Trim(value, `"'`)
		}
	}
	return strings.Trim(said["ID"]+"-"+said["VERSION_ID"], "-")
}
