// Package web serves the browser's interface that is built from this folder
// and embedded into the program by the build tag ui.
//
// Each page is sent with a content security policy that allows nothing inline
// and nothing from elsewhere, except style elements that carry the nonce made
// for this very answer. Files under assets/ are named by their content and may
// be kept for ever; everything else is asked for again each time.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

// nonceMarker stands in the built index.html wherever the nonce belongs; the
// same word is in vite.config.ts.
const nonceMarker = "FACTORY_CSP_NONCE"

// Handler serves the interface: a file where one has the path's name, else the
// page itself, for its router knows what the path means. With nil files it
// serves a page that says how to build the interface.
func Handler(files fs.FS) (http.Handler, error) {
	if files == nil {
		return http.HandlerFunc(unbuilt), nil
	}
	s := &site{files: map[string]file{}}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(name, ".") {
			return err
		}
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		s.files[name] = newFile(name, body)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the interface: %w", err)
	}
	page, ok := s.files["index.html"]
	if !ok {
		return nil, errors.New("the interface has no index.html: run `npm run build` in web/")
	}
	s.page = page.body
	delete(s.files, "index.html")
	return s, nil
}

type site struct {
	page  []byte
	files map[string]file
}

type file struct {
	body, small []byte // small is gzipped; nil when that gains nothing
	kind        string
	lasting     bool // the name holds a hash of the content
}

func newFile(name string, body []byte) file {
	f := file{body: body, kind: mime.TypeByExtension(path.Ext(name)), lasting: strings.HasPrefix(name, "assets/")}
	switch path.Ext(name) {
	case ".js":
		f.kind = "text/javascript; charset=utf-8"
	case ".woff2":
		f.kind = "font/woff2"
	case "":
		f.kind = "text/plain; charset=utf-8"
	}
	if small := squeeze(body); len(small) < len(body)*9/10 {
		f.small = small
	}
	return f
}

func squeeze(body []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(body)
	if err := errors.Join(err, w.Close()); err != nil {
		return body // a buffer does not fail
	}
	return out.Bytes()
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the interface is only read; changes go to /api", http.StatusMethodNotAllowed)
		return
	}
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	f, ok := s.files[name]
	switch {
	case ok:
		s.send(w, r, f)
	case strings.HasPrefix(name, "assets/"):
		// A page of an older build asks for what is gone: a page in its place would be read as a script.
		http.Error(w, "this file belongs to another build; load the page again", http.StatusNotFound)
	default:
		nonce := rand.Text()
		h.Set("Content-Security-Policy", policy(nonce))
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Type", "text/html; charset=utf-8")
		write(w, r, bytes.ReplaceAll(s.page, []byte(nonceMarker), []byte(nonce)))
	}
}

func (s *site) send(w http.ResponseWriter, r *http.Request, f file) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "no-cache")
	if f.lasting {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	body := f.body
	if f.small != nil {
		h.Set("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			body = f.small
		}
	}
	write(w, r, body)
}

func write(w http.ResponseWriter, r *http.Request, body []byte) {
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // the reader has gone; there is nobody to tell
}

func policy(nonce string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-" + nonce + "'; img-src 'self' data:; font-src 'self'; " +
		"connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}

const unbuiltPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Digital Factory: interface not built</title>
<h1>This program was built without its interface</h1>
<p>The API and the command line are complete. To have the pages too, build them and then the program:</p>
<pre>cd web &amp;&amp; npm ci &amp;&amp; npm run build
go build -tags ui ./cmd/factory</pre>
<p><code>make build</code> does both.</p>
</html>
`

func unbuilt(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	write(w, r, []byte(unbuiltPage))
}
