package definition

import "github.com/digital-factory/factory/internal/base/errs"

// Described reads how a commit says that the component is run, by its component
// file and its Score file; nil where it has no such file.
func Described(read func(path string) ([]byte, error)) (service, score []byte, err error) {
	if service, err = optional(read, ".factory/component.yaml"); err != nil {
		return nil, nil, err
	}
	score, err = optional(read, "score.yaml")
	return service, score, err
}

func optional(read func(path string) ([]byte, error), path string) ([]byte, error) {
	data, err := read(path)
	if errs.Is(err, errs.NotFound) {
		return nil, nil
	}
	return data, err
}
