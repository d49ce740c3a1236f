package blob_test

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/base/errs"
)

func open(t *testing.T) (*blob.Store, *os.Root) {
	t.Helper()
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	s, err := blob.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	return s, root
}

func file(d blob.Digest) string {
	return "blobs/" + d.Algorithm() + "/" + d.Hex()[:2] + "/" + d.Hex()
}

func nothingLeft(t *testing.T, root *os.Root) {
	t.Helper()
	left, err := fs.ReadDir(root.FS(), "uploads")
	if err != nil || len(left) != 0 {
		t.Fatalf("left in uploads: %v %v", left, err)
	}
}

func of512(s string) blob.Digest {
	sum := sha512.Sum512([]byte(s))
	return blob.Digest("sha512:" + hex.EncodeToString(sum[:]))
}

func TestPut(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	for _, want := range []blob.Digest{"", blob.Of([]byte("content")), of512("content")} {
		d, size, err := s.Put(strings.NewReader("content"), want, 7)
		if err != nil || size != 7 || want != "" && d != want {
			t.Fatalf("%s: %s %d %v", want, d, size, err)
		}
		got, err := s.Read(d, 7)
		if err != nil || string(got) != "content" {
			t.Fatalf("read back %q %v", got, err)
		}
		if err := s.Check(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	nothingLeft(t, root)
}

// Content that is wrong, too large or breaks off is not there afterwards.
func TestPutRefuses(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	right := blob.Of([]byte("content"))
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		r     io.Reader
		want  blob.Digest
		cause error
	}{
		"other content": {strings.NewReader("CONTENT"), right, blob.ErrDigest},
		"other sha512":  {strings.NewReader("CONTENT"), of512("content"), blob.ErrDigest},
		"too large":     {strings.NewReader("content and more"), "", blob.ErrTooLarge},
		"breaks off":    {io.MultiReader(strings.NewReader("cont"), iotest.ErrReader(broken)), right, broken},
	} {
		if _, _, err := s.Put(c.r, c.want, 7); !errors.Is(err, c.cause) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := s.PutFunc(7, func(w io.Writer) error {
		_, err := io.WriteString(w, "content and more")
		return err
	}); !errors.Is(err, blob.ErrTooLarge) {
		t.Errorf("written too large: %v", err)
	}
	nothingLeft(t, root)
	if err := s.Each(func(d blob.Digest, _ int64, _ time.Time) error { return errors.New(string(d)) }); err != nil {
		t.Errorf("stored %v", err)
	}
	if _, err := s.Size(right); !errs.Is(err, errs.NotFound) {
		t.Errorf("size of nothing: %v", err)
	}
}

// Changed content is noticed by every reader that acts on it, and mended by
// putting it again.
func TestChangedContent(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	d, _, err := s.Put(strings.NewReader("content"), "", 7)
	if err != nil {
		t.Fatal(err)
	}
	for _, now := range []string{"CONTENT", "conten", "content ", ""} {
		if err := root.WriteFile(file(d), []byte(now), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Read(d, 100); !errs.Is(err, errs.Denied) || !errors.Is(err, blob.ErrDigest) {
			t.Errorf("read of %q: %v", now, err)
		}
		if err := s.Check(t.Context(), d); !errs.Is(err, errs.Denied) || !errors.Is(err, blob.ErrDigest) {
			t.Errorf("check of %q: %v", now, err)
		}
	}
	if _, _, err := s.Put(strings.NewReader("content"), d, 7); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Check(ctx, d); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	h := strings.Repeat("ab", 32)
	for _, good := range []string{"sha256:" + h, "sha512:" + h + h} {
		if d, err := blob.Parse(good); err != nil || string(d) != good {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", h, "sha256", "sha256:", "sha256:" + h + "0", "sha256:" + h[1:], "sha512:" + h, "sha256:" + strings.ToUpper(h),
		"sha256:../" + h[3:], "md5:" + h[:32], "sha256:" + h[:63] + "\n", "SHA256:" + h} {
		if _, err := blob.Parse(bad); !errs.Is(err, errs.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("sha256:" + strings.Repeat("ab", 32))
	f.Add("sha512:../../x")
	f.Fuzz(func(t *testing.T, s string) {
		d, err := blob.Parse(s)
		if err == nil && (string(d) != s || !filepath.IsLocal(file(d)) || filepath.Clean(file(d)) != file(d)) {
			t.Fatalf("accepted %q", s)
		}
	})
}

// An upload goes on where it stopped, whatever cut it into pieces, also after a
// restart.
func TestUploadResumes(t *testing.T) {
	t.Parallel()
	seed := uint64(20261122)
	r := rand.New(rand.NewPCG(seed, 1))
	for range 30 {
		s, root := open(t)
		content := make([]byte, r.IntN(5000))
		for i := range content {
			content[i] = byte(r.Uint32())
		}
		id, err := s.Begin("app")
		if err != nil {
			t.Fatal(err)
		}
		for at := int64(0); at < int64(len(content)); {
			n := min(1+r.Int64N(2000), int64(len(content))-at)
			c := blob.Chunk{Body: bytes.NewReader(content[at : at+n]), Start: at, Size: n, Limit: 5000}
			switch r.IntN(4) {
			case 0: // breaks off
				c.Body = io.MultiReader(bytes.NewReader(content[at:at+n/2]), iotest.ErrReader(io.ErrUnexpectedEOF))
			case 1: // at the wrong place
				c.Start++
			case 2: // restart
				if s, err = blob.Open(root); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := s.Append("app", id, c); err == nil && c.Start != at {
				t.Fatalf("a chunk at %d was taken at %d", c.Start, at)
			}
			if at, err = s.Received("app", id); err != nil {
				t.Fatal(err)
			}
		}
		d := blob.Of(content)
		if _, err := s.Finish("app", id, d); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Read(d, 5000); err != nil || !bytes.Equal(got, content) {
			t.Fatalf("seed %d: other content: %v", seed, err)
		}
		nothingLeft(t, root)
	}
}

func TestUploadBelongsToItsScope(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	id, err := s.Begin("app")
	if err != nil {
		t.Fatal(err)
	}
	for scope, id := range map[string]string{"another": id, "app": "../../signing.key"} {
		_, received := s.Received(scope, id)
		_, appended := s.Append(scope, id, blob.Chunk{Body: strings.NewReader("x"), Start: -1, Size: -1, Limit: 9})
		_, finished := s.Finish(scope, id, blob.Of(nil))
		for _, err := range []error{received, appended, finished, s.Cancel(scope, id)} {
			if !errs.Is(err, errs.NotFound) {
				t.Errorf("%s of %s: %v", id, scope, err)
			}
		}
	}
}

// Two requests never write to one upload at once.
func TestUploadHasOneWriter(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	id, err := s.Begin("app")
	if err != nil {
		t.Fatal(err)
	}
	body, feed := io.Pipe()
	var writer sync.WaitGroup
	writer.Go(func() {
		if _, err := s.Append("app", id, blob.Chunk{Body: body, Start: -1, Size: -1, Limit: 99}); err != nil {
			t.Error(err)
		}
	})
	io.WriteString(feed, "first") // returns when the writer has begun to read
	if _, err := s.Append("app", id, blob.Chunk{Body: strings.NewReader("second"), Start: -1, Size: -1, Limit: 99}); !errs.Is(err, errs.Conflict) {
		t.Errorf("a second writer: %v", err)
	}
	if err := s.Cancel("app", id); !errs.Is(err, errs.Conflict) {
		t.Errorf("cancelled under a writer: %v", err)
	}
	feed.Close()
	writer.Wait()
	if _, err := s.Finish("app", id, blob.Of([]byte("first"))); err != nil {
		t.Fatal(err)
	}
}

func TestExpire(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	id, err := s.Begin("app")
	if err != nil {
		t.Fatal(err)
	}
	if err := root.WriteFile("uploads/write-left-by-a-crash", []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Expire(time.Now().Add(-time.Hour)); n != 0 || err != nil {
		t.Fatalf("young ones expired: %d %v", n, err)
	}
	if n, err := s.Expire(time.Now().Add(time.Hour)); n != 2 || err != nil {
		t.Fatalf("expired %d, %v", n, err)
	}
	if _, err := s.Received("app", id); !errs.Is(err, errs.NotFound) {
		t.Fatal(err)
	}
}

func TestWriteAndCreate(t *testing.T) {
	t.Parallel()
	_, root := open(t)
	if err := blob.Write(root, "a/b/c", []byte("1")); err != nil {
		t.Fatal(err)
	}
	if err := blob.Write(root, "a/b/c", []byte("2")); err != nil {
		t.Fatal(err)
	}
	if err := blob.Create(root, "a/b/c", []byte("3")); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("created over a file: %v", err)
	}
	if got, err := root.ReadFile("a/b/c"); err != nil || string(got) != "2" {
		t.Fatalf("%q %v", got, err)
	}
	if err := blob.Write(root, "../x", nil); err == nil {
		t.Fatal("wrote outside of the root")
	}
	nothingLeft(t, root)
}
