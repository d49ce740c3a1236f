// Package mask hides secrets in what is written, also where one is written in
// pieces. It helps against accidents: who sets out to tell a secret in other
// words can.
package mask

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// Shortest is the length in bytes of what is hidden: what is shorter stands in
// many words.
const Shortest = 6

const stars = "***"

// Mask hides secrets in a stream. The zero Mask hides nothing. It is not safe
// for concurrent use.
type Mask struct {
	secrets []string // longest first
	first   [256]bool
	held    []byte // may be the beginning of a secret
}

// New hides secrets, each line of those that have several, and both as they
// stand in JSON. Less than [Shortest] is not hidden.
func New(secrets []string) *Mask {
	m := &Mask{}
	for _, s := range secrets {
		for _, part := range append(strings.Split(s, "\n"), s) {
			m.add(strings.TrimSpace(part))
			if raw, err := json.Marshal(part); err == nil {
				m.add(strings.TrimSpace(string(raw[1 : len(raw)-1])))
			}
		}
	}
	slices.SortFunc(m.secrets, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	m.secrets = slices.Compact(m.secrets)
	return m
}

func (m *Mask) add(s string) {
	if len(s) >= Shortest {
		m.secrets = append(m.secrets, s)
		m.first[s[0]] = true
	}
}

// Text is a whole text without the secrets.
func (m *Mask) Text(text string) string {
	if m == nil || len(m.secrets) == 0 {
		return text
	}
	shown, _ := m.hide([]byte(text), true)
	return string(shown)
}

// Next takes the next piece of the stream and returns what can be shown. What
// may be the beginning of a secret is held back until it is known.
func (m *Mask) Next(piece []byte) []byte {
	if m == nil || len(m.secrets) == 0 {
		return piece
	}
	text := append(m.held, piece...)
	// Most pieces have no secret: then only their end may begin one.
	from := 0
	if !slices.ContainsFunc(m.secrets, func(s string) bool { return bytes.Contains(text, []byte(s)) }) {
		from = max(0, len(text)-len(m.secrets[0]))
	}
	shown, held := m.hide(text[from:], false)
	m.held = slices.Clone(held)
	return append(text[:from:from], shown...)
}

// Rest is what was held back at the end of the stream. The greater part of a
// secret is hidden too.
func (m *Mask) Rest() []byte {
	if m == nil || len(m.held) == 0 {
		return nil
	}
	shown, _ := m.hide(m.held, true)
	m.held = nil
	return shown
}

// hide replaces secrets in a text. Unless the text has ended, an end that may
// begin a longer secret is returned as held.
func (m *Mask) hide(text []byte, ended bool) (shown, held []byte) {
	shown = make([]byte, 0, len(text))
	plain := 0 // where what is shown as it is begins
	for i := 0; i < len(text); {
		if !m.first[text[i]] {
			i++
			continue
		}
		n, begins := m.at(text[i:])
		if begins > 0 {
			if !ended {
				return append(shown, text[plain:i]...), text[i:]
			}
			if begins >= Shortest {
				n = begins // the text broke off within it
			}
		}
		if n == 0 {
			i++
			continue
		}
		shown = append(append(shown, text[plain:i]...), stars...)
		i += n
		plain = i
	}
	return append(shown, text[plain:]...), nil
}

// at returns the length of the longest secret that a text begins with, and the
// length of the text when the whole of it is the beginning of a longer one.
func (m *Mask) at(text []byte) (whole, begins int) {
	for _, s := range m.secrets {
		if len(s) > len(text) {
			if s[:len(text)] == string(text) {
				begins = len(text)
			}
		} else if string(text[:len(s)]) == s {
			return len(s), begins
		}
	}
	return 0, begins
}
