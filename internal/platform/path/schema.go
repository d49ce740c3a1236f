package path

import _ "embed"

//go:embed schema.json
var schema []byte

// Schema is the JSON Schema (2020-12) of path.yaml, for editors. It says what can
// be said of each field alone; Parse also knows what fields say of each other.
func Schema() []byte { return schema }
