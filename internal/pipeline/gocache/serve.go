package gocache

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// request and response are cacheprog.Request and cacheprog.Response of cmd/go.
type request struct {
	ID       int64
	Command  string
	ActionID []byte
	OutputID []byte
	BodySize int64
}

type response struct {
	ID            int64
	Err           string     `json:",omitempty"`
	KnownCommands []string   `json:",omitempty"`
	Miss          bool       `json:",omitempty"`
	OutputID      []byte     `json:",omitempty"`
	Size          int64      `json:",omitempty"`
	Time          *time.Time `json:",omitempty"`
	DiskPath      string     `json:",omitempty"`
}

// serve answers until the other side is done: one after another, since what it
// does is to look up and write files.
func serve(own string, below []string, in io.Reader, out io.Writer) error {
	layers := []layer{layer(own)}
	for _, dir := range below {
		layers = append(layers, layer(dir))
	}
	from := bufio.NewReaderSize(in, 64<<10)
	to := json.NewEncoder(out)
	if err := to.Encode(response{KnownCommands: []string{"get", "put", "close"}}); err != nil {
		return err
	}
	for {
		r, err := next(from)
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		a := response{ID: r.ID}
		now := time.Now()
		switch r.Command {
		case "get":
			a.found(layers, r, now)
		case "put":
			var res result
			if res, err = keep(layers[0], r, from, now); err != nil {
				a.Err = err.Error()
			}
			a.DiskPath = res.path
		case "close":
			if err := layers[0].trim(now); err != nil {
				a.Err = err.Error()
			}
		default:
			a.Err = fmt.Sprintf("%q is not a command", r.Command)
		}
		if err := to.Encode(a); err != nil {
			return err
		}
		if r.Command == "close" {
			return nil
		}
	}
}

// found answers with the first layer's that has it.
func (a *response) found(layers []layer, r request, now time.Time) {
	a.Miss = true
	if !sound(r.ActionID) {
		return
	}
	for i, l := range layers {
		res, found := l.get(r.ActionID)
		if !found {
			continue
		}
		if i == 0 {
			l.mark(r.ActionID, res, now)
		}
		a.Miss, a.OutputID, a.Size, a.Time, a.DiskPath = false, res.output, res.size, &res.time, res.path
		return
	}
}

// next reads a request; its body, if there is one, comes after it.
func next(from *bufio.Reader) (r request, err error) {
	line, err := from.ReadBytes('\n')
	for err == nil && len(line) == 1 { // one stands after each request
		line, err = from.ReadBytes('\n')
	}
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(line, &r)
}

// keep reads the body of a request to its end, a JSON string of base64, and puts
// it into a layer.
func keep(l layer, r request, from *bufio.Reader, now time.Time) (res result, err error) {
	var body io.Reader = new(io.LimitedReader)
	if r.BodySize > 0 {
		if err := quote(from); err != nil {
			return res, err
		}
		rest := &io.LimitedReader{R: from, N: int64(base64.StdEncoding.EncodedLen(int(r.BodySize)))}
		body = base64.NewDecoder(base64.StdEncoding, rest)
		defer func() {
			_, e := io.Copy(io.Discard, rest)
			err = errors.Join(err, e, quote(from))
		}()
	}
	if !sound(r.ActionID) || !sound(r.OutputID) {
		return res, errors.New("an id is missing")
	}
	return l.put(r.ActionID, r.OutputID, r.BodySize, body, now)
}

// quote reads up to the next quotation mark.
func quote(from *bufio.Reader) error {
	for {
		b, err := from.ReadByte()
		if err != nil || b == '"' {
			return err
		}
		if b != '\n' {
			return fmt.Errorf("there is %q where a body begins or ends", b)
		}
	}
}
