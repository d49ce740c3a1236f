package input

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Values are what was given, by the input's name, as text: true, 3, eu.
type Values map[string]string

// Given checks what somebody who starts a run by hand gave, each a text or a JSON
// value of the input's own type, and completes it with the defaults. Every error
// names the input, what it got and what it takes.
func (all Inputs) Given(given map[string]any) (Values, error) {
	values, bad := all.read(given)
	for _, in := range all.List() {
		// A text may be empty where the file says so by its default.
		if v, ok := values[in.Name]; in.Default == nil && (!ok || v == "") && !wrong(bad, in.Name) {
			bad.In(place(in.Name), "is needed: %s", in.takes())
		}
	}
	return all.Complete(values), failed(bad)
}

// Offered checks what was given where no person must be asked: what is left out
// is as in a run of a push.
func (all Inputs) Offered(given map[string]any) (Values, error) {
	values, bad := all.read(given)
	return all.Complete(values), failed(bad)
}

// Complete returns a value for each input: the one that there is, else the
// default, else the empty text. Values of others are left out.
func (all Inputs) Complete(values Values) Values {
	whole := Values{}
	for name, in := range all {
		if v, ok := values[name]; ok {
			whole[name] = v
		} else if in.Default != nil {
			whole[name] = string(*in.Default)
		} else {
			whole[name] = ""
		}
	}
	return whole
}

func (all Inputs) read(given map[string]any) (Values, *errs.Error) {
	bad := errs.New(errs.Invalid, "the run cannot be started with these inputs")
	values := Values{}
	if len(given) > Most {
		return values, bad.In("inputs", "gives %d inputs; at most %d", len(given), Most)
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		in, known := all[name]
		if !known {
			text := "the pipeline file has no inputs"
			if len(all) > 0 {
				text = "the pipeline file has the inputs " + all.names()
			}
			bad.In(place(name), "there is no input %s; %s", quote(name), text)
			continue
		}
		text, ok := in.text(given[name])
		if !ok {
			bad.In(place(name), "takes %s; got %s", in.takes(), got(given[name]))
			continue
		}
		if in.Type == Text || text != "" || in.Default != nil { // else it is told as needed
			if why := in.refuses(text); why != "" {
				bad.In(place(name), "%s", why)
			}
		}
		values[name] = text
	}
	return values, bad
}

// text writes a value as a variable has it; false when it is none of the type's.
func (in Input) text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), in.Type == Boolean
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), in.Type == Number
	}
	return "", false
}

// takes says what an input takes.
func (in Input) takes() string {
	switch in.Type {
	case Boolean:
		return "true or false"
	case Number:
		return "a number"
	case Choice:
		return "one of " + in.listed()
	}
	return "a text"
}

// Encoded writes values as they are kept.
func (v Values) Encoded() string {
	if len(v) == 0 {
		return "{}"
	}
	raw, _ := json.Marshal(v) // text can always be written
	return string(raw)
}

// Variables are the values as steps see them.
func (v Values) Variables() map[string]string {
	env := map[string]string{}
	for name, value := range v {
		env[Variable(name)] = value
	}
	return env
}

// Typed are the values as conditions see them. An empty one that is no text is
// left out: what asks for it cannot be decided.
func (all Inputs) Typed(values Values) map[string]any {
	typed := map[string]any{}
	for name, in := range all {
		value := values[name]
		switch in.Type {
		case Boolean:
			if b, err := strconv.ParseBool(value); err == nil {
				typed["inputs."+name] = b
			}
		case Number:
			if n, err := strconv.ParseFloat(value, 64); err == nil {
				typed["inputs."+name] = n
			}
		default:
			typed["inputs."+name] = value
		}
	}
	return typed
}

// place is where the API has an input. What is no name is only quoted.
func place(name string) string {
	if !NameForm.MatchString(name) {
		return "inputs"
	}
	return "inputs." + name
}

func wrong(bad *errs.Error, name string) bool {
	return slices.ContainsFunc(bad.Fields, func(f errs.Field) bool { return f.At == place(name) })
}

func failed(bad *errs.Error) error {
	if len(bad.Fields) == 0 {
		return nil
	}
	return bad
}

// got says what a JSON value is that is no text.
func got(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return "the number " + cut(strconv.FormatFloat(v, 'f', -1, 64))
	case []any:
		return "a list"
	}
	return "an object"
}

// cut shortens what somebody wrote to what fits into a sentence.
func cut(text string) string {
	if r := []rune(text); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return text
}

func quote(text string) string { return strconv.Quote(cut(text)) }
