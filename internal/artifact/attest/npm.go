package attest

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/base/errs"
)

// NodeLock is the file by which npm fixes the versions of packages.
const NodeLock = "package-lock.json"

// LargestNodeFile is how large a file may be that packages are read from, in bytes.
const LargestNodeFile = 32 << 20

// modulesFolder is where npm installs packages.
const modulesFolder = "node_modules/"

// NodePackage is a package from npm.
type NodePackage struct {
	Name, Version string
	SHA512        string // of what was installed, in hex; "" when the lock does not say
}

// NodeFiles are the files that tell which packages a program for Node has: its
// lock, and what each package that is installed says of itself.
type NodeFiles struct {
	Lock      []byte
	installed map[string][]byte // by the package's folder
}

// Wants reports whether a file of the program, by its path, is to be added.
func (f *NodeFiles) Wants(name string) bool {
	if name == NodeLock {
		return true
	}
	dir, base := path.Split(name)
	i := strings.LastIndex("/"+dir, "/"+modulesFolder)
	if base != "package.json" || i < 0 {
		return false
	}
	of := strings.TrimSuffix(dir[i+len(modulesFolder):], "/")
	depth, scoped := strings.Count(of, "/"), strings.HasPrefix(of, "@")
	return of != "" && (depth == 0 && !scoped || depth == 1 && scoped)
}

// Add takes the content of a file that it wants.
func (f *NodeFiles) Add(name string, content []byte) {
	if name == NodeLock {
		f.Lock = content
		return
	}
	if f.installed == nil {
		f.installed = map[string][]byte{}
	}
	f.installed[path.Dir(name)] = content
}

// locked is a package in a lock: of version 2 or 3 by its folder, of version 1
// within the one that needs it.
type locked struct {
	Name      string `json:"name"` // only when the folder has another
	Version   string `json:"version"`
	Integrity string `json:"integrity"`
	Dev       bool   `json:"dev"`
	Link      bool   `json:"link"`
}

// List returns the packages by name and version, each once: those that are
// installed, or, when none are, because the program was bundled, those of the
// lock that are not for developing only.
func (f *NodeFiles) List() ([]NodePackage, error) {
	lock := map[string]locked{}
	if len(f.Lock) > 0 {
		var err error
		if lock, err = readLock(f.Lock); err != nil {
			return nil, errs.Because(errs.Invalid, err, "%s cannot be read for the SBOM: %v", NodeLock, err).Do("write it again: npm install --package-lock-only")
		}
	}
	list := []NodePackage{}
	for dir, l := range lock {
		_, installed := f.installed[dir]
		if l.Link || dir == "" || !installed && (len(f.installed) > 0 || l.Dev) {
			continue
		}
		list = append(list, NodePackage{Name: cmp.Or(l.Name, nameOf(dir)), Version: l.Version, SHA512: l.sha512()})
	}
	for dir, text := range f.installed {
		if _, known := lock[dir]; known {
			continue
		}
		var said struct{ Name, Version string }
		if err := json.Unmarshal(text, &said); err != nil {
			return nil, errs.Because(errs.Invalid, err, "%s/package.json cannot be read for the SBOM: %v", dir, err)
		}
		if said.Version != "" { // else it is a folder of a package, and none itself
			list = append(list, NodePackage{Name: cmp.Or(said.Name, nameOf(dir)), Version: said.Version})
		}
	}
	slices.SortFunc(list, func(a, b NodePackage) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version), cmp.Compare(b.SHA512, a.SHA512))
	})
	return slices.CompactFunc(list, func(a, b NodePackage) bool { return a.Name == b.Name && a.Version == b.Version }), nil
}

// nameOf is the package that is installed in a folder.
func nameOf(dir string) string {
	dir = "/" + dir
	if i := strings.LastIndex(dir, "/"+modulesFolder); i >= 0 {
		return dir[i+1+len(modulesFolder):]
	}
	return path.Base(dir)
}

// readLock returns the packages of a lock by their folders.
func readLock(text []byte) (map[string]locked, error) {
	type nested struct {
		locked
		Dependencies map[string]json.RawMessage `json:"dependencies"`
	}
	var file struct {
		Packages     map[string]locked          `json:"packages"`
		Dependencies map[string]json.RawMessage `json:"dependencies"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	if file.Packages != nil {
		return file.Packages, nil
	}
	all := map[string]locked{}
	type level struct {
		at   string
		list map[string]json.RawMessage
	}
	for queue := []level{{"", file.Dependencies}}; len(queue) > 0; queue = queue[1:] {
		for name, raw := range queue[0].list {
			var n nested
			if err := json.Unmarshal(raw, &n); err != nil {
				return nil, err
			}
			at := queue[0].at + modulesFolder + name
			all[at] = n.locked
			queue = append(queue, level{at + "/", n.Dependencies})
		}
	}
	return all, nil
}

// sha512 reads "sha512-<base64>", which may stand among others.
func (l locked) sha512() string {
	for _, one := range strings.Fields(l.Integrity) {
		if text, ok := strings.CutPrefix(one, "sha512-"); ok {
			if sum, err := base64.StdEncoding.DecodeString(text); err == nil && len(sum) == 64 {
				return hex.EncodeToString(sum)
			}
		}
	}
	return ""
}
