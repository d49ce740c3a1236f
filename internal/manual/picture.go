package manual

import (
	"bytes"
	"strconv"

	"github.com/yuin/goldmark/ast"
)

// size is how large a picture is, in pixels; zero when that is not known.
type size struct{ width, height int }

// reserve keeps the place of a picture free until it comes, so that nothing
// moves below it, and lets it come no sooner than somebody is near. It is false
// when the size is not known.
func (s size) reserve(n *ast.Image) bool {
	if s.width == 0 || s.height == 0 {
		return false
	}
	n.SetAttributeString("width", []byte(strconv.Itoa(s.width)))
	n.SetAttributeString("height", []byte(strconv.Itoa(s.height)))
	n.SetAttributeString("loading", []byte("lazy"))
	return true
}

// webpSize reads the size of a picture in WebP's extended format, which is how
// pictures of pages are taken; zero of anything else. The format: RFC 9649,
// section 2.7.
func webpSize(file []byte) size {
	const head = 30
	if len(file) < head || !bytes.Equal(file[:4], []byte("RIFF")) || !bytes.Equal(file[8:16], []byte("WEBPVP8X")) {
		return size{}
	}
	lessOne := func(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
	return size{lessOne(file[24:]) + 1, lessOne(file[27:]) + 1}
}
