package attest

import (
	"bytes"
	"cmp"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/uuid"

	"github.com/digital-factory/factory/internal/artifact/blob"
)

// Program is what an SBOM describes.
type Program struct {
	Name     string
	Version  string
	Artifact blob.Digest // the image it is in
	Hash     blob.Digest // of the executable, or of the layer with the files on a base
	Binary   io.ReaderAt // nil on a base
}

// SBOM returns the bill of materials of the program as CycloneDX 1.6 JSON: for
// a Go binary its main module, the modules linked in and the standard library;
// for any other the executable alone. It is a function of the program: no clock
// and no random identifier goes in.
func SBOM(p Program) (json.RawMessage, error) {
	main := p.component()
	parts := []cdx.Component{}
	if info := buildInfo(p.Binary); info != nil {
		if info.Main.Path != "" {
			main.BOMRef = golang(info.Main.Path, p.Version)
			main.PackageURL = main.BOMRef
		}
		parts = modules(info)
	}
	return p.bill(main, parts)
}

// component is the program itself.
func (p Program) component() cdx.Component {
	hashes := &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: p.Hash.Hex()}}
	main := cdx.Component{Type: cdx.ComponentTypeApplication, Name: p.Name, Version: p.Version, Hashes: hashes}
	main.BOMRef = "pkg:generic/" + escape(p.Name) + "@" + escape(p.Version)
	main.PackageURL = main.BOMRef
	return main
}

// bill writes the document of a program and its parts.
func (p Program) bill(main cdx.Component, parts []cdx.Component) (json.RawMessage, error) {
	needs := []string{}
	for _, c := range parts {
		needs = append(needs, c.BOMRef)
	}
	deps := []cdx.Dependency{{Ref: main.BOMRef, Dependencies: &needs}}

	bom := cdx.NewBOM()
	bom.SerialNumber = uuid.NewSHA1(uuid.NameSpaceOID, []byte(p.Artifact)).URN()
	bom.Metadata = &cdx.Metadata{
		Component: &main,
		Tools:     &cdx.ToolsChoice{Components: &[]cdx.Component{{Type: cdx.ComponentTypeApplication, Name: "factory"}}},
	}
	bom.Components = &parts
	bom.Dependencies = &deps
	var out bytes.Buffer
	if err := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).EncodeVersion(bom, cdx.SpecVersion1_6); err != nil {
		return nil, fmt.Errorf("write the SBOM of %s: %w", p.Name, err)
	}
	return json.RawMessage(bytes.TrimSpace(out.Bytes())), nil
}

// modules are the parts of a Go binary, in the order of their names.
func modules(info *debug.BuildInfo) []cdx.Component {
	var parts []cdx.Component
	add := func(path, version string) {
		ref := golang(path, version)
		parts = append(parts, cdx.Component{
			BOMRef: ref, Type: cdx.ComponentTypeLibrary, Name: path, Version: version,
			PackageURL: ref, Scope: cdx.ScopeRequired,
		})
	}
	if version, ok := strings.CutPrefix(info.GoVersion, "go"); ok {
		version, _, _ = strings.Cut(version, " ") // "1.26.8 X:experiment"
		add("stdlib", version)
	}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace // what was really linked in
		}
		add(m.Path, m.Version)
	}
	slices.SortFunc(parts, func(a, b cdx.Component) int { return cmp.Compare(a.BOMRef, b.BOMRef) })
	return slices.CompactFunc(parts, func(a, b cdx.Component) bool { return a.BOMRef == b.BOMRef })
}

// buildInfo returns what the Go linker wrote into the binary, or nil for other
// content. The packages that read executables do not promise to withstand a
// hostile one, and the binary is a stranger's; hence the recover.
func buildInfo(binary io.ReaderAt) (info *debug.BuildInfo) {
	defer func() {
		if recover() != nil {
			info = nil
		}
	}()
	info, err := buildinfo.Read(binary)
	if err != nil {
		return nil
	}
	return info
}

// golang returns the package URL of a module.
func golang(path, version string) string {
	if version == "" {
		return "pkg:golang/" + escape(path)
	}
	return "pkg:golang/" + escape(path) + "@" + escape(version)
}

// escape percent-encodes all but what the package URL specification leaves as
// it is; slashes separate parts of a module's path.
func escape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~/:", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
