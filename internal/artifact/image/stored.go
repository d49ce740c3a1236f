package image

import (
	"encoding/binary"
	"hash"
	"hash/crc32"
	"io"
)

// A layer is gzip (RFC 1952) whose deflate blocks are all "stored" (RFC 1951,
// 3.2.4): valid to every reader, and a function of the content alone. What a
// compressor makes of the same content changes with its release. A plain tar
// layer would do as well, but tools that copy images (skopeo) compress those on
// the way, which changes the digest and so loses the signatures.
//
// All blocks but the last are full, so that the place of every byte is known.
const (
	storedHead  = 10    // bytes of the gzip header
	storedBlock = 65535 // bytes of content in a block
	blockHead   = 5     // bytes before the content of a block
)

// storer writes content as stored gzip.
type storer struct {
	w    io.Writer
	sum  hash.Hash32
	size uint32 // of the content, modulo 2^32 as the trailer has it
	part []byte // of the block being filled, behind room for its head
}

func newStorer(w io.Writer) (*storer, error) {
	_, err := w.Write([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}) // deflate, no name, no time, system unknown
	return &storer{w: w, sum: crc32.NewIEEE(), part: make([]byte, blockHead, blockHead+storedBlock)}, err
}

func (s *storer) Write(p []byte) (int, error) {
	s.sum.Write(p)
	s.size += uint32(len(p))
	for rest := p; len(rest) > 0; {
		n := min(len(rest), cap(s.part)-len(s.part))
		s.part, rest = append(s.part, rest[:n]...), rest[n:]
		if len(s.part) == cap(s.part) {
			if err := s.block(0); err != nil {
				return 0, err
			}
		}
	}
	return len(p), nil
}

// block writes the block filled so far; final is 1 for the last.
func (s *storer) block(final byte) error {
	n := uint16(len(s.part) - blockHead)
	s.part[0] = final
	binary.LittleEndian.PutUint16(s.part[1:], n)
	binary.LittleEndian.PutUint16(s.part[3:], ^n)
	_, err := s.w.Write(s.part)
	s.part = s.part[:blockHead]
	return err
}

// Close writes the last block and the trailer. The writer below stays open.
func (s *storer) Close() error {
	if err := s.block(1); err != nil {
		return err
	}
	var trailer [8]byte
	binary.LittleEndian.PutUint32(trailer[:], s.sum.Sum32())
	binary.LittleEndian.PutUint32(trailer[4:], s.size)
	_, err := s.w.Write(trailer[:])
	return err
}

// storedAt reads content, by its offset, out of stored gzip.
type storedAt struct{ r io.ReaderAt }

func (s storedAt) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) && err == nil {
		at := off + int64(n)
		block, within := at/storedBlock, at%storedBlock
		part := p[n:min(len(p), n+int(storedBlock-within))]
		var k int
		k, err = s.r.ReadAt(part, storedHead+block*(storedBlock+blockHead)+blockHead+within)
		n += k
	}
	if n == len(p) {
		err = nil
	}
	return n, err
}
