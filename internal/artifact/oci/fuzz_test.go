package oci

import (
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/base/errs"
)

// A manifest that is accepted has only digests that are digests.
func FuzzParseManifest(f *testing.F) {
	f.Add(ImageManifest, []byte(`{"schemaVersion":2,"config":{"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2}}`))
	f.Add(ImageIndex, []byte(`{"schemaVersion":2,"manifests":[{"digest":"sha256:../x","size":-1}],"subject":{}}`))
	f.Add(dockerList, []byte(`{"schemaVersion":2,"Manifests":null,"layers":[]}`))
	f.Fuzz(func(t *testing.T, mediaType string, body []byte) {
		m, err := ParseManifest(mediaType, body)
		if err != nil {
			if !errs.Is(err, errs.Invalid) {
				t.Fatalf("not classified: %v", err)
			}
			return
		}
		for _, d := range m.all() {
			if _, err := blob.Parse(string(d.Digest)); err != nil || d.Size < 0 {
				t.Fatalf("accepted %+v", d)
			}
		}
		if (m.Config != nil) == (mediaType == ImageIndex || mediaType == dockerList) {
			t.Fatalf("accepted %s as %q", body, mediaType)
		}
	})
}

// A range that is accepted is one: not negative, not backward, no overflow.
func FuzzParseRange(f *testing.F) {
	for _, s := range []string{"0-9", "bytes 0-9/10", "bytes=5-5", "9-0", "-1-2", "0-99999999999999999999", "0-9/*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		first, last, err := parseRange(s)
		if err == nil && (first < 0 || last < first || last-first+1 <= 0) {
			t.Fatalf("%q is %d-%d", s, first, last)
		}
	})
}

// A name or tag that is accepted stays below its folder and meets none of ours.
func FuzzCheckName(f *testing.F) {
	for _, s := range []string{"a", "a/b-c__d.e", "..", "a/../b", "_tags", "a/_blobs", "a//b", "/a", "a/", "A", "a\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if CheckName(s) == nil {
			if !filepath.IsLocal(s) || path.Clean(s) != s || len(s) > 255 {
				t.Fatalf("accepted the name %q", s)
			}
			for part := range strings.SplitSeq(s, "/") {
				if part == "" || part[0] == '_' || part[0] == '.' {
					t.Fatalf("accepted the name %q", s)
				}
			}
		}
		if CheckTag(s) == nil && (!filepath.IsLocal(s) || strings.ContainsAny(s, "/:\x00") || isDigest(s)) {
			t.Fatalf("accepted the tag %q", s)
		}
		if Immutable(s) && CheckTag(s) != nil && len(s) <= 128 && !strings.Contains(s, "+") {
			t.Fatalf("%q is a version and no tag", s)
		}
	})
}

// A path names one target or none, and what it names is what was written.
func FuzzParsePath(f *testing.F) {
	for _, s := range []string{"", "_catalog", "a/blobs/uploads/", "a/blobs/uploads/x", "a/manifests/b", "a/tags/list", "a/referrers/sha256:x", "blobs/uploads/x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, ok := parse(s)
		if ok && p.repository != "" && (!strings.HasPrefix(s, p.repository+"/") || !strings.HasSuffix(s, p.reference) && p.kind != "tags") {
			t.Fatalf("%q is %+v", s, p)
		}
		if p.action("GET") == "" || p.action("DELETE") == Pull {
			t.Fatalf("%+v asks for nothing", p)
		}
	})
}
