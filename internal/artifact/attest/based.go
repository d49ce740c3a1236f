package attest

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// Base is what an image stands on that has no program of its own.
type Base struct {
	Name, Version string // of the program, such as node
	Packages      []SystemPackage
}

// SystemPackage is a package of Debian, or a system made from it, that a base's
// files come from.
type SystemPackage struct {
	Name, Version, Architecture string
	Distribution                string // such as "debian-12"
}

// PURL is the package URL of a base's program.
func (b Base) PURL() string { return "pkg:generic/" + escape(b.Name) + "@" + escape(b.Version) }

// BasedSBOM returns the bill of materials of a program that stands on a base: the
// base, the system's packages that it comes from, and the packages from npm. It is
// a function of these alone.
func BasedSBOM(p Program, b Base, npm []NodePackage) (json.RawMessage, error) {
	parts := []cdx.Component{{BOMRef: b.PURL(), Type: cdx.ComponentTypePlatform, Name: b.Name, Version: b.Version, PackageURL: b.PURL(), Scope: cdx.ScopeRequired}}
	for _, s := range b.Packages {
		system, _, _ := strings.Cut(s.Distribution, "-")
		ref := "pkg:deb/" + escape(cmp.Or(system, "debian")) + "/" + escape(s.Name) + "@" + escape(s.Version) + "?arch=" + escape(s.Architecture) + "&distro=" + escape(s.Distribution)
		parts = append(parts, cdx.Component{BOMRef: ref, Type: cdx.ComponentTypeLibrary, Name: s.Name, Version: s.Version, PackageURL: ref, Scope: cdx.ScopeRequired})
	}
	for _, n := range npm {
		ref := "pkg:npm/" + escape(n.Name) + "@" + escape(n.Version)
		c := cdx.Component{BOMRef: ref, Type: cdx.ComponentTypeLibrary, Name: n.Name, Version: n.Version, PackageURL: ref, Scope: cdx.ScopeRequired}
		if n.SHA512 != "" {
			c.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA512, Value: n.SHA512}}
		}
		parts = append(parts, c)
	}
	slices.SortFunc(parts, func(x, y cdx.Component) int { return cmp.Compare(x.BOMRef, y.BOMRef) })
	return p.bill(p.component(), parts)
}
