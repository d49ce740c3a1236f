package oci

import (
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/base/errs"
)

func (h *handler) getBlob(w http.ResponseWriter, r *http.Request, t target) {
	d, err := blob.Parse(t.reference)
	if err != nil {
		h.refuse(w, r, err, codes{digestInvalid, blobUnknown})
		return
	}
	f, _, err := h.Blob(t.repository, d)
	if err != nil {
		h.refuse(w, r, err, codes{digestInvalid, blobUnknown})
		return
	}
	defer f.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Docker-Content-Digest", string(d))
	w.Header().Set("Etag", `"`+string(d)+`"`)
	http.ServeContent(w, r, "", time.Time{}, f) // Range, If-None-Match
}

func (h *handler) deleteBlob(w http.ResponseWriter, r *http.Request, t target) {
	d, err := blob.Parse(t.reference)
	if err == nil {
		err = h.DeleteBlob(t.repository, d)
	}
	if err != nil {
		h.refuse(w, r, err, codes{digestInvalid, blobUnknown})
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

func (h *handler) getManifest(w http.ResponseWriter, r *http.Request, t target) {
	m, err := h.Manifest(t.repository, t.reference)
	if err != nil {
		h.refuse(w, r, err, codes{manifestInvalid, manifestUnknown})
		return
	}
	w.Header().Set("Content-Type", m.MediaType)
	w.Header().Set("Content-Length", strconv.Itoa(len(m.Body)))
	w.Header().Set("Docker-Content-Digest", string(m.Digest))
	w.Header().Set("Etag", `"`+string(m.Digest)+`"`)
	if r.Method == http.MethodGet {
		w.Write(m.Body)
	}
}

func (h *handler) putManifest(w http.ResponseWriter, r *http.Request, t target) {
	body, err := io.ReadAll(io.LimitReader(h.body(r), MaxManifest+1))
	var d, subject blob.Digest
	if err == nil {
		d, subject, err = h.PutManifest(t.repository, t.reference, r.Header.Get("Content-Type"), body)
	}
	if err != nil {
		h.refuse(w, r, err, codes{manifestInvalid, manifestUnknown})
		return
	}
	if subject != "" {
		w.Header().Set("OCI-Subject", string(subject))
	}
	w.Header().Set("Location", "/v2/"+t.repository+"/manifests/"+string(d))
	w.Header().Set("Docker-Content-Digest", string(d))
	w.WriteHeader(http.StatusCreated)
}

func (h *handler) deleteManifest(w http.ResponseWriter, r *http.Request, t target) {
	if err := h.DeleteManifest(t.repository, t.reference); err != nil {
		h.refuse(w, r, err, codes{manifestInvalid, manifestUnknown})
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

var uploadCodes = codes{blobUploadInvalid, blobUploadUnknown}

// beginUpload mounts a blob from another repository, takes a whole blob, or
// opens an upload.
func (h *handler) beginUpload(w http.ResponseWriter, r *http.Request, t target) {
	if t.reference != "" {
		fail(w, http.StatusMethodNotAllowed, unsupported, "POST is not supported on an upload")
		return
	}
	q := r.URL.Query()
	if d, err := blob.Parse(q.Get("mount")); err == nil && h.mount(r, t.repository, q.Get("from"), d) {
		created(w, t.repository, d)
		return
	}
	if q.Has("digest") {
		d, err := blob.Parse(q.Get("digest"))
		if err == nil {
			_, _, err = h.PutBlob(t.repository, h.body(r), d, h.limits.Blob)
		} else {
			err = errs.Because(errs.Invalid, blob.ErrDigest, "%s", errs.Of(err).Text)
		}
		if err != nil {
			h.refuse(w, r, err, uploadCodes)
			return
		}
		created(w, t.repository, d)
		return
	}
	id, err := h.blobs.Begin(t.repository)
	if err != nil {
		h.refuse(w, r, err, uploadCodes)
		return
	}
	received(w, http.StatusAccepted, t.repository, id, 0)
}

// mount reports whether d could be linked from another repository. Whether
// that has no such blob or is none of the caller's business looks the same from
// outside: the client is asked to send the bytes.
func (h *handler) mount(r *http.Request, repository, from string, d blob.Digest) bool {
	return CheckName(from) == nil && h.may(r, from, Pull) == nil && h.Mount(repository, from, d) == nil
}

func (h *handler) uploadState(w http.ResponseWriter, r *http.Request, t target) {
	size, err := h.blobs.Received(t.repository, t.reference)
	if err != nil {
		h.refuse(w, r, err, uploadCodes)
		return
	}
	received(w, http.StatusNoContent, t.repository, t.reference, size)
}

func (h *handler) patchUpload(w http.ResponseWriter, r *http.Request, t target) {
	size, err := h.appendChunk(r, t)
	if err != nil {
		h.refuse(w, r, err, uploadCodes)
		return
	}
	received(w, http.StatusAccepted, t.repository, t.reference, size)
}

// putUpload takes an optional last chunk and closes the upload.
func (h *handler) putUpload(w http.ResponseWriter, r *http.Request, t target) {
	d, err := blob.Parse(r.URL.Query().Get("digest"))
	if err != nil {
		h.refuse(w, r, err, codes{digestInvalid, blobUploadUnknown})
		return
	}
	if _, err = h.appendChunk(r, t); err == nil {
		_, err = h.blobs.Finish(t.repository, t.reference, d)
	}
	if err == nil {
		err = h.link(t.repository, "_blobs", d, "")
	}
	if err != nil {
		h.refuse(w, r, err, uploadCodes)
		return
	}
	created(w, t.repository, d)
}

func (h *handler) cancelUpload(w http.ResponseWriter, r *http.Request, t target) {
	if err := h.blobs.Cancel(t.repository, t.reference); err != nil {
		h.refuse(w, r, err, uploadCodes)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// appendChunk adds the request's body to the upload where Content-Range says.
func (h *handler) appendChunk(r *http.Request, t target) (int64, error) {
	c := blob.Chunk{Body: h.body(r), Start: -1, Size: -1, Limit: h.limits.Blob}
	if text := r.Header.Get("Content-Range"); text != "" {
		start, end, err := parseRange(text)
		if err != nil {
			return 0, err
		}
		c.Start, c.Size = start, end-start+1
	}
	size, err := h.blobs.Append(t.repository, t.reference, c)
	if errors.Is(err, blob.ErrTooLarge) {
		return size, errors.Join(err, h.blobs.Cancel(t.repository, t.reference))
	}
	return size, err
}

var rangePattern = regexp.MustCompile(`^(?:bytes[ =])?([0-9]{1,18})-([0-9]{1,18})(?:/(?:\*|[0-9]{1,18}))?$`)

// parseRange reads the Content-Range of a chunk: "<first>-<last>", both
// inclusive, as the specification has it, or the HTTP form with "bytes".
func parseRange(s string) (first, last int64, err error) {
	m := rangePattern.FindStringSubmatch(s)
	if m == nil {
		return 0, 0, errs.New(errs.Invalid, "Content-Range %.60q is not <first>-<last>", s)
	}
	first, _ = strconv.ParseInt(m[1], 10, 64)
	last, _ = strconv.ParseInt(m[2], 10, 64)
	if last < first {
		return 0, 0, errs.New(errs.Invalid, "Content-Range %.60q ends before it begins", s)
	}
	return first, last, nil
}

// body returns the request's body; when it breaks off, that is the sender's
// error and not ours.
func (h *handler) body(r *http.Request) io.Reader { return sent{r.Body} }

type sent struct{ r io.Reader }

func (s sent) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		err = errs.Because(errs.Invalid, err, "the request broke off before its end").Do("ask for the state of the upload and go on from there")
	}
	return n, err
}

func created(w http.ResponseWriter, repository string, d blob.Digest) {
	w.Header().Set("Location", "/v2/"+repository+"/blobs/"+string(d))
	w.Header().Set("Docker-Content-Digest", string(d))
	w.WriteHeader(http.StatusCreated)
}

// received tells where the upload goes on and what of it has arrived. For
// nothing the Range is 0-0 too, as every registry answers and clients expect.
func received(w http.ResponseWriter, status int, repository, id string, size int64) {
	w.Header().Set("Location", "/v2/"+repository+"/blobs/uploads/"+id)
	w.Header().Set("Docker-Upload-UUID", id)
	w.Header().Set("Range", "0-"+strconv.FormatInt(max(size-1, 0), 10))
	w.WriteHeader(status)
}
